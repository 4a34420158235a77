//! A host: answers a scheduler's questions from a list, keeps the anchors, blends them.

use refrain::predict::MAX_ANCHORS;
use refrain::text::Named;
use refrain::{Begin, Call, Lane, Outcome, Policy, Scheduler, Timeline};

use crate::oracle::{Input, Verdict};

pub(crate) type Owned = Scheduler<Vec<Lane>>;

/// A scheduler with that many lanes.
pub(crate) fn scheduler(policy: &Policy, timeline: Timeline, lanes: usize) -> Owned {
    Scheduler::new(policy, timeline, vec![Lane::NEW; lanes]).expect("the policy fits the timeline")
}

/// Makes every call of a run. `between` sees the scheduler before and after each transition, with
/// calls open or not, and may put another one in its place.
pub(crate) fn drive(
    scheduler: &mut Owned,
    inputs: &[Input],
    mut between: impl FnMut(&mut Owned),
) -> Vec<Verdict> {
    let mut anchors = vec![[f64::NAN; MAX_ANCHORS]; scheduler.lanes().len()];
    inputs
        .iter()
        .map(|input| {
            let lane = input.lane as u32;
            if input.invalidated {
                scheduler.invalidate(lane).expect("no call is open");
                anchors[input.lane] = [f64::NAN; MAX_ANCHORS];
            }
            between(scheduler);
            let call = Call {
                evaluation: input.evaluation,
                lane,
                time: input.time,
                ..Call::new(input.step)
            };
            let pending = match scheduler.begin(call).expect("calls are in order") {
                Begin::Decided(pending) => {
                    between(scheduler);
                    pending
                }
                Begin::Needs(question) => {
                    assert_eq!(question.values, input.signals.len());
                    between(scheduler);
                    let pending = scheduler.decide(question, &input.signals).expect("asked");
                    between(scheduler);
                    pending
                }
            };
            let decision = *pending.decision();
            let kept = &mut anchors[input.lane];
            let (feature, scale) = if decision.action.skips() {
                let pairs = decision.weights.iter().zip(kept);
                let weighed = pairs.filter(|(w, _)| **w != 0.0);
                let parts: Vec<f64> = weighed.map(|(w, anchor)| f64::from(*w) * *anchor).collect();
                (
                    parts.iter().sum(),
                    parts.iter().map(|part| part.abs()).sum(),
                )
            } else {
                if let Some(slot) = kept.get_mut(decision.slot as usize) {
                    *slot = input.feature;
                }
                (input.feature, input.feature.abs())
            };
            let outcome = if decision.action.skips() || input.rates.is_empty() {
                Outcome::Done
            } else {
                Outcome::Measured(&input.rates)
            };
            let event = scheduler.commit(pending, outcome).expect("decided");
            assert_eq!(
                (event.action, event.reason, event.order, event.slot),
                (
                    decision.action,
                    decision.reason,
                    decision.order,
                    decision.slot
                )
            );
            Verdict {
                action: decision.action.letter(),
                reason: decision.reason.name(),
                order: decision.order as usize,
                feature,
                scale,
            }
        })
        .collect()
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
