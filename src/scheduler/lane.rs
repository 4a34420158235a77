//! The state of one lane, and how it goes from call to call.

use super::decision::{
    ADD_TO_SLOTS, Action, Decision, Event, NO_SLOT, REASONS, Reason, SET_SLOTS, Stats,
};
use super::forecast::{FORECASTS, place, ring};
use super::moments;
use crate::policy::{GaugeKind, Policy, RunCount, Scale, VerifyKind};
use crate::predict::{MAX_ANCHORS, PredictorKind};
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

/// Stands for a measured value that is not known.
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
    /// Whether the run of skips reached its limit.
    pub(super) capped: u32,
    pub(super) signal: f64,
    /// Of a verified call: the error of its forecast.
    pub(super) error: f64,
    pub(super) spent: f64,
    pub(super) ratio: f64,
    /// Largest cost so far, this call's included.
    pub(super) largest: f64,
    pub(super) weights: [f32; MAX_ANCHORS],
    pub(super) low_weights: [f32; MAX_ANCHORS],
}

/// One stream of features and what is known of it. Fixed size, no pointers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lane {
    pub(super) phase: Phase,
    /// First call number that may be opened.
    pub(super) next_call: u32,
    /// Skips since the last computed call.
    pub(super) run: u32,
    /// cache-dit's count of skips.
    pub(super) streak: u32,
    /// Number of the last skipped call and one; 0 for none.
    pub(super) last_skip: u32,
    /// Computed calls behind the warm-up.
    pub(super) settled: u32,
    /// Computed calls within the window.
    pub(super) active: u32,
    /// With a late gauge: interval that the last computed call asks for, 0 if it is not known.
    pub(super) due: u32,
    /// 1 if the last forecast was found to be wrong.
    pub(super) rejected: u32,
    /// Anchors held.
    pub(super) anchors: u32,
    /// Slot of the newest.
    pub(super) newest: u32,
    /// With FoCa: slot of the forecast made just before the newest anchor.
    pub(super) hat: u32,
    /// With FoCa: slot of the forecast made since.
    pub(super) forecast: u32,
    /// Values of `moments` in use.
    pub(super) moments_len: u32,
    /// Budget spent since it was last set to zero.
    pub(super) spent: f64,
    /// Product of the curve since the last computed call.
    pub(super) ratio: f64,
    /// Transformation rate at the last computed call.
    pub(super) rate: f64,
    /// Signals of the whole run.
    pub(super) total: f64,
    /// Largest cost so far, or what the warm-up has taught.
    pub(super) scale: f64,
    /// Time of the last computed call.
    pub(super) computed_time: f64,
    /// Place of each slot's anchor on the predictor's axis.
    pub(super) places: [f64; MAX_ANCHORS],
    /// Step of each slot's anchor.
    pub(super) steps: [u32; MAX_ANCHORS],
    /// What a fit needs of the past: sums of Chebyshev polynomials, or products of anchors.
    pub(super) moments: [f64; moments::MOST],
    pub(super) pending: Open,
    pub(super) stats: Stats,
}

impl Lane {
    /// Whether no call is open, and the next one is that of this number.
    #[cfg(feature = "_run")]
    pub(crate) fn waits_for(&self, number: u32) -> bool {
        self.phase == Phase::Idle && self.next_call == number
    }

