//! A host: answers a scheduler's questions from a list, keeps the anchors, blends them.

use refrain::policy::{SplitKind, VerifyKind, Wants};
use refrain::predict::MAX_ANCHORS;
use refrain::scheduler::{ADD_TO_SLOTS, SET_SLOTS};
use refrain::text::Named;
use refrain::{Action, Begin, Decision, Lane, Outcome, Policy, Reason, Scheduler, Timeline};

use crate::oracle::{Feature, Input, Verdict};
use crate::random::call;

pub(crate) type Owned = Scheduler<Vec<Lane>>;

/// A scheduler with that many lanes.
pub(crate) fn scheduler(policy: &Policy, timeline: Timeline, lanes: usize) -> Owned {
    Scheduler::new(*policy, timeline, vec![Lane::NEW; lanes]).expect("the policy fits the timeline")
}

/// What is kept of one lane, or of the first of a pool.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    slots: [Feature; MAX_ANCHORS],
    /// How large the parts were that each slot was forecast from, one forecast after the other.
    carried: [f64; MAX_ANCHORS],
    /// Computed features, newest first.
    newest: Vec<f64>,
}

impl Kept {
    pub(crate) const NOTHING: Self = Self {
        slots: [[f64::NAN; 2]; MAX_ANCHORS],
        carried: [0.0; MAX_ANCHORS],
        newest: Vec::new(),
    };

    /// What the site gives, or what stands in for it, and how large its parts are.
    pub(crate) fn carry_out(
        &mut self,
        policy: &Policy,
        decision: &Decision,
        computed: Feature,
    ) -> (Feature, f64) {
        let (mut feature, mut scale) = (computed, computed.iter().map(|part| part.abs()).sum());
        if decision.action.skips() {
            (feature, scale) = self.blend(policy, decision);
        } else {
            self.newest.insert(0, computed[0] + computed[1]);
        }
        (feature, scale)
    }

    /// Keeps what is to be kept, once it stands.
    pub(crate) fn keep(&mut self, decision: &Decision, feature: Feature, scale: f64) {
        let sums = decision.slot == SET_SLOTS || decision.slot == ADD_TO_SLOTS;
        for (slot, weight) in self.slots.iter_mut().zip(decision.weights) {
            for (kept, part) in slot.iter_mut().zip(feature) {
                if sums && decision.slot == SET_SLOTS {
                    *kept = 0.0;
                }
                if sums {
                    *kept += f64::from(weight) * part;
                }
            }
        }
        if let Some(slot) = self.slots.get_mut(decision.slot as usize) {
            *slot = feature;
            let forecast = decision.action.skips();
            self.carried[decision.slot as usize] = if forecast { scale } else { 0.0 };
        }
    }

    fn blend(&self, policy: &Policy, decision: &Decision) -> (Feature, f64) {
        let split = policy.split.kind == SplitKind::Band;
        let low = if split {
            decision.low_weights
        } else {
            decision.weights
        };
        let (mut feature, mut scale) = ([0.0; 2], 0.0);
        for (part, weights) in [low, decision.weights].iter().enumerate() {
            // A slot with weight 0 may never have been written.
            let pairs = weights.iter().zip(&self.slots);
            for (weight, slot) in pairs.filter(|(w, _)| **w != 0.0) {
                let one = f64::from(*weight) * slot[part];
                feature[part] += one;
                scale += one.abs();
            }
        }
        let pairs = decision.weights.iter().zip(self.carried);
        let read = pairs.filter(|(weight, _)| **weight != 0.0);
        scale += read.map(|(_, carried)| carried).fold(0.0, f64::max);
        if policy.wants() == Wants::Products {
            // Its weights are those of the whole feature.
            feature = [0.0, feature[0] + feature[1]];
        }
        (feature, scale)
    }

