//! What stands in for the open call of a lane: weights, slots and places.

use super::lane::Lane;
use crate::policy::{Policy, SiteKind, SplitKind};
use crate::predict::{Axis, Inputs, MAX_ANCHORS, PredictorKind};
use crate::scheduler::decision::NO_SLOT;
use crate::timeline::{Call, Timeline};

/// FoCa keeps two computed features and, behind them, two forecasts.
pub(super) const FORECASTS: u32 = 2;

impl Lane {
    /// Whether the weights of the open call take the newest anchor as it is.
    pub(super) fn holds_newest(&self) -> bool {
        let open = &self.pending;
        let whole = |slot: u32, weight: f32| weight == f32::from(u8::from(slot == self.newest));
        let all =
            |weights: &[f32; MAX_ANCHORS]| (0..).zip(weights).all(|(slot, w)| whole(slot, *w));
        all(&open.weights) && (all(&open.low_weights) || open.low_weights == [0.0; MAX_ANCHORS])
    }

    /// Slot that the next anchor takes.
    pub(super) fn next_slot(&self, policy: &Policy) -> u32 {
        if self.anchors == 0 {
            return 0;
        }
        (self.newest + 1).checked_rem(ring(policy)).unwrap_or(0)
    }

    /// The weights of the open call; whether there are any.
    pub(super) fn blend(
        &mut self,
        policy: &Policy,
        timeline: Timeline,
        target: f64,
        gamma: f64,
    ) -> bool {
        let predictor = &policy.predictor;
        let call = self.pending.call;
        let share = f64::from(call.step) / f64::from(timeline.steps);
        let mut places = [0.0; MAX_ANCHORS];
        let mut slots = [0; MAX_ANCHORS];
        let held = self.usable(policy, timeline, &mut places, &mut slots);
        let hat = self.hat != NO_SLOT && predictor.kind == PredictorKind::Foca;
        let rows = predictor.order as usize + 1;
        let weights = predictor.weights(&Inputs {
            times: places.get(..held).unwrap_or(&[]),
            target,
            hat,
            gain: match predictor.kind {
                PredictorKind::Aligned => gamma,
                _ => predictor.gain_at(share),
            },
            row: policy
                .gauge
                .curve
                .values()
                .get(call.step as usize * rows..)
                .and_then(|rest| rest.get(..rows))
                .unwrap_or(&[]),
            moments: self.moments.get(..self.moments_len as usize).unwrap_or(&[]),
            span: timeline.steps.into(),
        });
        if predictor.kind == PredictorKind::Chebyshev {
            // Slot k holds running sum k.
            for (slot, k) in slots.iter_mut().zip(0..) {
                *slot = k;
            }
        } else if hat && let Some(slot) = slots.get_mut(held) {
            *slot = self.hat as usize;
        }
        for (slot, weight) in slots.iter().zip(weights.values).take(weights.len) {
            if let Some(w) = self.pending.weights.get_mut(*slot) {
                *w = weight as f32;
            }
        }
        if weights.len == 0 {
            return false;
        }
        self.pending.order = weights.len.saturating_sub(1) as u32;
        if policy.split.kind == SplitKind::Band {
            let (mut low, mut high) = (1.0, 1.0);
            if policy.site.kind == SiteKind::Branch {
                let early = share < policy.site.boundary;
                *(if early { &mut low } else { &mut high }) += policy.split.boost;
            }
            for w in &mut self.pending.weights {
                *w = (f64::from(*w) * high) as f32;
            }
            if let Some(w) = self.pending.low_weights.get_mut(self.newest as usize) {
                *w = low as f32;
            }
        }
        true
    }

    /// Places and slots of the anchors a predictor may use, newest first. TaylorSeer's code forms
    /// no differences before the warm-up's last step (`step > first_enhance − 2`).
    pub(super) fn usable(
        &self,
        policy: &Policy,
        timeline: Timeline,
        places: &mut [f64; MAX_ANCHORS],
        slots: &mut [usize; MAX_ANCHORS],
    ) -> usize {
        let ring = ring(policy);
        let first = match policy.predictor.kind {
            PredictorKind::Taylor | PredictorKind::Hermite => {
                policy.guards.warmup(timeline.steps).saturating_sub(1)
            }
            _ => 0,
        };
        let mut slot = self.newest;
        let mut newer = u32::MAX;
        let mut count = 0;
        for (place, index) in places.iter_mut().zip(slots.iter_mut()) {
            let at = slot as usize;
            let (Some(p), Some(step)) = (self.places.get(at), self.steps.get(at)) else {
                break;
            };
            if count as u32 >= self.anchors || newer < first {
                break;
            }
            newer = *step;
            (*place, *index) = (*p, at);
            count += 1;
            slot = slot.checked_sub(1).unwrap_or(ring.saturating_sub(1));
        }
        count
    }
}

/// Slots that computed features take turns in.
pub(super) fn ring(policy: &Policy) -> u32 {
    match policy.predictor.kind {
        PredictorKind::Foca => FORECASTS,
        _ => policy.anchors(),
    }
}

/// Where a call lies on the predictor's axis.
pub(super) fn place(policy: &Policy, timeline: Timeline, call: &Call) -> f64 {
    match policy.predictor.axis {
        Axis::Time => call.time,
        Axis::Step => {
            f64::from(call.step) + f64::from(call.evaluation) / f64::from(timeline.evaluations)
        }
    }
}
