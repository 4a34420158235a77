//! The state machine: ask, decide, commit.
//!
//! ```text
//! begin(call)      → Decided | Needs(signal, reference)
//! decide(values)   → the decision: action, reason, weights
//! commit(outcome)  → the event for the trace       (or abandon)
//! ```
//!
//! It reads no clock, allocates nothing, knows no tensor and cannot panic. Its state has a fixed
//! size and no pointers. The same inputs give the same decisions, bit for bit, everywhere: it uses
//! only + − × ÷ and comparison in double precision.

mod decision;
mod error;
mod forecast;
mod judge;
mod lane;
mod moments;
mod saved;
mod state;

pub use decision::{ADD_TO_SLOTS, Action, Decision, Event, NO_SLOT, Reason, SET_SLOTS, Stats};
pub use error::CallError;
pub use lane::Lane;
pub use saved::{LANE_BYTES, SAVED_HEADER_BYTES, SavedError, seal};

use core::borrow::Borrow;

use crate::policy::{Gauge, GaugeKind, MAX_MASK, Policy, PolicyError, Pool, Schedule, Window};
use crate::predict::PredictorKind;
use crate::signal::{Filter, Metric, Reference, SignalKind};
use crate::text::{Named, named};
use crate::timeline::{Call, Timeline};
pub(crate) use state::State;

/// What `begin` answers.
#[derive(Debug)]
#[must_use = "an open call must be decided and committed"]
pub enum Begin {
    /// No measurement is needed.
    Decided(Pending),
    /// Measure this and hand it to [`Scheduler::decide`].
    Needs(Question),
}

/// A measurement the policy asks for. Hand it back with the values; it cannot be used twice.
#[derive(Debug)]
#[must_use = "an open call must be decided and committed"]
pub struct Question {
    lane: u32,
    /// What to measure.
    pub signal: SignalKind,
    /// How its change becomes a number.
    pub metric: Metric,
    /// What to compare it with.
    pub reference: Reference,
    /// What both go through before; [`Gauge::filter_size`] has its size.
    pub filter: Filter,
    /// Values wanted: one per lane that decides; for an aligned prediction then as many factors.
    pub values: usize,
    /// Whether factors of an aligned prediction are wanted behind the signals: how far the probe has
    /// moved since the older of the last two computed calls, as a multiple of how far it had moved
    /// between them ([`crate::measure::alignment`]).
    pub aligned: bool,
}

/// A decision waiting to be carried out and committed.
#[derive(Debug)]
#[must_use = "an open call must be committed"]
pub struct Pending {
    lane: u32,
    decision: Decision,
}

impl Pending {
    /// What to do.
    #[must_use]
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }
}

/// What became of a call that was carried out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// The decision was carried out.
    Done,
    /// The decision was carried out, and this was measured.
    ///
    /// Of a computed call what [`Policy::wants`] says: transformation rates or late signals, one per
    /// lane that decides, or products of features. Of a verified call the error of its forecast; one
    /// that is missing, NaN, infinite or negative counts as too large. Where nothing is wanted it is
    /// ignored.
    Measured(&'a [f64]),
}

/// Something a user should hear about a run.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Nothing to say.
    None = 0,
    /// The policy cannot skip on so few steps: its guards have every step computed.
    CannotSkip = 1,
    /// The run is over and nothing was skipped: the threshold may be too small.
    NothingSkipped = 2,
}

named!(Notice, "notice", {
    None => "none",
    CannotSkip => "cannot-skip",
    NothingSkipped => "nothing-skipped",
});

/// Decides, call by call, for one run of a policy.
///
/// `L` holds the lanes: an array, a slice, or a `Vec`. `P` is the policy, or a reference to it: a
/// policy has room for tables, and with a reference a scheduler of one lane takes less than 1 KiB.
///
/// ```
/// use refrain::{Action, Begin, Call, Lane, Outcome, Policy, Scheduler, Timeline};
///
/// let policy = Policy::parse("teacache:threshold=0.1")?;
/// let mut scheduler = Scheduler::new(&policy, Timeline::new(4), [Lane::NEW; 1])?;
/// let mut trace = String::new();
/// for step in 0..4 {
///     let pending = match scheduler.begin(Call::new(step))? {
///         Begin::Decided(pending) => pending,
///         Begin::Needs(question) => scheduler.decide(question, &[0.04])?,
///     };
///     trace.push(pending.decision().action.letter());
///     scheduler.commit(pending, Outcome::Done)?;
/// }
/// assert_eq!(trace, "CrrC");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduler<L = [Lane; 1], P = Policy> {
    policy: P,
    timeline: Timeline,
    lanes: L,
}

impl<L: AsRef<[Lane]> + AsMut<[Lane]>, P: Borrow<Policy>> Scheduler<L, P> {
    /// A scheduler at the start of a run; `lanes` are reset.
    ///
    /// # Errors
    /// [`PolicyError`] if the policy cannot run on that timeline, or there are no lanes, or no
    /// multiple of the mask's columns.
    pub fn new(policy: P, timeline: Timeline, lanes: L) -> Result<Self, PolicyError> {
        policy.borrow().check_for(timeline)?;
        if lanes.as_ref().is_empty() {
            return Err(PolicyError::NoLanes);
        }
        policy
            .borrow()
            .check_lanes(timeline, lanes.as_ref().len() as u32)?;
        let mut scheduler = Self {
            policy,
            timeline,
            lanes,
        };
        scheduler.reset();
        Ok(scheduler)
    }

    /// Starts a new run: forgets anchors, what was spent, and counters.
    pub fn reset(&mut self) {
        for lane in self.lanes.as_mut() {
            *lane = Lane::NEW;
        }
    }

