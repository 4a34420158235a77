//! What a model is lowered to.

use alloc::{sync::Arc, vec, vec::Vec};

use super::{memory::Memory, spectrum::Sea};
use crate::kernels::{Alternatives, BufferId, MemoryPlan, Recording, SegmentId};

/// A model's forward pass as a recording, and where to find things in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Buffers and segments.
    pub recording: Arc<Recording>,
    /// Which buffers share memory, as [`order`](Self::order) lets them.
    pub plan: MemoryPlan,
    /// The buffers a host writes and reads.
    pub buffers: Buffers,
    /// The segments around the parts.
    pub segments: Segments,
    /// What runs between `begin` and `end`, in order.
    pub parts: Vec<Part>,
    /// Where sums are put.
    pub pairs: Pairs,
    /// Lanes that decide: granule n belongs to lane n mod lanes.
    pub lanes: u32,
    /// Pictures times 2 with guidance: rows of `x` and `output`.
    pub rows: u32,
    /// Calls that are prepared together: `t` and `y` have as many times the rows.
    pub calls: u32,
    /// What brings in what was prepared for one of the calls; empty if they are prepared one by one.
    pub at: Vec<SegmentId>,
    /// What is written into input buffers before the first call, and stays.
    pub constants: Vec<(BufferId, Vec<f32>)>,
    /// With the filter `sea`: what is written into `buffers.filter` before every call.
    pub(crate) sea: Option<Sea>,
}

/// The buffers a host writes and reads. B rows and N calls are the program's, C channels the
/// picture's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// In: latents (B, C, H, W); with guidance the pictures twice.
    pub x: BufferId,
    /// In, before `prepare`: timesteps (N, B).
    pub t: BufferId,
    /// In, before `prepare`: labels (N, B), whole numbers; with guidance `num_classes` in the second
    /// half of the rows.
    pub y: BufferId,
    /// In, one a lane: weights of the anchors (8), written before `predict`, and before `set` and
    /// `add`. Empty without a ring.
    pub weights: Vec<BufferId>,
    /// In, one a lane, with a band: the weights less those of the low band (8).
    pub corrections: Vec<BufferId>,
    /// State, one a granule: the slots of its anchors, one behind the other, each of
    /// [`AnchorFormat::words`](crate::kernels::AnchorFormat::words).
    pub anchors: Vec<BufferId>,
    /// In: the matrix of a filter.
    pub filter: Option<BufferId>,
    /// Out: pairs of sums, as [`Pairs`] says.
    pub sums: Option<BufferId>,
    /// Out: what the network gives (B, Cout, H, W). A skipped call of a guidance branch gives the
    /// rows with classes alone.
    pub output: BufferId,
    /// Out: the guided prediction (pictures, C, H, W).
    pub guided: Option<BufferId>,
}

/// The segments around the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// Before the first of the calls that are prepared together: makes their modulations.
    pub prepare: SegmentId,
    /// Every call: what is before the first part, and the tensor that is measured once a call.
    pub begin: SegmentId,
    /// When the scheduler asks: the sums of the signal that is measured once a call.
    pub measure: Option<SegmentId>,
    /// Keeps the measured tensor as the reference of later calls: on every call if that is the
    /// previous one, on computed calls if it is the last computed one.
    pub track: Option<SegmentId>,
    /// Computed calls, for an aligned prediction: keeps the probe.
    pub track_probe: Option<SegmentId>,
    /// Calls that are verified, behind the parts: computes the last block and compares.
    pub verify: Option<SegmentId>,
    /// Every call: what is behind the last part.
    pub end: SegmentId,
    /// Computed calls but the first: the sums of the transformation rate.
    pub rate: Option<SegmentId>,
    /// Computed calls: keeps latent and output for the next rate.
    pub track_rate: Option<SegmentId>,
}

/// A part of the forward pass.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Runs on every call.
    Always(SegmentId),
    /// Computed or skipped, as its lane decides.
    Granule(Granule),
    /// Runs on computed calls: measures what is known behind a block.
    Behind {
        /// The lane that decides.
        lane: u32,
        /// What to run.
        segment: SegmentId,
    },
}

/// What is computed, kept and skipped as one.
///
/// ```text
/// computed, kept:      [track]  compute  keep.K | set | add  [products.K]
/// computed, not kept:  [track]  compute  [pass]
/// skipped:             [track]  predict  [keep_forecast.K]
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Granule {
    /// The lane that decides.
    pub lane: u32,
    /// With the site `stage`: on which skipped calls it is left out; it is computed on the others.
    pub stage: Option<Stage>,
    /// When the scheduler asks: the sums of its own signal, a pair of its own.
    pub measure: Option<SegmentId>,
    /// Keeps its measured tensor as the reference of later calls, before the granule runs.
    pub track: Option<SegmentId>,
    /// Computes it; of a module all but the last layer.
    pub compute: SegmentId,
    /// Finishes it without keeping anything.
    pub pass: Option<SegmentId>,
    /// Finishes it and keeps what it gave, by slot.
    pub keep: Vec<SegmentId>,
    /// Finishes it and starts running sums with what it gave.
    pub set: Option<SegmentId>,
    /// Finishes it and adds what it gave to running sums.
    pub add: Option<SegmentId>,
    /// The products of what was just kept with every slot, by slot.
    pub products: Vec<SegmentId>,
    /// Blends the anchors in its place.
    pub predict: Option<SegmentId>,
    /// Keeps the forecast, by slot.
    pub keep_forecast: Vec<SegmentId>,
}

