//! What is kept of a granule, and what stands in for it.

use alloc::{format, vec, vec::Vec};

use super::{
    lower::{Lower, WEIGHTS},
    lowering::Ring,
    network::Module,
    program::{Granule, Part, Stage},
    record::Anchors,
    spectrum,
};
use crate::{
    kernels::{AnchorFormat, BufferId, KernelId, Role, SegmentId},
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
        let ring = (count > 0).then(|| self.ring(name, &feature));
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
        if let Some(ring) = &ring {
            self.keeping(name, &feature, ring, &mut granule);
            if self.to.products {
                granule.products = self.products(name, ring);
            }
            let weights = self.weights(lane);
            self.predict(&feature, weights, lane, ring);
            granule.predict = Some(self.net.rec.segment(format!("{name}predict")));
        }
        self.parts.push(Part::Granule(granule));
        self.parts.len() - 1
    }

    /// The slots of a granule.
    fn ring(&mut self, name: &str, feature: &Feature) -> Anchors {
        let width = self.to.row(self.config);
        let shape = [self.len(feature), width, self.to.anchors];
        let name = format!("{name}anchors");
        let ring = self.net.rec.ring(&name, self.to.anchor_format, shape);
        self.rings.push(ring.buffer);
        ring
    }

    /// How a granule keeps what it computed, by slot or as sums, and what was predicted.
    fn keeping(&mut self, name: &str, feature: &Feature, ring: &Anchors, granule: &mut Granule) {
        if self.to.ring == Ring::Sums {
            let weights = self.weights(granule.lane);
            let [set, add] = ["set", "add"].map(|how| {
                self.sum(feature, weights, ring, how == "add");
                Some(self.net.rec.segment(format!("{name}{how}")))
            });
            (granule.set, granule.add) = (set, add);
            return;
        }
        for slot in 0..ring.count {
            self.keep(feature, ring, slot);
            let segment = self.net.rec.segment(format!("{name}store.{slot}"));
            granule.keep.push(segment);
        }
        if self.to.ring == Ring::Forecasts {
            for slot in 0..ring.count {
                let (x, base) = self.forecasted(feature);
                self.net.rec.keep(&ring.slot(slot), x, base);
                let segment = self.net.rec.segment(format!("{name}store.forecast.{slot}"));
                granule.keep_forecast.push(segment);
            }
        }
    }

    /// The products of every slot, when it is the newest, with all slots.
    fn products(&mut self, name: &str, ring: &Anchors) -> Vec<SegmentId> {
        let first = self.more_pairs(ring.count);
        self.pairs.products.get_or_insert(first);
        let unit = self.net.rec.buffer("unit", 1, Role::Input);
        if !self.constants.iter().any(|(id, _)| *id == unit) {
            self.constants.push((unit, vec![1.0]));
        }
        let rec = &mut self.net.rec;
        let [newest, other] = ["anchor.newest", "anchor.other"]
            .map(|what| rec.grown(what, ring.len.into(), Role::Scratch));
        let mut segments = Vec::new();
        for slot in 0..ring.count {
            rec.blend((unit, 0), None, &ring.slot(slot), newest);
            for (older, pair) in (0..ring.count).zip(first..) {
                rec.blend((unit, 0), None, &ring.slot(older), other);
                rec.reduce(KernelId::Products, ring.len, [newest, other], pair);
            }
            segments.push(rec.segment(format!("{name}products.{slot}")));
        }
        segments
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

    /// Puts what was computed into a slot.
    fn keep(&mut self, feature: &Feature, ring: &Anchors, slot: u32) {
        match *feature {
            // The only slot is a tensor like any other.
            Feature::Module { block, module, out }
                if ring.count == 1 && ring.format == AnchorFormat::F32 =>
            {
                self.net.give(block, module, ring.buffer);
                self.net.add_gated(block, module, ring.buffer, out);
            }
            _ => {
                let (x, base) = self.computed(feature);
                self.net.rec.keep(&ring.slot(slot), x, base);
            }
        }
    }

    /// What was computed: a tensor less a base. Finishes the granule.
    fn computed(&mut self, feature: &Feature) -> (BufferId, Option<BufferId>) {
        match *feature {
            Feature::Span { base, target, .. } => (target, self.base(base)),
            Feature::Module { block, module, out } => {
                let given = self.net.wide("feature");
                self.net.give(block, module, given);
                self.net.add_gated(block, module, given, out);
                (given, None)
            }
            Feature::Branch { difference, .. } => {
                self.net.guide_difference(self.to.pictures, difference);
                (difference, None)
            }
        }
    }

    /// What was predicted: a tensor less a base.
    fn forecasted(&mut self, feature: &Feature) -> (BufferId, Option<BufferId>) {
        match *feature {
            Feature::Span { base, target, .. } => (target, self.base(base)),
            Feature::Module { .. } => (self.net.wide("forecast"), None),
            Feature::Branch { difference, .. } => (difference, None),
        }
    }

    fn pass_segment(&mut self, name: &str, feature: &Feature) -> Option<SegmentId> {
        let Feature::Module { block, module, out } = *feature else {
            return None;
        };
        self.net.join(block, module, out);
        Some(self.net.rec.segment(format!("{name}pass")))
    }

    /// Sets running sums to what was computed, each by its weight, or adds it to them.
    fn sum(&mut self, feature: &Feature, weights: BufferId, sums: &Anchors, add: bool) {
        let len = sums.len;
        let given = match self.computed(feature) {
            (given, None) => given,
            (x, Some(base)) => {
                let given = self.net.rec.scratch("feature", len.into());
                self.net.rec.subtract(len, x, base, given);
                given
            }
        };
        let rec = &mut self.net.rec;
        let sum = rec.scratch("sum", len.into());
        for k in 0..sums.count {
            let (slot, given) = (sums.slot(k), Anchors::tensor(given, len));
            rec.blend((weights, k), add.then_some(slot), &given, sum);
            rec.keep(&slot, sum, None);
        }
    }

    /// Puts a forecast in the place of what would be computed.
    fn predict(&mut self, feature: &Feature, weights: BufferId, lane: u32, anchors: &Anchors) {
        match *feature {
            Feature::Span { base, target, .. } => {
                let base = self.base(base);
                self.forecast((weights, lane), base, anchors, target);
            }
            Feature::Module { block, module, out } => {
                let forecast = match (self.to.ring, anchors.format) {
                    (Ring::Hold, AnchorFormat::F32) => anchors.buffer,
                    _ => {
                        let forecast = self.net.wide("forecast");
                        self.forecast((weights, lane), None, anchors, forecast);
                        forecast
                    }
                };
                self.net.add_gated(block, module, forecast, out);
            }
            Feature::Branch { difference, .. } => {
                self.pass(self.to.pictures);
                self.forecast((weights, lane), None, anchors, difference);
                let (pictures, scale) = (self.to.pictures, self.to.guidance.unwrap_or(1.0));
                self.net.guide_kept(pictures, scale, difference);
            }
        }
    }

    /// `out = base + Σ weightₖ · anchorₖ`, with a band less the low part of what its own weights
    /// leave of that sum.
    fn forecast(
        &mut self,
        (weights, lane): (BufferId, u32),
        base: Option<BufferId>,
        anchors: &Anchors,
        out: BufferId,
    ) {
        let len = anchors.len;
        let base = base.map(|base| Anchors::tensor(base, len));
        let Some(band) = self.to.band else {
            self.net.rec.blend((weights, 0), base, anchors, out);
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
        rec.blend((weights, 0), base, anchors, all);
        rec.blend((corrections, 0), None, anchors, apart);
        let shape = [len / (tokens * channels), tokens, channels, tokens];
        rec.mix(shape, projector, apart, low);
        rec.subtract(len, all, low, out);
    }
}
