//! Building a recording: buffers by name, dispatches with their parameter blocks.

use alloc::{collections::BTreeMap, format, string::String, vec, vec::Vec};

use bytemuck::Pod;

use crate::{
    executor::WeightSource,
    kernels::{
        AnchorFormat, Buffer, BufferId, Command, Dispatch, KernelId, Recording, Role, Segment,
        SegmentId, WeightFormat,
        params::{
            BlendParams, KeepInt8Params, KeepParams, LinearParams, MixParams, ReduceParams,
            SubtractParams, elementwise_row, row_length,
        },
    },
};

/// Elements that one workgroup of a reduction adds up.
const SLICE: u32 = 4096;

/// A recording in the making.
pub(super) struct Recorder<'a> {
    weights: &'a dyn WeightSource,
    recording: Recording,
    by_name: BTreeMap<String, BufferId>,
    commands: Vec<Command>,
}

/// Anchors of one length in slots of a buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchors {
    pub(super) buffer: BufferId,
    pub(super) format: AnchorFormat,
    /// Elements of an anchor.
    pub(super) len: u32,
    /// Elements of a row, which in int8 has one scale.
    pub(super) width: u32,
    /// The first slot of those that are meant.
    pub(super) first: u32,
    /// How many are meant.
    pub(super) count: u32,
}

impl Anchors {
    /// A tensor as the only anchor.
    pub(super) const fn tensor(buffer: BufferId, len: u32) -> Self {
        Self {
            buffer,
            format: AnchorFormat::F32,
            len,
            width: len,
            first: 0,
            count: 1,
        }
    }

    /// One slot.
    pub(super) const fn slot(self, slot: u32) -> Self {
        Self {
            first: slot,
            count: 1,
            ..self
        }
    }

    /// Words from one slot to the next.
    const fn stride(&self) -> u32 {
        self.format.words(self.len as u64, self.width) as u32
    }

    /// The first word of the first slot.
    const fn offset(&self) -> u32 {
        self.first * self.stride()
    }
}

/// What a linear layer does beside the product and the bias.
pub(super) enum Epilogue {
    None,
    Silu,
    Gelu,
    /// Adds a table, repeated over the rows.
    Add {
        addend: BufferId,
        rows: u32,
    },
    /// Scales by a gate and adds to the residual stream.
    Gated {
        gate: BufferId,
        stride: u32,
        offset: u32,
        tokens: u32,
        residual: BufferId,
    },
}

