//! Lanes and schedulers do not see each other; a batch of equal samples is a batch of one.

use proptest::prelude::*;
use refrain::Timeline;
use refrain::policy::Pool;
use refrain::text::Named;

use crate::host::{self, saved};
use crate::oracle::{Input, Verdict};
use crate::random::{self, Run};

/// The run's first lane alone, without a pool.
fn alone(run: &Run) -> Run {
    let mut one = run.clone();
    one.lanes = 1;
    one.inputs.retain(|input| input.lane == 0);
    for input in &mut one.inputs {
        input.signals.truncate(1);
        input.rates.truncate(1);
        input.factors.truncate(1);
    }
    one
}

/// Two lanes that see what the first of a run sees, in one pool.
fn doubled(run: &Run, pool: Pool) -> Run {
    let mut two = alone(run);
    two.lanes = 2;
    for input in &mut two.inputs {
        for list in [&mut input.signals, &mut input.rates, &mut input.factors] {
            list.extend_from_within(..);
        }
    }
    let (family, items) = two.text.split_once(':').unwrap_or((&two.text, ""));
    let items = items.split(',').filter(|item| !item.starts_with("pool="));
    let items: Vec<_> = items.filter(|item| !item.is_empty()).collect();
    let pool = format!("pool={}", pool.name());
    let items = items.into_iter().map(str::to_owned).chain([pool]);
    two.text = format!("{family}:{}", items.collect::<Vec<_>>().join(","));
    two
}

fn verdicts(run: &Run) -> Vec<Verdict> {
    host::drive(&mut run.scheduler(), &run.inputs, |_| {})
}

/// A run that a pool of lanes can make, too.
fn poolable(run: &Run) -> bool {
    let columns = run.policy().guards.mask_len > run.steps;
    run.family() != "full" && !columns && !run.text.contains("aligned")
}

proptest! {
    #![proptest_config(random::cases(500))]

    #[test]
    fn a_batch_of_two_equal_samples_is_a_batch_of_one(seed in any::<u64>().no_shrink()) {
        let run = random::run(seed);
        prop_assume!(poolable(&run));
        let one = verdicts(&alone(&run));
        for pool in [Pool::Any, Pool::All, Pool::Mean] {
            prop_assert_eq!(&verdicts(&doubled(&run, pool)), &one, "{} of {}", pool, run.text);
        }
    }

    #[test]
    fn lanes_that_decide_alone_do_not_see_each_other(seed in any::<u64>().no_shrink()) {
        let run = random::run(seed);
        prop_assume!(run.policy().pool == Pool::Alone && run.lanes > 1 && !run.rolls_back());
        prop_assume!(run.policy().guards.mask_len <= run.steps);
        let all = verdicts(&run);
        let own = all.iter().zip(&run.inputs).filter(|(_, input)| input.lane == 0);
        let own: Vec<_> = own.map(|(verdict, _)| verdict.clone()).collect();
        prop_assert_eq!(own, verdicts(&alone(&run)), "{}", run.text);
    }

    #[test]
    fn two_schedulers_never_interact(a in any::<u64>().no_shrink(), b in any::<u64>().no_shrink()) {
        let (a, b) = (random::run(a), random::run(b));
        let (first, second) = (verdicts(&a), verdicts(&b));
        let mut other = b.scheduler();
        let mut steps = b.inputs.chunks(1);
        let mut between = Vec::new();
        let again = host::drive(&mut a.scheduler(), &a.inputs, |_| {
            if let Some(input) = steps.next() {
                between.push(saved(&other));
                let _ = host::drive(&mut other, input, |_| {});
            }
        });
        prop_assert_eq!(again, first);
        // Driven call by call, what is kept is not; what is decided is the same.
        let mut plain = b.scheduler();
        for (input, state) in b.inputs.chunks(1).zip(&between) {
            prop_assert!(saved(&plain) == *state, "{}", b.text);
            let _ = host::drive(&mut plain, input, |_| {});
        }
        prop_assert_eq!(verdicts(&b), second);
    }

    #[test]
    fn the_last_step_is_computed_unless_asked_otherwise(seed in any::<u64>().no_shrink()) {
        let run = random::run(seed);
        prop_assume!(!run.text.contains("last="));
        for events in run.finish().1 {
            let last = events.iter().filter(|event| event.step + 1 == run.steps);
            prop_assert!(last.clone().all(|event| !event.action.skips()), "{}", run.text);
        }
    }

    #[test]
    fn new_anchors_are_computed_first(seed in any::<u64>().no_shrink()) {
        let run = random::run(seed);
        prop_assume!(!run.rolls_back());
        for (verdict, input) in verdicts(&run).iter().zip(&run.inputs) {
            prop_assert!(!input.invalidated || verdict.action == 'C', "{}", run.text);
        }
    }
}

#[test]
fn a_batch_of_unequal_samples_is_told_apart() {
    let run = random::run_of_text("teacache:threshold=0.25", 12);
    let one = verdicts(&run);
    let mut two = doubled(&run, Pool::Any);
    assert_eq!(verdicts(&two), one);
    two.inputs
        .iter_mut()
        .for_each(|input| input.signals[1] = 0.2);
    assert_ne!(verdicts(&two), one);
}

#[test]
fn heun_makes_two_calls_a_step() {
    let inputs: Vec<_> = (0..12)
        .map(|call| Input {
            step: call / 2,
            evaluation: call % 2,
            ..Input::at(call)
        })
        .collect();
    let policy = refrain::Policy::parse("interval:interval=4").expect("valid");
    let timeline = Timeline {
        steps: 6,
        evaluations: 2,
    };
    let mut scheduler = host::scheduler(&policy, timeline, 1);
    let verdicts = host::drive(&mut scheduler, &inputs, |_| {});
    let trace: String = verdicts.iter().map(|verdict| verdict.action).collect();
    assert_eq!(trace, "CCrrrCrrrCCC");
    assert_eq!(scheduler.stats().calls, 12);
}

#[test]
fn an_unprotected_last_step_and_old_anchors_are_noticed() {
    let skipped_last = |text: &str| {
        let events = random::run_of_text(text, 8).finish().1.concat();
        events[7].action.skips()
    };
    assert!(!skipped_last("interval:interval=9"));
    assert!(skipped_last("interval:interval=9,last=0"));
    let mut run = random::run_of_text("interval:interval=9", 8);
    assert_eq!(verdicts(&run)[4].action, 'r');
    run.inputs[4].invalidated = true;
    assert_eq!(verdicts(&run)[4].action, 'C');
}
