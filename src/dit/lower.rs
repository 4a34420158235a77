//! The forward pass as a recording, split where a policy measures, skips and keeps.
//!
//! ```text
//! [prepare]  [at.K]  begin  [measure]  parts …  [verify]  end  [measure]  [rate]  [track …]
//! ```
//!
//! Modulations depend on time and class alone: `prepare` makes those of some calls at once, `at.K`
//! brings those of one of them in.
//!
//! A part runs on every call or is a [`Granule`](super::Granule), which its lane has computed or
//! skipped. The trunk, a range of blocks and the model are one granule each, the modules and the
//! blocks one granule each of theirs.

use alloc::{format, sync::Arc, vec::Vec};

use super::{
    config::DitConfig,
    error::ModelError,
    lowering::Lowering,
    model::Model,
    network::{Module, Network},
    program::{Buffers, Pairs, Part, Program, Segments, Stage},
    site::Feature,
    spectrum::Sea,
};
use crate::{
    kernels::{BufferId, KernelId, MemoryPlan, Role, SegmentId},
    policy::SiteKind,
    predict::MAX_ANCHORS,
    signal::{Metric, SignalKind},
};

/// A program in the making.
pub(super) struct Lower<'a> {
    pub(super) net: Network<'a>,
    pub(super) to: &'a Lowering,
    pub(super) config: &'a DitConfig,
    pub(super) rows: u32,
    pub(super) lanes: u32,
    calls: u32,
    at: Vec<SegmentId>,
    pub(super) pairs: Pairs,
    pub(super) segments: Segments,
    pub(super) parts: Vec<Part>,
    pub(super) granules: u32,
    pub(super) constants: Vec<(BufferId, Vec<f32>)>,
    pub(super) weights: Vec<BufferId>,
    pub(super) corrections: Vec<BufferId>,
    pub(super) rings: Vec<BufferId>,
    pub(super) filter: Option<BufferId>,
    pub(super) sea: Option<Sea>,
    guided: Option<BufferId>,
}

impl<'a> Lower<'a> {
    fn new(to: &'a Lowering, model: &'a Model, rows: u32, lanes: u32) -> Self {
        let modulated = to.measures(SignalKind::ModulatedInput);
        let nowhere = SegmentId(0);
        let calls = to.calls_at_once(model.config(), rows);
        Self {
            net: Network::new(model, [rows, calls], modulated),
            calls,
            at: Vec::new(),
            to,
            config: model.config(),
            rows,
            lanes,
            pairs: Pairs {
                each: to.signal.map_or(1, |signal| pairs_of(signal.metric)),
                ..Pairs::default()
            },
            segments: Segments {
                prepare: nowhere,
                begin: nowhere,
                measure: None,
                track: None,
                track_probe: None,
                verify: None,
                end: nowhere,
                rate: None,
                track_rate: None,
            },
            parts: Vec::new(),
            granules: 0,
            constants: Vec::new(),
            weights: Vec::new(),
            corrections: Vec::new(),
            rings: Vec::new(),
            filter: None,
            sea: None,
            guided: None,
        }
    }

    /// What is made for some calls in advance, and how each of them gets its part.
    fn prepare(&mut self) {
        self.net.prepare();
        self.segments.prepare = self.net.rec.segment("prepare");
        let time = self.to.measures(SignalKind::TimeEmbedding);
        for call in 0..self.calls {
            self.net.select(call, time);
            self.at
                .extend(self.net.rec.segment_of_any(format!("at.{call}")));
        }
    }

