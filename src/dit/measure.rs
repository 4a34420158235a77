//! What is measured, on the way through the network.

use alloc::format;

use super::{
    lower::Lower,
    lowering::{Lowering, Signal},
    program::Part,
    spectrum::{self, Sea},
};
use crate::{
    kernels::{BufferId, KernelId, Role, SegmentId},
    signal::{Filter, SignalKind},
};

/// A tensor to be measured.
#[derive(Clone, Copy, Debug)]
struct Tensor {
    buffer: BufferId,
    /// Elements of the buffer.
    len: u32,
    /// Elements that are measured: with guidance the latents are there twice.
    part: u32,
}

impl Lowering {
    /// Whether that signal is measured.
    pub(super) fn measures(&self, kind: SignalKind) -> bool {
        self.signal.is_some_and(|signal| signal.kind == kind)
    }

    /// Side and channels of the grid of a signal's tensor; of a picture every channel is an image.
    pub(super) fn grid(&self, signal: &Signal, config: &super::DitConfig) -> (u32, u32) {
        match signal.kind {
            SignalKind::ModelInput => (config.input_size, 1),
            _ => (config.input_size / config.patch_size, config.hidden_size),
        }
    }
}

impl Lower<'_> {
    /// Ends `begin` with the tensor that is measured once a call, and records how.
    pub(super) fn begin(&mut self) {
        let measured = self.to.signal.filter(Signal::before_site);
        let tensor = measured.map(|signal| {
            let tensor = self.measured_once(&signal);
            self.filtered(&signal, tensor)
        });
        let aligned = self.to.signal.is_some_and(|signal| signal.aligned);
        let probe = aligned.then(|| self.net.front_residual());
        self.segments.begin = self.net.rec.segment("begin");
        if let (Some(signal), Some(tensor)) = (measured, tensor) {
            let pair = self.signal_pairs(1, tensor.part);
            let reference = self.net.rec.state("reference", tensor.len);
            let tensors = [reference, tensor.buffer];
            self.reduce(signal.metric, tensor.part, tensors, pair);
            let kept = probe.map(|probe| (probe, self.align(probe)));
            self.segments.measure = Some(self.net.rec.segment("measure"));
            self.net.rec.copy(tensor.buffer, reference);
            self.segments.track = Some(self.net.rec.segment("track"));
            if let Some((probe, [newer, older])) = kept {
                self.net.rec.copy(newer, older);
                self.net.rec.copy(probe, newer);
                self.segments.track_probe = Some(self.net.rec.segment("track.probe"));
            }
        }
    }

    /// The tensor of a signal that is known before the site runs.
    fn measured_once(&mut self, signal: &Signal) -> Tensor {
        let wide = self.net.stream_len();
        let all = |buffer, len| Tensor {
            buffer,
            len,
            part: len,
        };
        match signal.kind {
            SignalKind::ModelInput => {
                let picture = self.config.picture_len() as u32;
                Tensor {
                    part: self.to.pictures * picture,
                    ..all(self.net.x, self.rows * picture)
                }
            }
            SignalKind::TimeEmbedding => {
                let len = self.rows * self.config.hidden_size;
                all(self.net.time(), len)
            }
            SignalKind::FrontResidual => all(self.net.front_residual(), wide),
            SignalKind::FrontOutput => all(self.net.stream(), wide),
            _ => all(self.net.modulated(), wide),
        }
    }

    /// The tensor behind the filter.
    fn filtered(&mut self, signal: &Signal, tensor: Tensor) -> Tensor {
        let (side, channels) = self.to.grid(signal, self.config);
        let tokens = side * side;
        let rows = match signal.filter {
            Filter::None => return tensor,
            Filter::Downsample => side.div_ceil(factor(signal)).pow(2),
            Filter::LowPass | Filter::Sea => tokens,
        };
        let size = u64::from(rows) * u64::from(tokens);
        let matrix = self.net.rec.buffer("filter", size, Role::Input);
        if self.filter.is_none() {
            let side = side as usize;
            let fixed = match signal.filter {
                Filter::None | Filter::Sea => None,
                Filter::Downsample => Some(spectrum::downsample(side, factor(signal) as usize)),
                Filter::LowPass => Some(spectrum::fourier(side, signal.filter_size)),
            };
            match fixed {
                Some(values) => self.constants.push((matrix, values)),
                None => self.sea = Some(Sea::new(side, signal.filter_size)),
            }
            self.filter = Some(matrix);
        }
        let batch = tensor.part / (tokens * channels);
        let len = batch * rows * channels;
        let out = self.net.rec.scratch("filtered", len.into());
        let shape = [batch, tokens, channels, rows];
        self.net.rec.mix(shape, matrix, tensor.buffer, out);
        Tensor {
            buffer: out,
            len,
            part: len,
        }
    }

    /// The pairs of so many measured tensors, which come before all others.
    fn signal_pairs(&mut self, signals: u32, len: u32) -> u32 {
        if self.pairs.signals == 0 {
            self.more_pairs(signals * self.pairs.each);
            (self.pairs.signals, self.pairs.signal_len) = (signals, len);
        }
        0
    }

    /// How far the probe has moved since the older of the last two computed calls, and between them.
    fn align(&mut self, probe: BufferId) -> [BufferId; 2] {
        let len = self.net.stream_len();
        let first = self.more_pairs(2);
        self.pairs.alignment = Some(first);
        let rec = &mut self.net.rec;
        let [newer, older] = ["probe.newer", "probe.older"].map(|name| rec.state(name, len));
        rec.reduce(KernelId::AbsoluteSums, len, [older, probe], first);
        rec.reduce(KernelId::AbsoluteSums, len, [older, newer], first + 1);
        [newer, older]
    }

    /// Sums of a tensor of a block against its reference; gives both.
    fn reduce_block(&mut self, block: u32, now: BufferId) -> Option<(Tensor, BufferId)> {
        let signal = self.to.signal?;
        let len = self.net.stream_len();
        let tensor = Tensor {
            buffer: now,
            len,
            part: len,
        };
        let tensor = self.filtered(&signal, tensor);
        let (count, number) = if signal.of_blocks() {
            (self.config.depth, block)
        } else {
            (1, 0)
        };
        let first = self.signal_pairs(count, tensor.part);
        let pair = first + number * self.pairs.each;
        let name = format!("reference.{number}");
        let reference = self.net.rec.state(&name, tensor.len);
        let tensors = [reference, tensor.buffer];
        self.reduce(signal.metric, tensor.part, tensors, pair);
        Some((tensor, reference))
    }

    /// Measures a tensor of a block and keeps it, among the commands of the block.
    pub(super) fn measure_within(&mut self, block: u32, now: BufferId) {
        if let Some((tensor, reference)) = self.reduce_block(block, now) {
            self.net.rec.copy(tensor.buffer, reference);
        }
    }

    /// Measures a tensor of a block, and keeps it, as segments.
    pub(super) fn measure_block(
        &mut self,
        name: &str,
        block: u32,
        now: BufferId,
    ) -> (SegmentId, SegmentId) {
        let reduced = self.reduce_block(block, now);
        let measure = self.net.rec.segment(format!("{name}measure"));
        if let Some((tensor, reference)) = reduced {
            self.net.rec.copy(tensor.buffer, reference);
        }
        (measure, self.net.rec.segment(format!("{name}track")))
    }

    /// A block, and what is measured behind it. The residual stream goes on in `out`, or elsewhere
    /// if the block's input is still needed, but not in what is `taken`. Returns where.
    pub(super) fn measured_block(
        &mut self,
        block: u32,
        out: BufferId,
        taken: &[BufferId],
    ) -> BufferId {
        let input = self.net.stream();
        let middle = block == self.config.depth / 2;
        let out = if middle && self.to.measures(SignalKind::BlockResidual) {
            let mut taken = taken.to_vec();
            taken.push(input);
            self.net.fresh(&taken)
        } else {
            out
        };
        self.net.block(block, out);
        self.measure_behind(block, input, out);
        out
    }

    /// What is measured behind a block, as a part of computed calls.
    pub(super) fn behind(&mut self, block: u32, lane: u32, input: BufferId, out: BufferId) {
        if self.wants_behind(block) {
            self.fixed(&format!("block.{block}.rest"));
            self.measure_behind(block, input, out);
            let segment = self.net.rec.segment(format!("block.{block}.behind"));
            self.parts.push(Part::Behind { lane, segment });
        }
    }

    fn wants_behind(&self, block: u32) -> bool {
        match self.to.signal.map(|signal| signal.kind) {
            Some(SignalKind::BlockOutput) => true,
            Some(SignalKind::BlockResidual) => block == self.config.depth / 2,
            _ => false,
        }
    }

    fn measure_behind(&mut self, block: u32, input: BufferId, out: BufferId) {
        if !self.wants_behind(block) {
            return;
        }
        let now = if self.to.measures(SignalKind::BlockResidual) {
            let residual = self.net.wide("block.residual");
            let len = self.net.stream_len();
            self.net.rec.subtract(len, out, input, residual);
            residual
        } else {
            out
        };
        self.measure_within(block, now);
    }
}

fn factor(signal: &Signal) -> u32 {
    (signal.filter_size as u32).max(1)
}
