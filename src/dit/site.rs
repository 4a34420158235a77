//! What is kept of a granule, and what stands in for it.

use alloc::{format, vec::Vec};

use super::{
    lower::{Lower, Ring, WEIGHTS},
    network::Module,
    program::{Granule, Part, Stage},
    spectrum,
};
use crate::{
    kernels::{BufferId, KernelId, Role, SegmentId},
    policy::{Keep, SiteKind},
};

/// What a granule gives.
#[derive(Clone, Copy, Debug)]
pub(super) enum Feature {
    /// What blocks or the model made of `base`, in `target`.
    Span {
        base: Option<BufferId>,
        target: BufferId,
        len: u32,
        stage: Option<Stage>,
    },
    /// A module's output before its gate; gated and added to the residual stream it is `out`.
    Module {
        block: u32,
        module: Module,
        out: BufferId,
    },
    /// What the rows without classes differ by.
    Branch { difference: BufferId, len: u32 },
}

impl Lower<'_> {
    /// Makes a part of what `compute` does, with everything that may stand beside or in for it.
    /// Returns where it is among the parts.
    pub(super) fn granule(&mut self, name: &str, feature: Feature, compute: SegmentId) -> usize {
        let number = self.granules;
        self.granules += 1;
        let lane = number % self.lanes;
        let count = self.to.anchors;
        let len = self.len(&feature);
        let anchors: Vec<BufferId> = (0..count)
            .map(|slot| self.net.rec.state(&format!("{name}anchor.{slot}"), len))
            .collect();
        let mut granule = Granule {
            lane,
            stage: match feature {
                Feature::Span { stage, .. } => stage,
                Feature::Module { .. } | Feature::Branch { .. } => None,
            },
            measure: None,
            track: None,
            compute,
            pass: self.pass_segment(name, &feature),
            keep: Vec::new(),
            set: None,
            add: None,
            products: Vec::new(),
            predict: None,
            keep_forecast: Vec::new(),
        };
        if self.to.ring == Ring::Sums && count > 0 {
            let weights = self.weights(lane);
            let [set, add] = ["set", "add"].map(|how| {
                self.sum(&feature, weights, &anchors, how == "add");
                Some(self.net.rec.segment(format!("{name}{how}")))
            });
            (granule.set, granule.add) = (set, add);
        } else {
            for (slot, anchor) in anchors.iter().enumerate() {
                self.keep(&feature, *anchor);
                let segment = self.net.rec.segment(format!("{name}store.{slot}"));
                granule.keep.push(segment);
            }
        }
        if self.to.ring == Ring::Forecasts {
            for (slot, anchor) in anchors.iter().enumerate() {
                self.keep_forecast(&feature, *anchor);
                let segment = self.net.rec.segment(format!("{name}store.forecast.{slot}"));
                granule.keep_forecast.push(segment);
            }
        }
        if self.to.products && count > 0 {
            let first = self.more_pairs(count);
            self.pairs.products.get_or_insert(first);
            for (slot, newest) in anchors.iter().enumerate() {
                for (anchor, pair) in anchors.iter().zip(first..) {
                    let tensors = [*newest, *anchor];
                    self.net.rec.reduce(KernelId::Products, len, tensors, pair);
                }
                let segment = self.net.rec.segment(format!("{name}products.{slot}"));
                granule.products.push(segment);
            }
        }
        if count > 0 {
            let weights = self.weights(lane);
            self.predict(&feature, weights, lane, &anchors);
            granule.predict = Some(self.net.rec.segment(format!("{name}predict")));
        }
        self.parts.push(Part::Granule(granule));
        self.parts.len() - 1
    }

    fn len(&self, feature: &Feature) -> u32 {
        match *feature {
            Feature::Span { len, .. } | Feature::Branch { len, .. } => len,
            Feature::Module { .. } => self.net.stream_len(),
        }
    }

    /// A lane's weights, and with a band those of its low part.
    fn weights(&mut self, lane: u32) -> BufferId {
        let named = |what: &str| match self.lanes {
            1 => what.into(),
            _ => format!("{what}.{lane}"),
        };
        let (weights, corrections) = (named("weights"), named("corrections"));
        let rec = &mut self.net.rec;
        let id = rec.buffer(&weights, WEIGHTS, Role::Input);
        if self.weights.len() as u32 == lane {
            self.weights.push(id);
            if self.to.band.is_some() {
                let id = rec.buffer(&corrections, WEIGHTS, Role::Input);
                self.corrections.push(id);
            }
        }
        id
    }

    /// What of a span is added to a prediction.
    fn base(&self, base: Option<BufferId>) -> Option<BufferId> {
        base.filter(|_| self.to.site.keep == Keep::Residual)
    }

    /// Puts what was computed into a buffer.
    fn keep(&mut self, feature: &Feature, into: BufferId) {
        match *feature {
            Feature::Span {
                base, target, len, ..
            } => match self.base(base) {
                Some(base) => self.net.rec.subtract(len, target, base, into),
                None => self.net.rec.copy(target, into),
            },
            Feature::Module { block, module, out } => {
                self.net.give(block, module, into);
                self.net.add_gated(block, module, into, out);
            }
            Feature::Branch { .. } => self.net.guide_difference(self.to.pictures, into),
        }
    }

    fn pass_segment(&mut self, name: &str, feature: &Feature) -> Option<SegmentId> {
        let Feature::Module { block, module, out } = *feature else {
            return None;
        };
        self.net.join(block, module, out);
        Some(self.net.rec.segment(format!("{name}pass")))
    }

    /// Puts what was predicted into a buffer.
    fn keep_forecast(&mut self, feature: &Feature, into: BufferId) {
        match *feature {
            Feature::Span { .. } => self.keep(feature, into),
            Feature::Module { .. } => {
                let forecast = self.net.wide("forecast");
                self.net.rec.copy(forecast, into);
            }
            Feature::Branch { difference, .. } => self.net.rec.copy(difference, into),
        }
    }

    /// Sets running sums to what was computed, each by its weight, or adds it to them.
    fn sum(&mut self, feature: &Feature, weights: BufferId, sums: &[BufferId], add: bool) {
        let len = self.len(feature);
        let given = self.net.rec.scratch("feature", len.into());
        self.keep(feature, given);
        for (sum, k) in sums.iter().zip(0..) {
            let rec = &mut self.net.rec;
            if add {
                let more = rec.scratch("sum", len.into());
                rec.blend(len, (weights, k), Some(*sum), &[given], more);
                rec.copy(more, *sum);
            } else {
                rec.blend(len, (weights, k), None, &[given], *sum);
            }
        }
    }

    /// Puts a forecast in the place of what would be computed.
    fn predict(&mut self, feature: &Feature, weights: BufferId, lane: u32, anchors: &[BufferId]) {
        match *feature {
            Feature::Span { base, target, .. } => {
                let base = self.base(base);
                self.forecast(feature, (weights, lane), base, anchors, target);
            }
            Feature::Module { block, module, out } => {
                let forecast = match (self.to.ring, anchors.first()) {
                    (Ring::Hold, Some(anchor)) => *anchor,
                    _ => {
                        let forecast = self.net.wide("forecast");
                        self.forecast(feature, (weights, lane), None, anchors, forecast);
                        forecast
                    }
                };
                self.net.add_gated(block, module, forecast, out);
            }
            Feature::Branch { difference, .. } => {
                self.pass(self.to.pictures);
                self.forecast(feature, (weights, lane), None, anchors, difference);
                let (pictures, scale) = (self.to.pictures, self.to.guidance.unwrap_or(1.0));
                self.net.guide_kept(pictures, scale, difference);
            }
        }
    }

    /// `out = base + Σ weightₖ · anchorₖ`, with a band less the low part of what its own weights
    /// leave of that sum.
    fn forecast(
        &mut self,
        feature: &Feature,
        (weights, lane): (BufferId, u32),
        base: Option<BufferId>,
        anchors: &[BufferId],
        out: BufferId,
    ) {
        let len = self.len(feature);
        let Some(band) = self.to.band else {
            self.net.rec.blend(len, (weights, 0), base, anchors, out);
            return;
        };
        let picture = matches!(self.to.site.kind, SiteKind::Model | SiteKind::Branch);
        let (side, channels) = if picture {
            (self.config.input_size, 1)
        } else {
            let side = self.config.input_size / self.config.patch_size;
            (side, self.config.hidden_size)
        };
        let tokens = side * side;
        let rec = &mut self.net.rec;
        let size = u64::from(tokens) * u64::from(tokens);
        let projector = rec.buffer("band", size, Role::Input);
        if !self.constants.iter().any(|(id, _)| *id == projector) {
            let matrix = match self.to.site.kind {
                SiteKind::Branch => spectrum::fourier(side as usize, band),
                _ => spectrum::cosine(side as usize, band),
            };
            self.constants.push((projector, matrix));
        }
        let Some(&corrections) = self.corrections.get(lane as usize) else {
            return;
        };
        let [all, apart, low] =
            ["band.all", "band.apart", "band.low"].map(|name| rec.scratch(name, len.into()));
        rec.blend(len, (weights, 0), base, anchors, all);
        rec.blend(len, (corrections, 0), None, anchors, apart);
        let shape = [len / (tokens * channels), tokens, channels, tokens];
        rec.mix(shape, projector, apart, low);
        rec.subtract(len, all, low, out);
    }
}
