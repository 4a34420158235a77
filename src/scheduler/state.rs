//! The transitions, over borrowed lanes.

use super::Outcome;
use super::decision::{Action, Decision, Event, Reason};
use super::error::CallError;
use super::lane::{Lane, Phase};
use super::moments;
use crate::policy::{GaugeKind, Policy, Pool, VerifyKind, Wants};
use crate::predict::PredictorKind;
use crate::timeline::{Call, Timeline};

/// A scheduler's parts while one of them changes.
pub(crate) struct State<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) timeline: Timeline,
    pub(crate) lanes: &'a mut [Lane],
}

impl State<'_> {
    /// Lanes that decide together.
    pub(crate) fn together(&self) -> usize {
        if self.policy.pool == Pool::Alone {
            1
        } else {
            self.lanes.len()
        }
    }

    /// Values that a question asks for: a signal per lane that decides, and for an aligned
    /// prediction as many factors.
    pub(crate) fn wanted(&self) -> usize {
        let aligned = self.policy.predictor.kind == PredictorKind::Aligned;
        self.together() * if aligned { 2 } else { 1 }
    }

    fn lane(&mut self, lane: u32) -> Result<&mut Lane, CallError> {
        let lanes = if self.policy.pool == Pool::Alone {
            self.lanes.len()
        } else {
            1
        };
        let error = CallError::Lane {
            given: lane,
            lanes: lanes as u32,
        };
        let known = self.lanes.get_mut(..lanes).unwrap_or(&mut []);
        known.get_mut(lane as usize).ok_or(error)
    }

    /// The lanes that decide with `lane`, which is the first of them.
    fn group(&mut self, lane: u32) -> &mut [Lane] {
        let count = self.together();
        let from = self.lanes.get_mut(lane as usize..).unwrap_or(&mut []);
        from.get_mut(..count).unwrap_or(&mut [])
    }

    pub(crate) fn invalidate(&mut self, lane: u32) -> Result<(), CallError> {
        if self.lane(lane)?.phase != Phase::Idle {
            return Err(CallError::Open);
        }
        self.group(lane).iter_mut().for_each(Lane::forget);
        Ok(())
    }

    /// Opens a call; no decision means that the signal is wanted.
    pub(crate) fn begin(&mut self, call: Call) -> Result<Option<Decision>, CallError> {
        let Timeline { steps, evaluations } = self.timeline;
        let (policy, timeline) = (self.policy, self.timeline);
        let lane = self.lane(call.lane)?;
        if call.step >= steps {
            let given = call.step;
            return Err(CallError::Step { given, steps });
        }
        if call.evaluation >= evaluations {
            let given = call.evaluation;
            return Err(CallError::Evaluation { given, evaluations });
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
        lane.open(policy, timeline, call, number);
        let asked = lane.phase == Phase::Asked;
        for member in self.group(call.lane).iter_mut().skip(1) {
            member.prepare();
        }
        if asked && policy.gauge.kind == GaugeKind::Signal {
            return Ok(None);
        }
        if asked {
            self.judge(call.lane, &[], &[]);
        }
        Ok(Some(self.lane(call.lane)?.decision()))
    }

    pub(crate) fn decide(&mut self, lane: u32, values: &[f64]) -> Result<Decision, CallError> {
        let needed = self.wanted();
        if self.lane(lane)?.phase != Phase::Asked {
            return Err(CallError::NotOpen);
        }
        if values.len() != needed {
            let given = values.len();
            return Err(CallError::Values { given, needed });
        }
        let (signals, factors) = values.split_at_checked(self.together()).unwrap_or_default();
        self.judge(lane, signals, factors);
        Ok(self.lane(lane)?.decision())
    }

    /// Lets the gauge and the budget decide the open call of a lane or a pool.
    fn judge(&mut self, lane: u32, values: &[f64], factors: &[f64]) {
        let (policy, timeline) = (self.policy, self.timeline);
        let pool = policy.pool;
        let mean;
        let (group, values) = if pool == Pool::Mean {
            mean = [usable_mean(values)];
            let first = self.group(lane).get_mut(..1);
            (first.unwrap_or(&mut []), &mean[..])
        } else {
            (self.group(lane), values)
        };
        let Some(first) = group.first() else { return };
        let call = first.pending.call;
        let (mut skips, mut computes, mut unknown) = (None, None, None);
        for (i, member) in group.iter_mut().enumerate() {
            member.prepare();
            let reason = member.judge(policy, timeline, &call, values.get(i).copied());
            let first_such = match reason {
                Reason::SignalUnusable | Reason::RateUnknown => &mut unknown,
                _ if reason.allows_skip() => &mut skips,
                _ => &mut computes,
            };
            first_such.get_or_insert(reason);
        }
        // The factor of an aligned prediction: one for all that are blended together. Below 1 it
        // would go back, and a large one is not trusted.
        let factor = usable_mean(factors);
        let gamma = if factor > policy.predictor.gain {
            policy.predictor.gain
        } else if factor < 1.0 {
            1.0
        } else {
            factor
        };
        if gamma.is_nan() && !factors.is_empty() {
            unknown.get_or_insert(Reason::SignalUnusable);
        }
        // A cost that is not known is never a skip, whatever the other lanes want.
        let reason = unknown.or(match pool {
            Pool::All => skips.or(computes),
            Pool::Alone | Pool::Any | Pool::Mean => computes.or(skips),
        });
        if let (Some(first), Some(reason)) = (group.first_mut(), reason) {
            first.settle(policy, timeline, reason, gamma);
        }
    }

    pub(crate) fn commit(&mut self, lane: u32, outcome: Outcome<'_>) -> Result<Event, CallError> {
        let (policy, timeline) = (self.policy, self.timeline);
        let together = self.together();
        let first = self.lane(lane)?;
        if first.phase != Phase::Decided {
            return Err(CallError::NotOpen);
        }
        let (action, call, number) = (
            first.pending.action,
            first.pending.call,
            first.pending.number,
        );
        let values = match outcome {
            Outcome::Done => &[],
            Outcome::Measured(values) => values,
        };
        let products = action == Action::Compute && policy.wants() == Wants::Products;
        let needed = match action {
            Action::Compute if products => values.len().clamp(1, moments::FITTED),
            Action::Verify => 1,
            // Where none is wanted, a host that always hands one in is heard out.
            _ => together,
        };
        if !values.is_empty() && values.len() != needed {
            let given = values.len();
            return Err(CallError::Values { given, needed });
        }
        if action == Action::Verify
            && first.verify(policy, timeline, values.first().copied())
            && policy.verify.kind == VerifyKind::Rollback
        {
            let event = first.event();
            self.group(lane).iter_mut().for_each(Lane::rest);
            return Ok(event);
        }
        first.close(policy, timeline, if products { values } else { &[] });
        let values = if action == Action::Compute && !products {
            values
        } else {
            &[]
        };
        let mean;
        let values = if policy.pool == Pool::Mean && !values.is_empty() {
            mean = [usable_mean(values)];
            &mean[..]
        } else {
            values
        };
        for (i, member) in self.group(lane).iter_mut().enumerate() {
            let value = values.get(i).copied();
            member.spend(policy, timeline, (&call, number), action, value);
        }
        let event = self.lane(lane)?.event();
        self.group(lane).iter_mut().for_each(Lane::rest);
        Ok(event)
    }

    pub(crate) fn abandon(&mut self, lane: u32) -> Result<(), CallError> {
        if self.lane(lane)?.phase == Phase::Idle {
            return Err(CallError::NotOpen);
        }
        self.group(lane).iter_mut().for_each(Lane::rest);
        Ok(())
    }
}

/// The mean, or NaN if there is none or one of the values is NaN, infinite or negative.
fn usable_mean(values: &[f64]) -> f64 {
    if values.iter().all(|v| v.is_finite() && *v >= 0.0) {
        values.iter().sum::<f64>() / values.len() as f64
    } else {
        f64::NAN
    }
}
