//! The forward pass as a recording, split where a policy measures, skips and keeps.
//!
//! ```text
//! a computed call:  begin  [measure]  rest  store.K  end  [rate]  [track]  [track.rate]
//! a skipped call:   begin  [measure]  predict        end          [track]
//! ```
//!
//! `track` copies what was measured over the tensor it is compared with: on every call if that is
//! the previous one, on computed calls if it is the last computed one.

use alloc::{format, string::ToString, sync::Arc, vec::Vec};

use super::{
    config::DitConfig, error::ModelError, memory::Memory, model::Model, network::Network,
    record::partial_pairs,
};
use crate::{
    kernels::{BufferId, Recording, Role, SegmentId},
    policy::{Policy, Site, SiteKind},
    predict::MAX_ANCHORS,
    signal::SignalKind,
};

/// Elements of `sums`: three pairs.
const SUMS: u64 = 6;
/// Anchors that one blend reads.
const MAX_RING: u32 = 4;

/// How a model's forward pass is to be split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lowering {
    /// Pictures of a batch.
    pub pictures: u32,
    /// Guidance scale: the network then runs on twice as many rows, those with their classes first.
    pub guidance: Option<f32>,
    /// What a skipped call leaves out.
    pub site: Site,
    /// What is measured.
    pub signal: Option<SignalKind>,
    /// Whether computed calls measure the transformation rate (EasyCache).
    pub rate: bool,
    /// Slots of the ring of kept features, 0 to 4; with 0 no call can be skipped.
    pub anchors: u32,
}

/// A model's forward pass as a recording, and where to find things in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Buffers and segments.
    pub recording: Arc<Recording>,
    /// The buffers a host writes and reads.
    pub buffers: Buffers,
    /// The segments.
    pub segments: Segments,
    /// Pictures times 2 with guidance: rows of `x`, `t`, `y` and `output`.
    pub rows: u32,
}

/// The buffers a host writes and reads. B rows are the program's, C channels the picture's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// In: latents (B, C, H, W); with guidance the pictures twice.
    pub x: BufferId,
    /// In: timesteps (B).
    pub t: BufferId,
    /// In: labels (B), whole numbers; with guidance `num_classes` in the second half.
    pub y: BufferId,
    /// In: weights of the anchors (8), written before `predict`.
    pub weights: Option<BufferId>,
    /// Out: pairs of sums. The first, after `measure`: Σ|now − reference|, Σ|reference|. Then, after
    /// `rate`: Σ|v − v'|, Σ|v|, and Σ|x − x'|, Σ|x|.
    pub sums: Option<BufferId>,
    /// Out: what the network gives (B, Cout, H, W).
    pub output: BufferId,
    /// Out: the guided prediction (pictures, C, H, W).
    pub guided: Option<BufferId>,
}

/// The segments of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    /// Every call: everything before the site, and the measured tensor.
    pub begin: SegmentId,
    /// When the scheduler asks: the signal's sums.
    pub measure: Option<SegmentId>,
    /// Computed calls: the site.
    pub rest: SegmentId,
    /// Computed calls: keeps what the site gave in a slot of the ring.
    pub store: Vec<SegmentId>,
    /// Skipped calls: blends the anchors in place of the site.
    pub predict: Option<SegmentId>,
    /// Every call: everything behind the site.
    pub end: SegmentId,
    /// Computed calls but the first: the sums of the transformation rate.
    pub rate: Option<SegmentId>,
    /// Keeps the measured tensor as the reference of later calls.
    pub track: Option<SegmentId>,
    /// Computed calls: keeps latent and output for the next rate.
    pub track_rate: Option<SegmentId>,
}

impl Lowering {
    /// The whole forward pass on every call.
    #[must_use]
    pub const fn whole(pictures: u32) -> Self {
        Self {
            pictures,
            guidance: None,
            site: Site::TRUNK,
            signal: None,
            rate: false,
            anchors: 0,
        }
    }

    /// As a policy needs it. A guidance scale of 1 is no guidance.
    #[must_use]
    pub fn for_policy(policy: &Policy, pictures: u32, guidance: f32) -> Self {
        let measured = policy.gauge.kind == crate::policy::GaugeKind::Signal;
        Self {
            pictures,
            guidance: (guidance != 1.0).then_some(guidance),
            site: policy.site,
            signal: measured.then_some(policy.gauge.signal),
            rate: policy.wants() == crate::policy::Wants::Rate,
            anchors: policy.anchors(),
        }
    }