impl<'a> Recorder<'a> {
    pub(super) fn new(weights: &'a dyn WeightSource) -> Self {
        Self {
            weights,
            recording: Recording::default(),
            by_name: BTreeMap::new(),
            commands: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Recording {
        self.recording
    }

    /// The buffer of that name, made if there is none yet.
    pub(super) fn buffer(&mut self, name: &str, len: u64, role: Role) -> BufferId {
        if let Some(id) = self.by_name.get(name) {
            return *id;
        }
        let id = BufferId(self.recording.buffers.len() as u32);
        self.recording.buffers.push(Buffer {
            name: name.into(),
            len: len as usize,
            role,
        });
        self.by_name.insert(name.into(), id);
        id
    }

    /// The buffer of that name, at least `len` long.
    pub(super) fn grown(&mut self, name: &str, len: u64, role: Role) -> BufferId {
        let id = self.buffer(name, len, role);
        if let Some(buffer) = self.recording.buffers.get_mut(id.0 as usize) {
            buffer.len = buffer.len.max(len as usize);
        }
        id
    }

    pub(super) fn scratch(&mut self, name: &str, len: u64) -> BufferId {
        self.buffer(name, len, Role::Scratch)
    }

    /// A buffer that keeps its values between calls.
    pub(super) fn state(&mut self, name: &str, len: u32) -> BufferId {
        self.buffer(name, len.into(), Role::State)
    }

    /// A matrix, in the checkpoint's format.
    fn matrix(&mut self, name: &str, len: u64) -> (BufferId, WeightFormat) {
        let format = self
            .weights
            .tensor(name)
            .map_or(WeightFormat::F32, |tensor| tensor.format);
        (self.buffer(name, len, Role::Weight(format)), format)
    }

    /// A tensor that the kernels read as f32.
    pub(super) fn table(&mut self, name: &str, len: u64) -> BufferId {
        self.buffer(name, len, Role::Weight(WeightFormat::F32))
    }

    /// Makes a segment of the commands since the last one.
    pub(super) fn segment(&mut self, name: impl Into<String>) -> SegmentId {
        self.recording.segments.push(Segment {
            name: name.into(),
            commands: core::mem::take(&mut self.commands),
        });
        SegmentId(self.recording.segments.len() as u32 - 1)
    }

    /// Makes a segment of the commands since the last one, if there are any.
    pub(super) fn segment_of_any(&mut self, name: impl Into<String>) -> Option<SegmentId> {
        (!self.commands.is_empty()).then(|| self.segment(name))
    }

    pub(super) fn copy(&mut self, from: BufferId, to: BufferId) {
        self.copy_part(from, 0, to);
    }

    /// Fills `to` with what `from` has from element `first` on.
    pub(super) fn copy_part(&mut self, from: BufferId, first: u32, to: BufferId) {
        self.commands.push(Command::Copy { from, first, to });
    }

    pub(super) fn dispatch<P: Pod>(
        &mut self,
        kernel: KernelId,
        params: P,
        workgroups: [u32; 3],
        constants: &[(&'static str, u32)],
        bindings: &[BufferId],
    ) {
        self.commands.push(Command::Dispatch(Dispatch {
            kernel,
            bindings: bindings.into(),
            params: bytemuck::bytes_of(&params).into(),
            constants: constants.into(),
            workgroups,
        }));
    }

    /// The linear layer `name`: `rows` of `inputs` to `outputs` channels.
    pub(super) fn linear(
        &mut self,
        name: &str,
        [rows, inputs, outputs]: [u32; 3],
        epilogue: &Epilogue,
        x: BufferId,
        out: BufferId,
    ) {
        let (n, k) = (u64::from(outputs), u64::from(inputs));
        let (weight, format) = self.matrix(&format!("{name}.weight"), n * k);
        let bias = self.table(&format!("{name}.bias"), n);
        let mut params = LinearParams {
            rows,
            inputs,
            outputs,
            tokens: 1,
            gate_stride: 0,
            gate_offset: 0,
            addend_rows: 0,
            pad: 0,
        };
        let mut bindings = vec![x, weight, bias];
        let kernel = match *epilogue {
            Epilogue::None => KernelId::Linear,
            Epilogue::Silu => KernelId::LinearSilu,
            Epilogue::Gelu => KernelId::LinearGelu,
            Epilogue::Add { addend, rows } => {
                params.addend_rows = rows;
                bindings.push(addend);
                KernelId::LinearAdd
            }
            Epilogue::Gated {
                gate,
                stride,
                offset,
                tokens,
                residual,
            } => {
                (params.gate_stride, params.gate_offset) = (stride, offset);
                params.tokens = tokens;
                bindings.extend([gate, residual]);
                KernelId::LinearGated
            }
        };
        bindings.push(out);
        let constants = [("FORMAT", format as u32)];
        self.dispatch(kernel, params, params.workgroups(), &constants, &bindings);
    }

    /// `out = a − b`.
    pub(super) fn subtract(&mut self, len: u32, a: BufferId, b: BufferId, out: BufferId) {
        let params = SubtractParams {
            len,
            row: elementwise_row(len),
            pad: [0; 2],
        };
        let workgroups = params.workgroups();
        self.dispatch(KernelId::Subtract, params, workgroups, &[], &[a, b, out]);
    }

    /// Slots for anchors that stay from call to call.
    pub(super) fn ring(
        &mut self,
        name: &str,
        format: AnchorFormat,
        [len, width, count]: [u32; 3],
    ) -> Anchors {
        let words = u64::from(count) * format.words(len.into(), width);
        Anchors {
            buffer: self.buffer(name, words, Role::State),
            format,
            len,
            width,
            first: 0,
            count,
        }
    }

    /// `anchors[first] = x − base`; without a base it counts as zero.
    pub(super) fn keep(&mut self, anchors: &Anchors, x: BufferId, base: Option<BufferId>) {
        let &Anchors {
            len, width, format, ..
        } = anchors;
        // What is not read must be bound all the same.
        let bindings = [x, base.unwrap_or(x), anchors.buffer];
        let use_base = u32::from(base.is_some());
        if format == AnchorFormat::Int8 {
            let rows = len / width;
            let params = KeepInt8Params {
                rows,
                width,
                use_base,
                offset: anchors.offset(),
                grid: row_length(rows),
                pad: [0; 3],
            };
            let workgroups = params.workgroups();
            self.dispatch(KernelId::KeepInt8, params, workgroups, &[], &bindings);
            return;
        }
        let words = anchors.stride();
        let params = KeepParams {
            len,
            words,
            use_base,
            offset: anchors.offset(),
            row: elementwise_row(words),
            pad: [0; 3],
        };
        let constants = [("ANCHOR_FORMAT", format as u32)];
        let workgroups = params.workgroups();
        self.dispatch(KernelId::Keep, params, workgroups, &constants, &bindings);
    }

    /// `out = base + Σ weightₖ · anchorₖ`; without a base it counts as zero. The weights are those
    /// from `first` on; the base is the tensor or the f32 slot.
    pub(super) fn blend(
        &mut self,
        (weights, first): (BufferId, u32),
        base: Option<Anchors>,
        anchors: &Anchors,
        out: BufferId,
    ) {
        let len = anchors.len;
        let params = BlendParams {
            len,
            count: anchors.count,
            first,
            use_base: u32::from(base.is_some()),
            base_offset: base.map_or(0, |base| base.offset()),
            width: anchors.width,
            stride: anchors.stride(),
            offset: anchors.offset(),
            row: elementwise_row(len),
            pad: [0; 3],
        };
        // What is not read must be bound all the same.
        let base = base.map_or(weights, |base| base.buffer);
        let bindings = [weights, base, anchors.buffer, out];
        let constants = [("ANCHOR_FORMAT", anchors.format as u32)];
        let workgroups = params.workgroups();
        self.dispatch(KernelId::Blend, params, workgroups, &constants, &bindings);
    }

    /// `out[b] = m · x[b]` over the tokens of every image.
    pub(super) fn mix(
        &mut self,
        [batch, tokens, channels, rows]: [u32; 4],
        m: BufferId,
        x: BufferId,
        out: BufferId,
    ) {
        let params = MixParams {
            batch,
            tokens,
            channels,
            rows,
            row: elementwise_row(batch * rows * channels),
            pad: [0; 3],
        };
        let workgroups = params.workgroups();
        self.dispatch(KernelId::MixTokens, params, workgroups, &[], &[m, x, out]);
    }

    /// The pair of sums that `kernel` makes of the first `len` elements of two tensors, into a pair
    /// of the sums.
    pub(super) fn reduce(&mut self, kernel: KernelId, len: u32, tensors: [BufferId; 2], slot: u32) {
        let pairs = partial_pairs(len);
        let partials = self.grown("partials", 2 * u64::from(pairs), Role::Scratch);
        let sums = self.grown("sums", 2 * (u64::from(slot) + 1), Role::Output);
        let slices = ReduceParams {
            len,
            slice: SLICE,
            slot: 0,
            pad: 0,
        };
        let all = ReduceParams {
            len: pairs,
            slice: pairs,
            slot,
            pad: 0,
        };
        let [a, b] = tensors;
        self.dispatch(kernel, slices, slices.workgroups(), &[], &[a, b, partials]);
        self.dispatch(
            KernelId::SumPartials,
            all,
            all.workgroups(),
            &[],
            &[partials, sums],
        );
    }
}

/// Pairs of partial sums of a reduction over `len` elements.
const fn partial_pairs(len: u32) -> u32 {
    len.div_ceil(SLICE)
}