    /// The forward pass with a site within it.
    fn split(&mut self) {
        let &Lowering { site, .. } = self.to;
        let depth = self.config.depth;
        let whole = site.kind == SiteKind::Model;
        let modulated = self.to.measures(SignalKind::ModulatedInput);
        let (front, back) = match site.kind {
            SiteKind::Range => (site.front, site.back),
            SiteKind::Front => (0, depth - site.blocks(depth)),
            SiteKind::Rear => (depth - site.blocks(depth), 0),
            _ => (0, 0),
        };
        if !whole || modulated {
            self.net.embed();
        }
        for block in 0..front {
            let out = self.net.wide("front");
            self.net.block(block, out);
        }
        if modulated && front == 0 {
            self.net.begin_block_0();
        }
        self.begin();
        match site.kind {
            SiteKind::Model => self.model(!modulated),
            SiteKind::Stage => self.stage(),
            SiteKind::Modules | SiteKind::Attention | SiteKind::Mlp => self.modules(),
            SiteKind::Blocks => self.blocks(),
            _ => self.span("", front..depth - back, None),
        }
        let stream = self.net.stream();
        for block in depth - back..depth {
            self.net.block(block, stream);
        }
        if !whole {
            self.net.finish();
        }
        self.guided = self.to.guidance.map(|scale| self.net.guide(scale));
        self.end();
    }

    /// The whole network on all rows, or on those with classes alone.
    fn branch(&mut self) {
        let pictures = self.to.pictures;
        self.begin();
        self.pass(self.rows);
        let scale = self.to.guidance.unwrap_or(1.0);
        self.guided = Some(self.net.guide(scale));
        let compute = self.net.rec.segment("rest");
        let len = pictures * self.config.picture_len() as u32;
        let difference = self.net.rec.scratch("difference", len.into());
        self.granule("", Feature::Branch { difference, len }, compute);
        self.end();
    }

    /// The whole network on the first `rows` of its buffers.
    pub(super) fn pass(&mut self, rows: u32) {
        self.net.restart(rows);
        self.net.embed();
        let stream = self.net.wide("stream");
        for block in 0..self.config.depth {
            self.net.block(block, stream);
        }
        self.net.finish();
    }

    /// The whole network.
    fn model(&mut self, embed: bool) {
        if embed {
            self.net.embed();
        }
        let mut stream = self.net.wide("stream");
        for block in 0..self.config.depth {
            stream = self.measured_block(block, stream, &[]);
        }
        self.net.finish();
        let feature = Feature::Span {
            // What is predicted beside sigma has another number of channels than the latent.
            base: (!self.config.learned_sigma()).then_some(self.net.x),
            target: self.net.output,
            len: self.net.output_len(),
            stage: None,
        };
        let compute = self.net.rec.segment("rest");
        self.granule("", feature, compute);
    }

    /// Some blocks as one granule.
    fn span(&mut self, name: &str, blocks: core::ops::Range<u32>, stage: Option<Stage>) {
        let base = self.net.stream();
        let mut stream = self.net.fresh(&[base]);
        for block in blocks {
            stream = self.measured_block(block, stream, &[base]);
        }
        let feature = Feature::Span {
            base: Some(base),
            target: stream,
            len: self.net.stream_len(),
            stage,
        };
        let compute = self.net.rec.segment(format!("{name}rest"));
        self.granule(name, feature, compute);
        self.net.go_on_from(stream);
    }

    /// The front blocks, those in the middle on every call, and the rear blocks.
    fn stage(&mut self) {
        let depth = self.config.depth;
        let count = self.to.site.blocks(depth).min(depth / 2);
        self.span("front.", 0..count, Some(Stage::Front));
        let front = self.net.stream();
        for block in count..depth - count {
            let out = self.net.fresh(&[front]);
            self.net.block(block, out);
        }
        self.fixed("middle");
        self.span("rear.", depth - count..depth, Some(Stage::Rear));
    }

