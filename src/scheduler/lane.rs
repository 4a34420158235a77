//! The state of one lane.

use super::decision::{Action, Decision, Event, NO_SLOT, Reason, Stats};
use crate::policy::{GaugeKind, Policy, Rescale};
use crate::predict::{Axis, MAX_ANCHORS, PredictorKind};
use crate::text::{Named, named};
use crate::timeline::{Call, Timeline};

/// Where a lane is in the protocol.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No call is open.
    Idle = 0,
    /// A measurement is awaited.
    Asked = 1,
    /// A decision waits for its commit.
    Decided = 2,
}

named!(Phase, "phase", {
    Idle => "idle",
    Asked => "asked",
    Decided => "decided",
});

/// Stands for a transformation rate that is not known.
pub(super) const UNKNOWN: f64 = -1.0;

/// The open call: what it changes once it is committed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Open {
    pub(super) call: Call,
    pub(super) number: u32,
    pub(super) action: Action,
    pub(super) reason: Reason,
    pub(super) order: u32,
    pub(super) slot: u32,
    pub(super) signal: f64,
    pub(super) spent: f64,
    pub(super) ratio: f64,
    pub(super) weights: [f32; MAX_ANCHORS],
}

/// One stream of features and what is known of it. Fixed size, no pointers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lane {
    pub(super) phase: Phase,
    /// First call number that may be opened.
    pub(super) next_call: u32,
    /// Skips since the last computed call.
    pub(super) run: u32,
    /// Anchors held.
    pub(super) anchors: u32,
    /// Slot of the newest.
    pub(super) newest: u32,
    /// Budget spent since it was last set to zero.
    pub(super) spent: f64,
    /// Product of the curve since the last computed call.
    pub(super) ratio: f64,
    /// Transformation rate at the last computed call.
    pub(super) rate: f64,
    /// Place of each slot's anchor on the predictor's axis.
    pub(super) places: [f64; MAX_ANCHORS],
    /// Step of each slot's anchor.
    pub(super) steps: [u32; MAX_ANCHORS],
    pub(super) pending: Open,
    pub(super) stats: Stats,
}

impl Lane {
    /// A lane at the start of a run.
    pub const NEW: Self = Self {
        phase: Phase::Idle,
        next_call: 0,
        run: 0,
        anchors: 0,
        newest: 0,
        spent: 0.0,
        ratio: 1.0,
        rate: UNKNOWN,
        places: [0.0; MAX_ANCHORS],
        steps: [0; MAX_ANCHORS],
        pending: Open {
            call: Call {
                step: 0,
                evaluation: 0,
                lane: 0,
                reserved: 0,
                time: 0.0,
            },
            number: 0,
            action: Action::Compute,
            reason: Reason::Always,
            order: 0,
            slot: NO_SLOT,
            signal: UNKNOWN,
            spent: 0.0,
            ratio: 1.0,
            weights: [0.0; MAX_ANCHORS],
        },
        stats: Stats {
            calls: 0,
            computed: 0,
            reused: 0,
            predicted: 0,
            reasons: [0; super::decision::REASONS],
            reserved: 0,
        },
    };

    /// Anchors held.
    #[must_use]
    pub const fn anchors(&self) -> u32 {
        self.anchors
    }

    /// Budget spent since it was last set to zero.
    #[must_use]
    pub const fn spent(&self) -> f64 {
        self.spent
    }

    pub(super) fn forget(&mut self) {
        (self.anchors, self.newest, self.run) = (0, 0, 0);
        (self.spent, self.ratio, self.rate) = (0.0, 1.0, UNKNOWN);
    }

    /// Leaves nothing of the open call, so that equal histories are equal bytes.
    pub(super) fn rest(&mut self) {
        self.phase = Phase::Idle;
        self.pending = Self::NEW.pending;
    }

    /// Opens a call: decided if a guard has it computed, else waiting for the gauge.
    pub(super) fn open(&mut self, policy: &Policy, timeline: Timeline, call: Call, number: u32) {
        let guards = &policy.guards;
        let over = |limit: u32, used: u32| limit > 0 && used >= limit;
        let forced = if policy.gauge.kind == GaugeKind::Always {
            Some(Reason::Always)
        } else if call.step < guards.warmup(timeline.steps) {
            Some(Reason::Warmup)
        } else if guards.is_last(call.step, timeline) {
            Some(Reason::LastSteps)
        } else if !guards.in_window(call.step, timeline) {
            Some(Reason::Window)
        } else if guards.masked(call.step) {
            Some(Reason::Mask)
        } else if self.anchors == 0 {
            Some(Reason::NoHistory)
        } else if over(guards.max_continuous_cached_steps, self.run) {
            Some(Reason::MaxRun)
        } else if over(guards.max_cached_steps, self.stats.skipped()) {
            Some(Reason::MaxTotal)
        } else {
            None
        };
        self.pending = Open {
            call,
            number,
            ..Self::NEW.pending
        };
        self.prepare();
        self.phase = Phase::Asked;
        if let Some(reason) = forced {
            self.settle(policy, timeline, reason);
        }
    }

    /// What the open call spends unless it is judged.
    pub(super) fn prepare(&mut self) {
        self.pending.spent = self.spent;
        self.pending.ratio = self.ratio;
    }