    /// Lowers a model.
    ///
    /// # Errors
    /// [`ModelError::Setting`] if the site does not fit the model's depth, the ring is too long, or
    /// there are no pictures or too many to be indexed.
    pub fn program(&self, model: &Model) -> Result<Program, ModelError> {
        let config = model.config();
        let rows = self.check(config)?;
        let (front, back) = match self.site.kind {
            SiteKind::Range => (self.site.front, self.site.back),
            _ => (0, 0),
        };
        let whole = self.site.kind == SiteKind::Model;
        let modulated = self.signal == Some(SignalKind::ModulatedInput);
        let mut net = Network::new(model, rows, modulated);

        // What runs on every call.
        if !whole || modulated {
            net.embed();
        }
        for block in 0..front {
            net.block(block, "front");
        }
        let base = if whole { net.x } else { net.stream() };
        if modulated && front == 0 {
            net.begin_block_0();
        }
        // What is measured, and how much of it: with guidance the latents are there twice.
        let pictures_in = self.pictures * config.picture_len() as u32;
        let pictures_out = self.pictures * config.output_len() as u32;
        let measured = self.signal.map(|signal| match signal {
            SignalKind::ModulatedInput => (net.modulated(), net.stream_len(), net.stream_len()),
            SignalKind::FrontResidual => (net.front_residual(), net.stream_len(), net.stream_len()),
            _ => (net.x, rows * config.picture_len() as u32, pictures_in),
        });
        let begin = net.rec.segment("begin");

        let mut sums = None;
        let (mut measure, mut track) = (None, None);
        if let Some((now, len, part)) = measured {
            let longest = if self.rate {
                part.max(pictures_out)
            } else {
                part
            };
            let pairs = u64::from(partial_pairs(longest));
            let partials = net.rec.scratch("partials", 2 * pairs);
            let results = net.rec.buffer("sums", SUMS, Role::Output);
            sums = Some((partials, results));
            let reference = net.rec.state("reference", len);
            net.rec.reduce(part, [reference, now], partials, results, 0);
            measure = Some(net.rec.segment("measure"));
            net.rec.copy(now, reference);
            track = Some(net.rec.segment("track"));
        }

        // The site.
        if whole && !modulated {
            net.embed();
        }
        for block in front..config.depth - back {
            net.block(block, "stream");
        }
        if whole {
            net.finish();
        }
        let (target, len) = if whole {
            (net.output, net.output_len())
        } else {
            (net.stream(), net.stream_len())
        };
        let rest = net.rec.segment("rest");

        // What is kept of it, and what stands in for it.
        let base = (!whole || !config.learned_sigma()).then_some(base);
        let mut store = Vec::new();
        let mut anchors = Vec::new();
        for slot in 0..self.anchors {
            let anchor = net.rec.state(&format!("anchor.{slot}"), len);
            match base {
                Some(base) => net.rec.subtract(len, target, base, anchor),
                None => net.rec.copy(target, anchor),
            }
            store.push(net.rec.segment(format!("store.{slot}")));
            anchors.push(anchor);
        }
        let (mut weights, mut predict) = (None, None);
        if !anchors.is_empty() {
            let given = net.rec.buffer("weights", MAX_ANCHORS as u64, Role::Input);
            net.rec.blend(len, given, base, &anchors, target);
            (weights, predict) = (Some(given), Some(net.rec.segment("predict")));
        }

        // What is behind it.
        for block in config.depth - back..config.depth {
            net.block(block, "stream");
        }
        if !whole {
            net.finish();
        }
        let guided = self.guidance.map(|scale| net.guide(scale));
        let end = net.rec.segment("end");

        let (mut rate, mut track_rate) = (None, None);
        if let (true, Some((partials, results))) = (self.rate, sums) {
            let (v, x) = (net.output, net.x);
            let old_v = net.rec.state("computed.output", net.output_len());
            let old_x = net
                .rec
                .state("computed.x", rows * config.picture_len() as u32);
            net.rec
                .reduce(pictures_out, [v, old_v], partials, results, 1);
            net.rec
                .reduce(pictures_in, [x, old_x], partials, results, 2);
            rate = Some(net.rec.segment("rate"));
            net.rec.copy(v, old_v);
            net.rec.copy(x, old_x);
            track_rate = Some(net.rec.segment("track.rate"));
        }

        Ok(Program {
            buffers: Buffers {
                x: net.x,
                t: net.t,
                y: net.y,
                weights,
                sums: sums.map(|(_, sums)| sums),
                output: net.output,
                guided,
            },
            segments: Segments {
                begin,
                measure,
                rest,
                store,
                predict,
                end,
                rate,
                track,
                track_rate,
            },
            rows,
            recording: Arc::new(net.rec.finish()),
        })
    }

    /// Rows of the network.
    fn check(&self, config: &DitConfig) -> Result<u32, ModelError> {
        let Site { front, back, .. } = self.site;
        if self.site.kind == SiteKind::Range
            && u64::from(front) + u64::from(back) >= u64::from(config.depth)
        {
            return Err(ModelError::setting(
                "policy key `front` + `back`",
                (u64::from(front) + u64::from(back)).to_string(),
                format!(
                    "the model has {} blocks and at least one must be left to skip; choose less",
                    config.depth
                ),
            ));
        }
        if self.signal == Some(SignalKind::FrontResidual)
            && !(self.site.kind == SiteKind::Range && front > 0)
        {
            return Err(ModelError::setting(
                "policy key `signal`",
                SignalKind::FrontResidual.to_string(),
                "it is measured behind the front blocks; set site=range and front to 1 or more",
            ));
        }
        if self.anchors > MAX_RING {
            return Err(ModelError::setting(
                "anchors",
                self.anchors.to_string(),
                format!("at most {MAX_RING} features are blended; choose a lower order"),
            ));
        }
        // Kernels index with 32 bits: the widest tensor must stay below 2³¹ elements.
        let rows = u64::from(self.pictures) * if self.guidance.is_some() { 2 } else { 1 };
        let tokens = u64::from(config.tokens());
        let d = u64::from(config.hidden_size);
        let patch = u64::from(config.patch_size) * u64::from(config.patch_size);
        let widest = [
            tokens * 3 * d,
            tokens * u64::from(config.mlp_hidden),
            tokens * patch * u64::from(config.out_channels),
            6 * d,
            u64::from(config.frequency_size),
        ];
        let widest = widest.into_iter().max().unwrap_or(1);
        let most = (1u64 << 31) / widest;
        if rows == 0 || rows > most {
            let each = if self.guidance.is_some() { 2 } else { 1 };
            return Err(ModelError::setting(
                "pictures",
                self.pictures.to_string(),
                format!("1 to {} of this model fit a batch", most / each),
            ));
        }
        Ok(rows as u32)
    }
}

impl Program {
    /// Bytes its buffers take.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory::of(&self.recording)
    }
}
