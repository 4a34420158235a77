//! The state machine: ask, decide, commit.
//!
//! ```text
//! begin(call)      → Decided | Needs(signal, reference)
//! decide(values)   → the decision: action, reason, weights
//! commit(outcome)  → the event for the trace
//! ```
//!
//! It reads no clock, allocates nothing, knows no tensor and cannot panic. Its state has a fixed
//! size and no pointers. The same inputs give the same decisions, bit for bit, everywhere: it uses
//! only + − × ÷ and comparison in double precision.

mod decision;
mod lane;
mod saved;

pub use decision::{Action, Decision, Event, NO_SLOT, Reason, Stats};
pub use lane::Lane;
pub use saved::{LANE_BYTES, SAVED_HEADER_BYTES, SavedError};

use core::fmt;

use crate::policy::{Gauge, GaugeKind, Policy, PolicyError, Pool, Rescale};
use crate::signal::{Reference, SignalKind};
use crate::timeline::{Call, Timeline};
use lane::Phase;

/// Why a call was refused. The state is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The lane does not exist, or is not the first of a pool.
    Lane {
        /// Lane given.
        given: u32,
        /// Lanes that may be named.
        lanes: u32,
    },
    /// The step is not on the timeline.
    Step {
        /// Step given.
        given: u32,
        /// Steps of the timeline.
        steps: u32,
    },
    /// The evaluation is not within the step.
    Evaluation {
        /// Evaluation given.
        given: u32,
        /// Evaluations of a step.
        evaluations: u32,
    },
    /// The time is not a finite number.
    Time,
    /// The call is not later than the last one committed on its lane.
    NotForward {
        /// Number of the call, counted over the run.
        given: u32,
        /// First number that is allowed.
        next: u32,
    },
    /// `begin` while a call is open on the lane: commit or abandon it first.
    Open,
    /// `decide` without an open question, or `commit` without a decision.
    NotOpen,
    /// As many values are needed as lanes decide together.
    Values {
        /// Values given.
        given: usize,
        /// Values needed.
        needed: usize,
    },
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Lane { given, lanes } => {
                write!(
                    f,
                    "lane {given} does not exist; lanes are 0 to {}",
                    lanes.wrapping_sub(1)
                )
            }
            Self::Step { given, steps } => {
                write!(f, "step {given} is not on the timeline of {steps} steps")
            }
            Self::Evaluation { given, evaluations } => {
                write!(
                    f,
                    "evaluation {given} is not within a step of {evaluations}"
                )
            }
            Self::Time => f.write_str("the call's time is not a finite number"),
            Self::NotForward { given, next } => write!(
                f,
                "call {given} was made already, the next is {next}; reset the scheduler for a new run"
            ),
            Self::Open => f.write_str("a call is open on this lane; commit it first"),
            Self::NotOpen => f.write_str("no call of this lane waits for that; begin one first"),
            Self::Values { given, needed } => {
                write!(f, "{given} signal values were given, {needed} are needed")
            }
        }
    }
}