    /// Products of the newest computed feature with those that are kept.
    pub(crate) fn products(&self) -> Vec<f64> {
        let newest = self.newest.iter().take(6);
        newest.map(|kept| kept * self.newest[0]).collect()
    }
}

/// The answer to a question.
pub(crate) fn answer(question: &refrain::scheduler::Question, input: &Input) -> Vec<f64> {
    let mut values = input.signals.clone();
    if question.aligned {
        values.extend(&input.factors);
    }
    assert_eq!(question.values, values.len());
    values
}

/// What a call is committed with.
pub(crate) fn measured(policy: &Policy, action: Action, input: &Input, kept: &Kept) -> Vec<f64> {
    if action == Action::Verify {
        return Some(input.error)
            .filter(|e| !e.is_nan())
            .into_iter()
            .collect();
    }
    if action.skips() {
        return Vec::new();
    }
    match policy.wants() {
        Wants::Products => kept.products(),
        _ => input.rates.clone(),
    }
}

/// `Done` for nothing.
pub(crate) fn outcome(values: &[f64]) -> Outcome<'_> {
    if values.is_empty() {
        Outcome::Done
    } else {
        Outcome::Measured(values)
    }
}

/// Makes every call of a run. `between` sees the scheduler before and after each transition, with
/// calls open or not, and may put another one in its place.
pub(crate) fn drive(
    scheduler: &mut Owned,
    inputs: &[Input],
    mut between: impl FnMut(&mut Owned),
) -> Vec<Verdict> {
    let policy = *scheduler.policy();
    let mut kept = vec![Kept::NOTHING; scheduler.lanes().len()];
    let mut verdicts = Vec::new();
    for input in inputs {
        if input.invalidated {
            scheduler
                .invalidate(input.lane as u32)
                .expect("no call is open");
            kept[input.lane] = Kept::NOTHING;
        }
        let mut again = true;
        while again {
            between(scheduler);
            let pending = match scheduler.begin(call(input)).expect("calls are in order") {
                Begin::Decided(pending) => {
                    between(scheduler);
                    pending
                }
                Begin::Needs(question) => {
                    let values = answer(&question, input);
                    between(scheduler);
                    let pending = scheduler.decide(question, &values).expect("asked");
                    between(scheduler);
                    pending
                }
            };
            let decision = *pending.decision();
            let kept = &mut kept[input.lane];
            let (feature, scale) = kept.carry_out(&policy, &decision, input.feature);
            let values = measured(&policy, decision.action, input, kept);
            let event = scheduler
                .commit(pending, outcome(&values))
                .expect("decided");
            let rejected = decision.action == Action::Verify && event.reason != decision.reason;
            assert_eq!(
                (event.action, event.order, event.slot),
                (decision.action, decision.order, decision.slot)
            );
            let reason = if rejected {
                Reason::ForecastRejected
            } else {
                decision.reason
            };
            assert_eq!(event.reason, reason);
            verdicts.push(Verdict {
                action: decision.action.letter(),
                reason: reason.name(),
                order: decision.order as usize,
                feature,
                scale,
            });
            again = rejected && policy.verify.kind == VerifyKind::Rollback;
            if !again {
                kept.keep(&decision, feature, scale);
            }
        }
    }
    verdicts
}

/// The state as bytes.
pub(crate) fn saved(scheduler: &Owned) -> Vec<u8> {
    let mut bytes = vec![0; scheduler.saved_bytes()];
    scheduler.save(&mut bytes).expect("as long as asked for");
    bytes
}

/// Puts a new scheduler with the same saved state in the old one's place.
pub(crate) fn move_house(scheduler: &mut Owned) {
    let bytes = saved(scheduler);
    let mut new = self::scheduler(
        scheduler.policy(),
        scheduler.timeline(),
        scheduler.lanes().len(),
    );
    new.restore(&bytes).expect("just saved");
    assert_eq!(saved(&new), bytes);
    assert_eq!(new.stats(), scheduler.stats());
    *scheduler = new;
}