    /// Forgets the anchors of a lane, because the shape of its features or the prompt changed. The
    /// next call is computed. What it has counted stays.
    ///
    /// # Errors
    /// [`CallError::Lane`], and [`CallError::Open`] while a call is open.
    pub fn invalidate(&mut self, lane: u32) -> Result<(), CallError> {
        self.state().invalidate(lane)
    }

    /// Opens a call.
    ///
    /// # Errors
    /// [`CallError`] if the call is not on the timeline or out of order.
    pub fn begin(&mut self, call: Call) -> Result<Begin, CallError> {
        let Gauge {
            signal,
            metric,
            reference,
            filter,
            ..
        } = self.policy().gauge;
        let mut state = self.state();
        let values = state.wanted();
        let aligned = state.policy.predictor.kind == PredictorKind::Aligned;
        let lane = call.lane;
        Ok(match state.begin(call)? {
            Some(decision) => Begin::Decided(Pending { lane, decision }),
            None => Begin::Needs(Question {
                lane,
                signal,
                metric,
                reference,
                filter,
                values,
                aligned,
            }),
        })
    }

    /// Answers a question: one value per lane that decides. A value that is NaN, infinite or
    /// negative counts as unknown, and the call is computed.
    ///
    /// # Errors
    /// [`CallError::Values`] if too few or too many values are given, and [`CallError::NotOpen`] if
    /// no call of its lane is open and asks; that it is from this scheduler is not checked. The call
    /// stays open: [`abandon`](Self::abandon) it.
    pub fn decide(&mut self, question: Question, values: &[f64]) -> Result<Pending, CallError> {
        let lane = question.lane;
        let decision = self.state().decide(lane, values)?;
        Ok(Pending { lane, decision })
    }

    /// Closes a call that was carried out. The event is what a trace keeps.
    ///
    /// # Errors
    /// [`CallError::Values`] if rates are given, but not one per lane that decides, and
    /// [`CallError::NotOpen`] if no call of its lane is decided; that it is from this scheduler is not
    /// checked.
    pub fn commit(&mut self, pending: Pending, outcome: Outcome<'_>) -> Result<Event, CallError> {
        self.state().commit(pending.lane, outcome)
    }

    /// Closes the open call of a lane as if it had never been begun, because it was not carried
    /// out: cancelled, or failed. It may be made again.
    ///
    /// # Errors
    /// [`CallError::Lane`], and [`CallError::NotOpen`] if no call is open on the lane.
    pub fn abandon(&mut self, lane: u32) -> Result<(), CallError> {
        self.state().abandon(lane)
    }

    pub(crate) fn state(&mut self) -> State<'_> {
        State {
            policy: self.policy.borrow(),
            timeline: self.timeline,
            lanes: self.lanes.as_mut(),
        }
    }
}

impl<L: AsRef<[Lane]>, P: Borrow<Policy>> Scheduler<L, P> {
    /// A scheduler whose parts were one before.
    #[cfg(feature = "capi")]
    pub(crate) const fn from_parts(policy: P, timeline: Timeline, lanes: L) -> Self {
        Self {
            policy,
            timeline,
            lanes,
        }
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        self.policy.borrow()
    }

    /// The timeline.
    pub const fn timeline(&self) -> Timeline {
        self.timeline
    }

    /// The lanes.
    pub fn lanes(&self) -> &[Lane] {
        self.lanes.as_ref()
    }

    /// What happened so far, over all lanes.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for lane in self.lanes.as_ref() {
            stats.add(&lane.stats);
        }
        stats
    }

    /// What a user should hear: asked before a run it tells whether the policy can skip at all,
    /// after one whether it did.
    pub fn notice(&self) -> Notice {
        let stats = self.stats();
        let apart = match self.policy().pool {
            Pool::Alone => self.lanes.as_ref().len() as u32,
            Pool::Any | Pool::All | Pool::Mean => 1,
        };
        let calls = self.timeline.calls().saturating_mul(apart);
        if self.policy().gauge.kind == GaugeKind::Always {
            Notice::None
        } else if !self.can_skip() {
            Notice::CannotSkip
        } else if stats.calls >= calls && stats.skipped() == 0 {
            Notice::NothingSkipped
        } else {
            Notice::None
        }
    }

    /// Whether guards and schedule leave any call that could be skipped; the first has nothing to
    /// reuse.
    fn can_skip(&self) -> bool {
        let (gauge, guards, timeline) =
            (&self.policy().gauge, &self.policy().guards, self.timeline);
        let since = gauge.kind == GaugeKind::Count && gauge.schedule == Schedule::Since;
        if since && gauge.interval <= 1 && gauge.growth == 0.0 {
            return false;
        }
        let first = u32::from(timeline.evaluations == 1);
        let from = guards.warmup(timeline.steps).max(first);
        let to = timeline.steps.saturating_sub(guards.last_steps);
        let columns = guards.columns(timeline.steps);
        let open = |step: u32| {
            let scheduled = gauge.kind == GaugeKind::Count && gauge.scheduled(step, timeline.steps);
            let timed = guards.window == Window::Time;
            (timed || guards.in_window(step, 0.0, timeline))
                && !scheduled
                && (0..columns).any(|column| !guards.masked(step, column, timeline.steps))
        };
        // Longer runs than any mask has are not searched: their windows are intervals, and whoever
        // closes one has it said by the counters afterwards.
        to.saturating_sub(from) > MAX_MASK as u32 || (from..to).any(open)
    }
}

impl Policy {
    /// Features the scheduler wants kept per site: the ring has so many slots.
    #[must_use]
    pub const fn anchors(&self) -> u32 {
        match self.gauge.kind {
            GaugeKind::Always => 0,
            _ => self.predictor.anchors(),
        }
    }
}