/// Which skipped calls leave a granule of the site `stage` out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Those behind the boundary.
    Front,
    /// Those before the boundary.
    Rear,
}

/// Which pair of `sums` is what. A measured tensor has [`each`](Self::each) pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Measured tensors, from pair 0 on: one, or one a block.
    pub signals: u32,
    /// Pairs of one of them: two for a cosine, else one.
    pub each: u32,
    /// Elements of one of them.
    pub signal_len: u32,
    /// Of an aligned prediction: Σ|probe − older| and Σ|newer − older| come first of two pairs.
    pub alignment: Option<u32>,
    /// Of the transformation rate: Σ|v − v'| and Σ|v|, then Σ|x − x'| and Σ|x|.
    pub rate: Option<u32>,
    /// Of the block that is verified: predicted against computed.
    pub verify: Option<u32>,
    /// Elements of that block.
    pub verify_len: u32,
    /// Of the products, `ring` pairs for each granule.
    pub products: Option<u32>,
    /// All pairs.
    pub all: u32,
}

impl Granule {
    /// The ways to compute it or to leave it out.
    fn alternatives(&self) -> Alternatives {
        let mut ways = Vec::new();
        let plain: Vec<_> = [self.compute].into_iter().chain(self.pass).collect();
        ways.push(plain);
        for (slot, keep) in self.keep.iter().enumerate() {
            let products = self.products.get(slot).copied();
            ways.push([self.compute, *keep].into_iter().chain(products).collect());
        }
        for sums in self.set.into_iter().chain(self.add) {
            ways.push(vec![self.compute, sums]);
        }
        if let Some(predict) = self.predict {
            ways.push(vec![predict]);
            ways.extend(self.keep_forecast.iter().map(|keep| vec![predict, *keep]));
        }
        ways
    }
}

impl Program {
    /// Bytes that it takes on a GPU.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory::of(self)
    }

    /// The granules, in order.
    pub fn granules(&self) -> impl Iterator<Item = &Granule> {
        self.parts.iter().filter_map(|part| match part {
            Part::Granule(granule) => Some(granule),
            Part::Always(_) | Part::Behind { .. } => None,
        })
    }

    /// In which order a call runs segments: of each element it runs one alternative.
    #[must_use]
    pub fn order(&self) -> Vec<Alternatives> {
        let Segments {
            prepare,
            begin,
            measure,
            track,
            track_probe,
            verify,
            end,
            rate,
            track_rate,
        } = self.segments;
        let maybe =
            |segment: Option<SegmentId>| segment.map(|segment| vec![vec![segment], Vec::new()]);
        let at = self.at.iter().map(|segment| vec![*segment]);
        let mut order = vec![vec![vec![prepare], Vec::new()]];
        if !self.at.is_empty() {
            order.push(at.collect());
        }
        order.push(vec![vec![begin]]);
        // The first granule asks about the signal that is measured once a call.
        let mut asked = measure;
        for part in &self.parts {
            match part {
                Part::Always(segment) => order.push(vec![vec![*segment]]),
                Part::Behind { segment, .. } => order.extend(maybe(Some(*segment))),
                Part::Granule(granule) => {
                    order.extend(maybe(asked.take()));
                    order.extend(maybe(granule.measure));
                    order.extend(maybe(granule.track));
                    order.push(granule.alternatives());
                }
            }
        }
        order.extend(maybe(verify));
        order.push(vec![vec![end]]);
        // A late signal is measured when the call is over.
        let late = [measure, track, track_probe, rate, track_rate];
        order.extend(late.into_iter().filter_map(maybe));
        order
    }

    /// The segments that prepare and begin a call, the first of those that are prepared together.
    fn begun(&self) -> Vec<SegmentId> {
        let mut path = vec![self.segments.prepare];
        path.extend(self.at.first());
        path.push(self.segments.begin);
        path
    }

    /// The segments of a computed call, the first of those that are prepared together, that keeps
    /// what it computes in a slot, or nowhere.
    #[must_use]
    pub fn computed(&self, slot: Option<usize>) -> Vec<SegmentId> {
        let mut path = self.begun();
        for part in &self.parts {
            match part {
                Part::Always(segment) | Part::Behind { segment, .. } => path.push(*segment),
                Part::Granule(granule) => {
                    path.push(granule.compute);
                    let kept = slot.and_then(|slot| granule.keep.get(slot));
                    path.extend(kept.copied().or(granule.pass));
                }
            }
        }
        path.push(self.segments.end);
        path
    }

    /// The segments of a skipped call, the first of those that are prepared together; with the site
    /// `stage` of one that leaves that granule out.
    #[must_use]
    pub fn skipped(&self, stage: Option<Stage>) -> Vec<SegmentId> {
        let mut path = self.begun();
        for part in &self.parts {
            match part {
                Part::Always(segment) => path.push(*segment),
                Part::Behind { .. } => {}
                Part::Granule(granule) if granule.stage == stage => path.extend(granule.predict),
                Part::Granule(granule) => {
                    path.push(granule.compute);
                    path.extend(granule.pass);
                }
            }
        }
        path.push(self.segments.end);
        path
    }
}
