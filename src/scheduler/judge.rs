//! What the gauge and the budget say about the open call of a lane.

use super::decision::Reason;
use super::lane::{Lane, usable};
use crate::policy::{Deviation, GaugeKind, Policy, Progress, Rescale, Scale, Schedule};
use crate::timeline::{Call, Timeline};

impl Lane {
    /// What the gauge and the budget say about the open call.
    pub(super) fn judge(
        &mut self,
        policy: &Policy,
        timeline: Timeline,
        call: &Call,
        value: Option<f64>,
    ) -> Reason {
        let gauge = &policy.gauge;
        let steps = timeline.steps;
        let cost = match gauge.kind {
            GaugeKind::Always => return Reason::Always,
            GaugeKind::Free => return Reason::Free,
            GaugeKind::Count if gauge.schedule != Schedule::Since => {
                return if gauge.scheduled(call.step, steps) {
                    Reason::Schedule
                } else {
                    Reason::Free
                };
            }
            GaugeKind::Count => return self.count(gauge.grown(self.settled)),
            GaugeKind::Late if self.due == 0 => return Reason::SignalUnusable,
            GaugeKind::Late => return self.count(self.due),
            GaugeKind::Curve => {
                let gamma = gauge.curve.at(call.step, steps, call.time).unwrap_or(1.0);
                self.pending.ratio = self.ratio * gamma;
                let off = 1.0 - self.pending.ratio;
                if off < 0.0 && gauge.deviation == Deviation::Absolute {
                    -off
                } else {
                    off
                }
            }
            GaugeKind::Signal => match usable(value) {
                None => return Reason::SignalUnusable,
                Some(value) => {
                    self.pending.signal = value;
                    match self.cost(policy, timeline, call, value) {
                        Some(cost) => cost,
                        None => return Reason::RateUnknown,
                    }
                }
            },
        };
        let spent = policy.budget.spend(self.spent, cost);
        if !spent.is_finite() {
            return Reason::SignalUnusable;
        }
        self.pending.spent = spent;
        if policy.budget.scale == Scale::Largest && cost > self.pending.largest {
            self.pending.largest = cost.min(f64::MAX);
        }
        let threshold = self.threshold(policy, timeline, call, self.pending.largest);
        let protected = gauge.kind == GaugeKind::Curve
            && gauge.protect > 0
            && gauge.curve.index(call.step, steps) == Some(gauge.protect);
        let dear = policy.budget.max_cost > 0.0
            && self.single(policy, timeline, call, cost) > policy.budget.max_cost;
        if policy.budget.allows(spent, threshold) && !protected && !dear {
            Reason::WithinBudget
        } else {
            Reason::BudgetSpent
        }
    }

    /// Another call of an interval.
    pub(super) fn count(&mut self, interval: u32) -> Reason {
        let calls = self.run.saturating_add(1);
        self.pending.spent = f64::from(calls);
        if calls < interval {
            Reason::WithinBudget
        } else {
            Reason::BudgetSpent
        }
    }

    /// What a measured value costs; nothing if the rate it takes is not known.
    pub(super) fn cost(
        &self,
        policy: &Policy,
        timeline: Timeline,
        call: &Call,
        value: f64,
    ) -> Option<f64> {
        let gauge = &policy.gauge;
        let cost = match gauge.rescale {
            Rescale::Identity => value,
            Rescale::Polynomial => gauge.polynomial(value),
            Rescale::AbsolutePolynomial => magnitude(gauge.polynomial(value)),
            Rescale::Rate if self.rate < 0.0 => return None,
            Rescale::Rate => self.rate * value,
            Rescale::Gap => value / f64::from(self.run.saturating_add(1)),
            Rescale::Sensitivity => {
                let part = |row| {
                    let curve = &gauge.curve;
                    curve.part_at(row, 2, call.step, timeline.steps, call.time)
                };
                let passed = magnitude(call.time - self.computed_time);
                part(0)? * value + part(1)? * passed
            }
        };
        Some(cost * (1.0 + gauge.run_factor * f64::from(self.run)))
    }

    /// What the call costs without those before it: of a curve, how far its own ratio is from 1.
    pub(super) fn single(
        &self,
        policy: &Policy,
        timeline: Timeline,
        call: &Call,
        cost: f64,
    ) -> f64 {
        let gauge = &policy.gauge;
        match gauge.kind {
            GaugeKind::Curve => {
                let gamma = gauge.curve.at(call.step, timeline.steps, call.time);
                magnitude(1.0 - gamma.unwrap_or(1.0))
            }
            _ => cost,
        }
    }

    /// The threshold that counts at a call.
    pub(super) fn threshold(
        &self,
        policy: &Policy,
        timeline: Timeline,
        call: &Call,
        scale: f64,
    ) -> f64 {
        let share = match policy.budget.progress {
            Progress::Step => f64::from(call.step) / f64::from(timeline.steps),
            Progress::Computed => f64::from(self.active) / f64::from(timeline.calls()),
        };
        let threshold = policy.budget.threshold_at(share);
        match policy.budget.scale {
            Scale::Constant => threshold,
            Scale::Learned | Scale::Largest => threshold * scale,
        }
    }
}

fn magnitude(value: f64) -> f64 {
    if value < 0.0 { -value } else { value }
}