    /// Every block by itself.
    fn blocks(&mut self) {
        for block in 0..self.config.depth {
            let name = format!("block.{block}.");
            let late = self.to.signal.is_some_and(|signal| signal.late);
            let input = self.net.stream();
            let own = self.to.measures(SignalKind::BlockInput);
            let asked = (own && !late).then(|| self.measure_block(&name, block, input));
            if own && late {
                self.measure_within(block, input);
            }
            let out = self.net.fresh(&[input]);
            self.net.block(block, out);
            let feature = Feature::Span {
                base: Some(input),
                target: out,
                len: self.net.stream_len(),
                stage: None,
            };
            let compute = self.net.rec.segment(format!("{name}rest"));
            let granule = self.granule(&name, feature, compute);
            if let Some(Part::Granule(granule)) = self.parts.get_mut(granule) {
                (granule.measure, granule.track) = asked.unzip();
            }
            self.behind(block, block % self.lanes, input, out);
            self.net.go_on_from(out);
        }
    }

    /// Every module of the site by itself.
    fn modules(&mut self) {
        let depth = self.config.depth;
        let mid = self.net.wide("mid");
        let residual = self.to.measures(SignalKind::BlockResidual);
        for block in 0..depth {
            let input = self.net.stream();
            let verified = self.to.verify.is_some() && block + 1 == depth;
            let stays = verified || residual && block == depth / 2;
            let out = if stays {
                self.net.fresh(&[input])
            } else {
                self.net.fresh(&[])
            };
            for (module, out) in [(Module::Attention, mid), (Module::Mlp, out)] {
                let sited = match self.to.site.kind {
                    SiteKind::Attention => module == Module::Attention,
                    SiteKind::Mlp => module == Module::Mlp,
                    _ => true,
                };
                let name = format!("{}.{block}.", module.name());
                if sited && self.to.anchors > 0 {
                    self.fixed(&format!("{name}before"));
                    self.net.module(block, module);
                    let compute = self.net.rec.segment(format!("{name}rest"));
                    let feature = Feature::Module { block, module, out };
                    self.granule(&name, feature, compute);
                } else {
                    self.net.module(block, module);
                    self.net.join(block, module, out);
                }
                self.net.go_on_from(out);
            }
            self.behind(block, 0, input, out);
            if verified {
                self.verify(block, input, out);
            }
        }
    }

    /// The block once more, from the input that the forecast had, and how far it is from that.
    fn verify(&mut self, block: u32, input: BufferId, predicted: BufferId) {
        let (Some(metric), len) = (self.to.verify, self.net.stream_len()) else {
            return;
        };
        self.fixed("behind");
        let [mid, out] = ["verify.mid", "verify.out"].map(|name| self.net.wide(name));
        self.net.go_on_from(input);
        for (module, out) in [(Module::Attention, mid), (Module::Mlp, out)] {
            self.net.module(block, module);
            self.net.join(block, module, out);
            self.net.go_on_from(out);
        }
        let pair = self.more_pairs(pairs_of(metric));
        (self.pairs.verify, self.pairs.verify_len) = (Some(pair), len);
        self.reduce(metric, len, [out, predicted], pair);
        self.segments.verify = Some(self.net.rec.segment("verify"));
        self.net.go_on_from(predicted);
    }

    /// Makes what was recorded since the last part a part of every call.
    pub(super) fn fixed(&mut self, name: &str) {
        if let Some(segment) = self.net.rec.segment_of_any(name) {
            self.parts.push(Part::Always(segment));
        }
    }

    /// Pairs of sums behind those there are.
    pub(super) fn more_pairs(&mut self, count: u32) -> u32 {
        let first = self.pairs.all;
        self.pairs.all += count;
        first
    }

    /// What a metric is made of, into pairs from `pair` on.
    pub(super) fn reduce(&mut self, metric: Metric, len: u32, tensors: [BufferId; 2], pair: u32) {
        let [reference, now] = tensors;
        let rec = &mut self.net.rec;
        match metric {
            Metric::RelativeL1 | Metric::MeanAbsolute => {
                rec.reduce(KernelId::AbsoluteSums, len, tensors, pair);
            }
            Metric::RelativeL2 | Metric::MeanSquare | Metric::L2 => {
                rec.reduce(KernelId::SquareSums, len, tensors, pair);
            }
            Metric::Cosine => {
                rec.reduce(KernelId::Products, len, tensors, pair);
                rec.reduce(KernelId::Products, len, [now, reference], pair + 1);
            }
        }
    }