impl core::error::Error for CallError {}

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
    /// What to compare it with.
    pub reference: Reference,
    /// Values wanted: one per lane that decides.
    pub values: usize,
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

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// The decision was carried out.
    Done,
    /// The call was computed, and these are the transformation rates, one per lane that decides:
    /// `mean|v − v'| / mean|x − x'| / mean|v|` over this and the computed call before.
    Measured(&'a [f64]),
    /// Nothing was done: the state is as before `begin`, and the call may be made again.
    Abandoned,
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

/// Decides, call by call, for one run of a policy.
///
/// `L` holds the lanes: an array, a slice, or a `Vec`.
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
pub struct Scheduler<L = [Lane; 1]> {
    policy: Policy,
    timeline: Timeline,
    lanes: L,
}

impl<L: AsRef<[Lane]> + AsMut<[Lane]>> Scheduler<L> {
    /// A scheduler at the start of a run; `lanes` are reset.
    ///
    /// # Errors
    /// [`PolicyError`] if the policy cannot run on that timeline, or there are no lanes.
    pub fn new(policy: &Policy, timeline: Timeline, lanes: L) -> Result<Self, PolicyError> {
        policy.check_for(timeline)?;
        if lanes.as_ref().is_empty() {
            return Err(PolicyError::NoLanes);
        }
        let mut scheduler = Self {
            policy: *policy,
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
        let lane = self.lane_mut(lane)?;
        if lane.phase != Phase::Idle {
            return Err(CallError::Open);
        }
        lane.forget();
        Ok(())
    }

    /// The policy.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The timeline.
    pub const fn timeline(&self) -> Timeline {
        self.timeline
    }

    /// The lanes.
    pub fn lanes(&self) -> &[Lane] {
        self.lanes.as_ref()
    }

    /// Opens a call.
    ///
    /// # Errors
    /// [`CallError`] if the call is not on the timeline or out of order.
    pub fn begin(&mut self, call: Call) -> Result<Begin, CallError> {
        self.begin_call(call)?;
        let values = self.together();
        let Gauge {
            signal, reference, ..
        } = self.policy.gauge;
        let lane = self.lane_mut(call.lane)?;
        Ok(if lane.phase == Phase::Asked {
            Begin::Needs(Question {
                lane: call.lane,
                signal,
                reference,
                values,
            })
        } else {
            Begin::Decided(Pending {
                lane: call.lane,
                decision: lane.decision(),
            })
        })
    }

    /// Answers a question: one value per lane that decides. A value that is NaN, infinite or
    /// negative counts as unknown, and the call is computed.
    ///
    /// # Errors
    /// [`CallError::Values`] if too few or too many values are given, and [`CallError::NotOpen`] if
    /// the question is not from this scheduler. The call stays open.
    pub fn decide(&mut self, question: Question, values: &[f64]) -> Result<Pending, CallError> {
        let decision = self.decide_call(question.lane, values)?;
        Ok(Pending {
            lane: question.lane,
            decision,
        })
    }

    /// Closes a call. The event is what a trace keeps; an abandoned call has none.
    ///
    /// # Errors
    /// [`CallError::Values`] if rates are given, but not one per lane that decides, and
    /// [`CallError::NotOpen`] if the decision is not from this scheduler.
    pub fn commit(
        &mut self,
        pending: Pending,
        outcome: Outcome<'_>,
    ) -> Result<Option<Event>, CallError> {
        self.commit_call(pending.lane, outcome)
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
        let calls = self.timeline.calls();
        if self.policy.gauge.kind == GaugeKind::Always {
            Notice::None
        } else if self.possible_skips() == 0 {
            Notice::CannotSkip
        } else if stats.calls >= calls && stats.skipped() == 0 {
            Notice::NothingSkipped
        } else {
            Notice::None
        }
    }

    /// Steps that no guard has computed, without the first.
    fn possible_skips(&self) -> u32 {
        let guards = &self.policy.guards;
        let steps = self.timeline.steps;
        let from = guards.warmup(steps).max(1);
        let to = steps.saturating_sub(guards.last_steps);
        if self.policy.gauge.kind == GaugeKind::Count && self.policy.budget.threshold <= 1.0 {
            return 0;
        }
        // A mask has at most 1024 steps; without one the window is an interval.
        if guards.mask_len > 0 {
            let free = (from..to).filter(|step| !guards.forces(*step, self.timeline));
            return free.count() as u32;
        }
        let first = (guards.window_start * f64::from(steps)) as u32;
        let end = guards.window_end * f64::from(steps);
        let last = if f64::from(end as u32) < end {
            end as u32 + 1
        } else {
            end as u32
        };
        to.min(last).saturating_sub(from.max(first))
    }

    /// Lanes that decide together.
    fn together(&self) -> usize {
        if self.policy.pool == Pool::Alone {
            1
        } else {
            self.lanes.as_ref().len()
        }
    }

    fn lane_mut(&mut self, lane: u32) -> Result<&mut Lane, CallError> {
        let lanes = if self.policy.pool == Pool::Alone {
            self.lanes.as_ref().len()
        } else {
            1
        };
        let error = CallError::Lane {
            given: lane,
            lanes: lanes as u32,
        };
        if lane as usize >= lanes {
            return Err(error);
        }
        self.lanes.as_mut().get_mut(lane as usize).ok_or(error)
    }

    /// The lanes that decide with `lane`, which is the first of them.
    fn group_mut(&mut self, lane: u32) -> &mut [Lane] {
        let (from, count) = (lane as usize, self.together());
        self.lanes
            .as_mut()
            .get_mut(from..)
            .and_then(|l| l.get_mut(..count))
            .unwrap_or(&mut [])
    }

    pub(crate) fn begin_call(&mut self, call: Call) -> Result<(), CallError> {
        let Timeline { steps, evaluations } = self.timeline;
        let (policy, timeline) = (self.policy, self.timeline);
        let lane = self.lane_mut(call.lane)?;
        if call.step >= steps {
            return Err(CallError::Step {
                given: call.step,
                steps,
            });
        }
        if call.evaluation >= evaluations {
            return Err(CallError::Evaluation {
                given: call.evaluation,
                evaluations,
            });
        }
        if !call.time.is_finite() {
            return Err(CallError::Time);
        }
        if lane.phase != Phase::Idle {
            return Err(CallError::Open);
        }
        let number = call
            .step
            .saturating_mul(evaluations)
            .saturating_add(call.evaluation);
        if number < lane.next_call {
            return Err(CallError::NotForward {
                given: number,
                next: lane.next_call,
            });
        }
        lane.open(&policy, timeline, call, number);
        let asked = lane.phase == Phase::Asked;
        for member in self.group_mut(call.lane).iter_mut().skip(1) {
            member.prepare();
        }
        if asked && policy.gauge.kind != GaugeKind::Signal {
            self.judge(call.lane, &[]);
        }
        Ok(())
    }

    pub(crate) fn decide_call(&mut self, lane: u32, values: &[f64]) -> Result<Decision, CallError> {
        let needed = self.together();
        if self.lane_mut(lane)?.phase != Phase::Asked {
            return Err(CallError::NotOpen);
        }
        if values.len() != needed {
            return Err(CallError::Values {
                given: values.len(),
                needed,
            });
        }
        self.judge(lane, values);
        Ok(self.lane_mut(lane)?.decision())
    }

    /// Lets the gauge and the budget decide the open call of a lane or a pool.
    fn judge(&mut self, lane: u32, values: &[f64]) {
        let (policy, timeline) = (self.policy, self.timeline);
        let pool = policy.pool;
        let mean;
        let (group, values) = if pool == Pool::Mean {
            // One unusable value makes the mean unusable.
            let usable = values.iter().all(|v| v.is_finite() && *v >= 0.0);
            let sum = if usable {
                values.iter().sum()
            } else {
                f64::NAN
            };
            mean = [sum / values.len() as f64];
            (
                self.group_mut(lane).get_mut(..1).unwrap_or(&mut []),
                &mean[..],
            )
        } else {
            (self.group_mut(lane), values)
        };
        let Some(first) = group.first() else { return };
        let step = first.pending.call.step;
        let (mut skips, mut computes, mut unusable) = (None, None, false);
        for (i, member) in group.iter_mut().enumerate() {
            member.prepare();
            let reason = member.judge(&policy, timeline, step, values.get(i).copied());
            unusable |= reason == Reason::SignalUnusable;
            let first_such = if reason.allows_skip() {
                &mut skips
            } else {
                &mut computes
            };
            first_such.get_or_insert(reason);
        }
        let reason = match pool {
            _ if unusable => Some(Reason::SignalUnusable),
            Pool::All => skips.or(computes),
            Pool::Alone | Pool::Any | Pool::Mean => computes.or(skips),
        };
        if let (Some(first), Some(reason)) = (group.first_mut(), reason) {
            first.settle(&policy, timeline, reason);
        }
    }

    pub(crate) fn commit_call(
        &mut self,
        lane: u32,
        outcome: Outcome<'_>,
    ) -> Result<Option<Event>, CallError> {
        let needed = self.together();
        let (policy, timeline) = (self.policy, self.timeline);
        let first = self.lane_mut(lane)?;
        if outcome == Outcome::Abandoned {
            if first.phase == Phase::Idle {
                return Err(CallError::NotOpen);
            }
            first.phase = Phase::Idle;
            return Ok(None);
        }
        if first.phase != Phase::Decided {
            return Err(CallError::NotOpen);
        }
        let rates = match outcome {
            Outcome::Measured(rates) if rates.len() != needed => {
                return Err(CallError::Values {
                    given: rates.len(),
                    needed,
                });
            }
            Outcome::Measured(rates) => rates,
            Outcome::Done | Outcome::Abandoned => &[],
        };
        let action = first.pending.action;
        first.close(&policy, timeline);
        let mean = [rates.iter().sum::<f64>() / rates.len() as f64];
        let rates = if policy.pool == Pool::Mean && !rates.is_empty() {
            &mean
        } else {
            rates
        };
        for (i, member) in self.group_mut(lane).iter_mut().enumerate() {
            member.spend(&policy, action, rates.get(i).copied());
        }
        let event = self.lane_mut(lane)?.event();
        Ok(Some(event))
    }
}

impl Policy {
    /// Whether a computed call should be committed with [`Outcome::Measured`].
    #[must_use]
    pub const fn wants_rate(&self) -> bool {
        matches!(self.gauge.kind, GaugeKind::Signal) && matches!(self.gauge.rescale, Rescale::Rate)
    }

    /// Features the scheduler wants kept per site: the ring has so many slots.
    #[must_use]
    pub const fn anchors(&self) -> u32 {
        match self.gauge.kind {
            GaugeKind::Always => 0,
            _ => self.predictor.anchors(),
        }
    }
}
