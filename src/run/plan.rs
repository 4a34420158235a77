//! What a call runs, and what it is decided from and committed with, given what its lanes decided.
//! No state and no device: runs and hosts with a device of their own use the same.

use alloc::vec::Vec;

use super::signals;
use crate::{
    dit::{Granule, Program, Stage},
    kernels::SegmentId,
    policy::{GaugeKind, Policy, Pool},
    scheduler::{ADD_TO_SLOTS, Action, SET_SLOTS},
    signal::Reference,
};

/// A program under a policy.
pub(crate) struct Plan<'a> {
    pub(crate) program: &'a Program,
    pub(crate) policy: &'a Policy,
    /// Steps of the run.
    pub(crate) steps: u32,
    /// Granules of the program.
    pub(crate) granules: u32,
    /// Elements of the latents of all pictures.
    pub(crate) latents: usize,
}

/// What was decided for a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) action: Action,
    /// The anchor slot to write.
    pub(crate) slot: u32,
}

/// Lanes that decide apart.
pub(crate) fn deciders(policy: &Policy, lanes: u32) -> u32 {
    match policy.pool {
        Pool::Alone => lanes,
        Pool::Any | Pool::All | Pool::Mean => 1,
    }
}

/// The lane that decides for another.
pub(crate) fn decider(policy: &Policy, lane: u32) -> u32 {
    match policy.pool {
        Pool::Alone => lane,
        Pool::Any | Pool::All | Pool::Mean => 0,
    }
}

impl Plan<'_> {
    /// The segments before the first part of a call; `prepare` if it is the first of those that are
    /// prepared together, or what was prepared is lost.
    pub(crate) fn opening(&self, prepare: bool, step: u32, path: &mut Vec<SegmentId>) {
        if prepare {
            path.push(self.program.segments.prepare);
        }
        let at = step.checked_rem(self.program.calls).unwrap_or(0);
        path.extend(self.program.at.get(at as usize));
        path.push(self.program.segments.begin);
    }

    /// The segment that measures what a granule's lane asks for.
    pub(crate) fn asked(&self, granule: &Granule) -> Option<SegmentId> {
        granule.measure.or(self.program.segments.measure)
    }

    /// The segments of a granule at a step.
    pub(crate) fn granule(
        &self,
        granule: &Granule,
        Choice { action, slot }: Choice,
        step: u32,
        path: &mut Vec<SegmentId>,
    ) {
        let previous = self.policy.gauge.reference == Reference::Previous;
        let rear = self.policy.site.rear_at(step, self.steps);
        let left_out = action.skips()
            && match granule.stage {
                None => true,
                Some(Stage::Front) => !rear,
                Some(Stage::Rear) => rear,
            };
        if previous || !action.skips() {
            path.extend(granule.track);
        }
        let at = slot as usize;
        if left_out {
            path.extend(granule.predict);
            path.extend(granule.keep_forecast.get(at));
            return;
        }
        path.push(granule.compute);
        let finish = match slot {
            SET_SLOTS => granule.set,
            ADD_TO_SLOTS => granule.add,
            _ => granule.keep.get(at).copied(),
        };
        path.extend(finish.or(granule.pass));
        path.extend(granule.products.get(at));
    }

    /// The segments behind the last part. What is measured once a call has one lane: `computed` tells
    /// of the first, and `before` how many of its calls were computed before.
    pub(crate) fn closing(
        &self,
        computed: bool,
        verified: bool,
        before: u32,
        path: &mut Vec<SegmentId>,
    ) {
        let (segments, gauge) = (&self.program.segments, &self.policy.gauge);
        if verified {
            path.extend(segments.verify);
        }
        path.push(segments.end);
        if gauge.kind == GaugeKind::Late && computed {
            path.extend(segments.measure);
        }
        if computed || gauge.reference == Reference::Previous {
            path.extend(segments.track);
        }
        if computed {
            path.extend(segments.track_probe);
            if before > 0 {
                path.extend(segments.rate);
            }
            path.extend(segments.track_rate);
        }
    }

    /// What a lane is decided from; `before` of its calls were computed before.
    pub(crate) fn question(
        &self,
        sums: &[f32],
        lane: u32,
        aligned: bool,
        before: u32,
        values: &mut Vec<f64>,
    ) {
        let pairs = &self.program.pairs;
        let number = lane.min(pairs.signals.saturating_sub(1));
        let metric = self.policy.gauge.metric;
        values.push(signals::value(metric, pairs, sums, number));
        if aligned {
            values.push(signals::alignment(pairs, sums, before >= 2));
        }
    }

    /// What a lane is committed with; `before` of its calls were computed before.
    pub(crate) fn results(
        &self,
        sums: &[f32],
        lane: u32,
        Choice { action, slot }: Choice,
        before: u32,
        values: &mut Vec<f64>,
    ) {
        let (pairs, policy) = (&self.program.pairs, self.policy);
        let metric = policy.gauge.metric;
        match action {
            Action::Compute => {}
            Action::Verify => return values.push(signals::verified(metric, pairs, sums)),
            _ => return,
        }
        if let (Some(first), true) = (pairs.rate, before > 0) {
            values.push(signals::rate(sums, first, self.latents));
        }
        let lanes = self.program.lanes;
        if policy.gauge.kind == GaugeKind::Late && before > 0 {
            let together = lanes / deciders(policy, lanes);
            let value = |number| signals::value(metric, pairs, sums, number);
            if together == 1 && lanes == 1 {
                let sum: f64 = (0..pairs.signals).map(value).sum();
                values.push(sum / f64::from(pairs.signals));
            } else {
                values.extend((lane..lane + together).map(value));
            }
        }
        if let Some(first) = pairs.products {
            let ring = policy.anchors();
            let own = (lane..self.granules).step_by(lanes as usize);
            for older in 0..before.saturating_add(1).min(ring) {
                let other = (slot + ring - older) % ring;
                let pair = |granule| signals::first(sums, first + granule * ring + other);
                values.push(own.clone().map(pair).sum());
            }
        }
    }
}