    /// A lane at the start of a run.
    pub const NEW: Self = Self {
        phase: Phase::Idle,
        next_call: 0,
        run: 0,
        streak: 0,
        last_skip: 0,
        settled: 0,
        active: 0,
        due: 0,
        rejected: 0,
        anchors: 0,
        newest: 0,
        hat: NO_SLOT,
        forecast: NO_SLOT,
        moments_len: 0,
        spent: 0.0,
        ratio: 1.0,
        rate: UNKNOWN,
        total: 0.0,
        scale: 0.0,
        computed_time: 0.0,
        places: [0.0; MAX_ANCHORS],
        steps: [0; MAX_ANCHORS],
        moments: [0.0; moments::MOST],
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
            capped: 0,
            signal: UNKNOWN,
            error: UNKNOWN,
            spent: 0.0,
            ratio: 1.0,
            largest: 0.0,
            weights: [0.0; MAX_ANCHORS],
            low_weights: [0.0; MAX_ANCHORS],
        },
        stats: Stats {
            calls: 0,
            computed: 0,
            reused: 0,
            predicted: 0,
            verified: 0,
            rejected: 0,
            reasons: [0; REASONS],
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

    /// What is known of the features goes; what was counted over the run stays.
    pub(super) fn forget(&mut self) {
        *self = Self {
            phase: self.phase,
            next_call: self.next_call,
            settled: self.settled,
            active: self.active,
            last_skip: self.last_skip,
            total: self.total,
            stats: self.stats,
            ..Self::NEW
        };
    }

    /// Leaves nothing of the open call, so that equal histories are equal bytes.
    pub(super) fn rest(&mut self) {
        self.phase = Phase::Idle;
        self.pending = Self::NEW.pending;
    }

    /// Opens a call: decided if a guard has it computed, else waiting for the gauge.
    pub(super) fn open(&mut self, policy: &Policy, timeline: Timeline, call: Call, number: u32) {
        self.pending = Open {
            call,
            number,
            ..Self::NEW.pending
        };
        self.prepare();
        self.phase = Phase::Asked;
        if let Some(reason) = self.guard(policy, timeline, &call) {
            self.settle(policy, timeline, reason, 1.0);
        }
    }

    /// Why a guard has the call computed.
    fn guard(&mut self, policy: &Policy, timeline: Timeline, call: &Call) -> Option<Reason> {
        let guards = &policy.guards;
        let steps = timeline.steps;
        if policy.gauge.kind == GaugeKind::Always {
            Some(Reason::Always)
        } else if call.step < guards.warmup(steps) {
            Some(Reason::Warmup)
        } else if guards.is_last(call.step, timeline) {
            Some(Reason::LastSteps)
        } else if !guards.in_window(call.step, call.time, timeline) {
            Some(Reason::Window)
        } else if guards.masked(call.step, call.lane, steps) {
            Some(Reason::Mask)
        } else if self.anchors == 0 {
            Some(Reason::NoHistory)
        } else if self.rejected == 1 {
            Some(Reason::ForecastRejected)
        } else if self.run_is_over(policy, call.step) {
            self.pending.capped = 1;
            Some(Reason::MaxRun)
        } else if guards.max_cached_steps > 0 && self.stats.skipped() >= guards.max_cached_steps {
            Some(Reason::MaxTotal)
        } else if guards.max_spent > 0.0 && self.total >= guards.max_spent {
            Some(Reason::MaxSpent)
        } else {
            None
        }
    }

    fn run_is_over(&self, policy: &Policy, step: u32) -> bool {
        let guards = &policy.guards;
        let most = guards.max_continuous_cached_steps;
        let run = match guards.run_count {
            RunCount::Consecutive => self.run,
            RunCount::CacheDit => self.streak,
        };
        most > 0 && run >= most || step < guards.enhanced_steps && self.run > 0
    }

    /// What the open call spends unless it is judged.
    pub(super) fn prepare(&mut self) {
        self.pending.spent = self.spent;
        self.pending.ratio = self.ratio;
        self.pending.largest = self.scale;
    }

    /// Turns a reason into the decision of the open call. `gamma` is the measured factor of an
    /// aligned prediction.
    pub(super) fn settle(
        &mut self,
        policy: &Policy,
        timeline: Timeline,
        reason: Reason,
        gamma: f64,
    ) {
        self.phase = Phase::Decided;
        self.pending.reason = reason;
        let call = self.pending.call;
        let place = place(policy, timeline, &call);
        if !reason.allows_skip() {
            self.pending.action = Action::Compute;
            self.pending.slot = match policy.anchors() {
                0 => NO_SLOT,
                _ if policy.predictor.kind == PredictorKind::Chebyshev => {
                    let update = policy.predictor.update(place, timeline.steps.into());
                    for (w, u) in self.pending.weights.iter_mut().zip(update) {
                        *w = u as f32;
                    }
                    if self.anchors == 0 {
                        SET_SLOTS
                    } else {
                        ADD_TO_SLOTS
                    }
                }
                _ => self.next_slot(policy),
            };
            return;
        }
        if !self.blend(policy, timeline, place, gamma) {
            // A fit that cannot be made is no stand-in.
            self.settle(policy, timeline, Reason::NoHistory, gamma);
            return;
        }
        self.pending.slot = if policy.predictor.kind == PredictorKind::Foca {
            // Not the slot that the forecasts of this run still read.
            if self.hat == FORECASTS {
                FORECASTS + 1
            } else {
                FORECASTS
            }
        } else if policy.predictor.rolls() {
            self.next_slot(policy)
        } else {
            NO_SLOT
        };
        let verified = policy.verify.kind != VerifyKind::None
            && self.run.saturating_add(1) >= policy.verify.from;
        self.pending.action = if verified {
            Action::Verify
        } else if self.holds_newest() {
            Action::Reuse
        } else {
            Action::Predict
        };
    }

    pub(super) const fn decision(&self) -> Decision {
        Decision {
            action: self.pending.action,
            reason: self.pending.reason,
            order: self.pending.order,
            slot: self.pending.slot,
            weights: self.pending.weights,
            low_weights: self.pending.low_weights,
        }
    }

    /// Whether the error of a verified call rejects its forecast; one that is not known does.
    pub(super) fn verify(
        &mut self,
        policy: &Policy,
        timeline: Timeline,
        error: Option<f64>,
    ) -> bool {
        let share = f64::from(self.pending.call.step) / f64::from(timeline.steps);
        let error = usable(error);
        self.pending.error = error.unwrap_or(UNKNOWN);
        let stands = error.is_some_and(|error| error <= policy.verify.allowed(share));
        if !stands {
            self.pending.reason = Reason::ForecastRejected;
            self.rejected = 1;
            self.stats.rejected = self.stats.rejected.saturating_add(1);
        }
        !stands
    }

    /// Closes the open call of the lane that holds the anchors.
    pub(super) fn close(&mut self, policy: &Policy, timeline: Timeline, products: &[f64]) {
        let open = self.pending;
        self.next_call = open.number.saturating_add(1);
        self.stats.count(open.action, open.reason);
        let computed = open.action == Action::Compute;
        let at = place(policy, timeline, &open.call);
        if computed && matches!(open.slot, ADD_TO_SLOTS | SET_SLOTS) {
            moments::add(self, at, timeline, policy.predictor.order);
            self.anchors = self.anchors.saturating_add(1).min(policy.anchors());
        } else if computed || policy.predictor.rolls() {
            if computed && policy.predictor.kind == PredictorKind::Dmd {
                moments::multiply(self, products);
            }
            let slot = open.slot as usize;
            if let (Some(p), Some(s)) = (self.places.get_mut(slot), self.steps.get_mut(slot)) {
                (*p, *s) = (at, open.call.step);
                self.newest = open.slot;
                self.anchors = self.anchors.saturating_add(1).min(ring(policy));
            }
        }
        if policy.predictor.kind == PredictorKind::Foca {
            if computed {
                self.hat = core::mem::replace(&mut self.forecast, NO_SLOT);
            } else {
                self.forecast = open.slot;
            }
        }
    }

    /// Spends what the committed call cost. `value` is the rate or the late signal of a computed
    /// call, `call` the pool's.
    pub(super) fn spend(
        &mut self,
        policy: &Policy,
        timeline: Timeline,
        (call, number): (&Call, u32),
        action: Action,
        value: Option<f64>,
    ) {
        if self.pending.signal >= 0.0 && policy.gauge.kind == GaugeKind::Signal {
            self.total = (self.total + self.pending.signal).min(f64::MAX);
        }
        self.spent = self.pending.spent;
        self.ratio = self.pending.ratio;
        self.scale = self.pending.largest;
        if self.pending.capped == 1 {
            self.streak = 0;
        }
        if action.skips() {
            self.run = self.run.saturating_add(1);
            let adjacent = self.last_skip == number;
            let more = match (self.last_skip, adjacent, self.streak) {
                (0, ..) => 1,
                (_, true, 0) => 2,
                (_, true, _) => 1,
                (_, false, _) => 0,
            };
            self.streak = self.streak.saturating_add(more);
            self.last_skip = number.saturating_add(1);
            return;
        }
        if policy.gauge.kind == GaugeKind::Late {
            self.learn(policy, timeline, call, usable(value));
        }
        self.run = 0;
        self.rejected = 0;
        self.ratio = 1.0;
        if policy.budget.reset == 1 || policy.gauge.kind == GaugeKind::Count {
            self.spent = 0.0;
        }
        self.rate = usable(value).unwrap_or(UNKNOWN);
        self.computed_time = call.time;
        let settled = u32::from(call.step >= policy.guards.warmup(timeline.steps));
        self.settled = self.settled.saturating_add(settled);
        let window = policy.guards.in_window(call.step, call.time, timeline);
        self.active = self.active.saturating_add(u32::from(window));
    }

    /// Takes in what a computed call measured.
    fn learn(&mut self, policy: &Policy, timeline: Timeline, call: &Call, value: Option<f64>) {
        self.due = 0;
        self.pending.signal = value.unwrap_or(UNKNOWN);
        let Some(cost) = value.and_then(|value| self.cost(policy, timeline, call, value)) else {
            return;
        };
        let budget = &policy.budget;
        let warmup = policy.guards.warmup(timeline.steps);
        let largest = cost > self.scale;
        match budget.scale {
            Scale::Learned if call.step < warmup && call.step.saturating_add(3) >= warmup => {
                self.scale = self.scale / 10.0 + cost;
            }
            Scale::Largest if largest => self.scale = cost,
            Scale::Constant | Scale::Learned | Scale::Largest => {}
        }
        let book = &policy.gauge.codebook;
        let threshold = self.threshold(policy, timeline, call, self.scale);
        self.due = if book.len > 0 {
            book.interval(cost)
        } else if budget.allows(cost, threshold) {
            policy.gauge.interval
        } else {
            1
        };
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
            signal: match open.action {
                Action::Verify => open.error,
                _ => open.signal,
            },
            spent: self.spent,
        }
    }
}

/// A measured value that may be used.
pub(super) fn usable(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite() && *value >= 0.0)
}