    /// What is behind the last part, and the transformation rate.
    fn end(&mut self) {
        self.segments.end = self.net.rec.segment("end");
        if !self.to.rate {
            return;
        }
        let (config, pictures) = (self.config, self.to.pictures);
        let [pictures_in, pictures_out] =
            [config.picture_len(), config.output_len()].map(|len| pictures * len as u32);
        let first = self.more_pairs(2);
        self.pairs.rate = Some(first);
        let (v, x) = (self.net.output, self.net.x);
        let rec = &mut self.net.rec;
        let old_v = rec.state("computed.output", self.rows * config.output_len() as u32);
        let old_x = rec.state("computed.x", self.rows * config.picture_len() as u32);
        rec.reduce(KernelId::AbsoluteSums, pictures_out, [v, old_v], first);
        rec.reduce(KernelId::AbsoluteSums, pictures_in, [x, old_x], first + 1);
        self.segments.rate = Some(rec.segment("rate"));
        rec.copy(v, old_v);
        rec.copy(x, old_x);
        self.segments.track_rate = Some(rec.segment("track.rate"));
    }

    fn finish(mut self) -> Program {
        let sums = (self.pairs.all > 0).then(|| {
            let len = 2 * u64::from(self.pairs.all);
            self.net.rec.grown("sums", len, Role::Output)
        });
        let recording = self.net.rec.finish();
        let mut program = Program {
            plan: MemoryPlan::apart(&recording),
            buffers: Buffers {
                x: self.net.x,
                t: self.net.t,
                y: self.net.y,
                weights: self.weights,
                corrections: self.corrections,
                anchors: self.rings,
                filter: self.filter,
                sums,
                output: self.net.output,
                guided: self.guided,
            },
            segments: self.segments,
            parts: self.parts,
            pairs: self.pairs,
            lanes: self.lanes,
            rows: self.rows,
            calls: self.calls,
            at: self.at,
            constants: self.constants,
            sea: self.sea,
            recording: Arc::new(recording),
        };
        program.plan = MemoryPlan::shared(&program.recording, &program.order());
        program
    }
}

impl Lowering {
    /// Lowers a model.
    ///
    /// # Errors
    /// [`ModelError::Setting`] if the site, the signal, the filter or the lanes do not fit the model
    /// or each other, the ring is too long, or there are no pictures or too many to be indexed.
    pub fn program(&self, model: &Model) -> Result<Program, ModelError> {
        let config = model.config();
        let (rows, lanes) = self.check(config)?;
        let mut lower = Lower::new(self, model, rows, lanes);
        lower.prepare();
        if self.site.kind == SiteKind::Branch {
            lower.branch();
        } else {
            lower.split();
        }
        Ok(lower.finish())
    }

    /// Calls that are prepared at once.
    fn calls_at_once(&self, config: &DitConfig, rows: u32) -> u32 {
        let vectors = u64::from(rows) * (6 * u64::from(config.depth) + 2);
        let each = vectors * u64::from(config.hidden_size);
        let fitting = (MODULATIONS / each.max(1)).max(1);
        self.calls
            .max(1)
            .min(u32::try_from(fitting).unwrap_or(u32::MAX))
    }
}

/// Most elements that the modulations of calls prepared at once take.
const MODULATIONS: u64 = 1 << 24;

/// Pairs of sums that a metric is made of.
const fn pairs_of(metric: Metric) -> u32 {
    match metric {
        Metric::Cosine => 2,
        _ => 1,
    }
}

/// Weights that a blend reads.
pub(super) const WEIGHTS: u64 = MAX_ANCHORS as u64;