    /// What the gauge and the budget say about the open call.
    pub(super) fn judge(
        &mut self,
        policy: &Policy,
        timeline: Timeline,
        step: u32,
        value: Option<f64>,
    ) -> Reason {
        let gauge = &policy.gauge;
        let cost = match gauge.kind {
            GaugeKind::Always => return Reason::Always,
            GaugeKind::Free => return Reason::Free,
            GaugeKind::Count => 1.0,
            GaugeKind::Curve => {
                self.pending.ratio =
                    self.ratio * gauge.curve.at(step, timeline.steps).unwrap_or(1.0);
                let off = 1.0 - self.pending.ratio;
                if off < 0.0 { -off } else { off }
            }
            GaugeKind::Signal => match value {
                Some(value) if value.is_finite() && value >= 0.0 => {
                    self.pending.signal = value;
                    match gauge.rescale {
                        Rescale::Identity => value,
                        Rescale::Polynomial => gauge.polynomial(value),
                        Rescale::Rate if self.rate < 0.0 => return Reason::RateUnknown,
                        Rescale::Rate => self.rate * value,
                    }
                }
                _ => return Reason::SignalUnusable,
            },
        };
        let spent = policy.budget.spend(self.spent, cost);
        if !spent.is_finite() {
            return Reason::SignalUnusable;
        }
        self.pending.spent = spent;
        if policy.budget.allows(spent) {
            Reason::WithinBudget
        } else {
            Reason::BudgetSpent
        }
    }

    /// Turns a reason into the decision of the open call.
    pub(super) fn settle(&mut self, policy: &Policy, timeline: Timeline, reason: Reason) {
        self.phase = Phase::Decided;
        self.pending.reason = reason;
        if !reason.allows_skip() {
            let ring = policy.anchors();
            self.pending.action = Action::Compute;
            self.pending.slot = match (ring, self.anchors) {
                (0, _) => NO_SLOT,
                (_, 0) => 0,
                _ => (self.newest + 1).checked_rem(ring).unwrap_or(0),
            };
            return;
        }
        let target = place(policy, timeline, &self.pending.call);
        let mut places = [0.0; MAX_ANCHORS];
        let mut slots = [0; MAX_ANCHORS];
        let held = self.usable(policy, timeline, &mut places, &mut slots);
        let weights = policy
            .predictor
            .weights(places.get(..held).unwrap_or(&[]), target);
        for (slot, weight) in slots.iter().zip(weights.values).take(weights.len) {
            if let Some(w) = self.pending.weights.get_mut(*slot) {
                *w = weight as f32;
            }
        }
        self.pending.order = weights.len.saturating_sub(1) as u32;
        self.pending.action = if self.pending.order == 0 {
            Action::Reuse
        } else {
            Action::Predict
        };
    }

    /// Places and slots of the anchors a predictor may use, newest first. TaylorSeer's code forms
    /// no differences before the warm-up's last step (`step > first_enhance − 2`).
    fn usable(
        &self,
        policy: &Policy,
        timeline: Timeline,
        places: &mut [f64; MAX_ANCHORS],
        slots: &mut [usize; MAX_ANCHORS],
    ) -> usize {
        let ring = policy.anchors();
        let first = match policy.predictor.kind {
            PredictorKind::Taylor => policy.guards.warmup(timeline.steps).saturating_sub(1),
            PredictorKind::Hold | PredictorKind::Newton => 0,
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

    pub(super) const fn decision(&self) -> Decision {
        Decision {
            action: self.pending.action,
            reason: self.pending.reason,
            order: self.pending.order,
            slot: self.pending.slot,
            weights: self.pending.weights,
        }
    }

    /// Closes the open call of the lane that holds the anchors.
    pub(super) fn close(&mut self, policy: &Policy, timeline: Timeline) {
        let open = self.pending;
        self.next_call = open.number.saturating_add(1);
        self.stats.count(open.action, open.reason);
        let at = open.slot as usize;
        if let (Some(p), Some(s)) = (self.places.get_mut(at), self.steps.get_mut(at)) {
            *p = place(policy, timeline, &open.call);
            *s = open.call.step;
            self.newest = open.slot;
            self.anchors = self.anchors.saturating_add(1).min(policy.anchors());
        }
    }

    /// Spends what the committed call cost.
    pub(super) fn spend(&mut self, policy: &Policy, action: Action, rate: Option<f64>) {
        self.spent = self.pending.spent;
        self.ratio = self.pending.ratio;
        self.run = self.run.saturating_add(1);
        if action == Action::Compute {
            self.run = 0;
            self.ratio = 1.0;
            if policy.budget.reset == 1 {
                self.spent = 0.0;
            }
            self.rate = rate
                .filter(|r| r.is_finite() && *r >= 0.0)
                .unwrap_or(UNKNOWN);
        }
    }

    pub(super) const fn event(&self) -> Event {
        let open = &self.pending;
        Event {
            call: open.number,
            step: open.call.step,
            evaluation: open.call.evaluation,
            lane: open.call.lane,
            action: open.action,
            reason: open.reason,
            order: open.order,
            slot: open.slot,
            signal: open.signal,
            spent: self.spent,
        }
    }
}

/// Where a call lies on the predictor's axis.
fn place(policy: &Policy, timeline: Timeline, call: &Call) -> f64 {
    match policy.predictor.axis {
        Axis::Time => call.time,
        Axis::Step => {
            f64::from(call.step) + f64::from(call.evaluation) / f64::from(timeline.evaluations)
        }
    }
}
