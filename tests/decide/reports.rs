//! What a host is told of a run: events, counters, the trace, the notice.

use proptest::prelude::*;
use refrain::policy::{Comparator, GaugeKind, Pool, Scale};
use refrain::scheduler::Notice;
use refrain::text::Named;
use refrain::{Action, Event, Policy, Reason, Scheduler, Stats, Timeline, Trace};

use crate::host;
use crate::oracle::Input;
use crate::random::{self, Run};

/// The counters as the events have them.
fn counted(events: &[Event]) -> Stats {
    let mut stats = Stats::default();
    for event in events {
        stats.calls += 1;
        match event.action {
            Action::Compute => stats.computed += 1,
            Action::Reuse => stats.reused += 1,
            Action::Predict => stats.predicted += 1,
            Action::Verify => stats.verified += 1,
            other => panic!("{other} is not counted"),
        }
        stats.reasons[event.reason as usize] += 1;
    }
    stats
}

/// Whether so much is more than allowed, where that is the same throughout the run.
fn over_budget(policy: &Policy, spent: f64) -> bool {
    let budget = &policy.budget;
    let same = budget.scale == Scale::Constant
        && (budget.early_factor, budget.late_factor) == (1.0, 1.0)
        && matches!(policy.gauge.kind, GaugeKind::Signal | GaugeKind::Curve);
    same && match budget.comparator {
        Comparator::Below => spent >= budget.threshold,
        Comparator::AtMost => spent > budget.threshold,
    }
}

/// What is wrong with an event's signal or spending.
fn misreported(policy: &Policy, event: &Event, signal: f64) -> Option<&'static str> {
    let measured = policy.gauge.kind == GaugeKind::Signal;
    let judged = matches!(
        event.reason,
        Reason::WithinBudget | Reason::BudgetSpent | Reason::RateUnknown
    );
    let expected = if measured && judged { signal } else { -1.0 };
    // A signal may be usable and its cost not.
    let unusable = event.reason == Reason::SignalUnusable;
    if event.signal != expected && !(unusable && event.signal == signal) {
        return Some("the signal is another one");
    }
    if event.reason == Reason::WithinBudget && over_budget(policy, event.spent) {
        return Some("more is spent than allowed");
    }
    if event.action == Action::Compute && policy.budget.reset == 1 && event.spent != 0.0 {
        return Some("a computed call did not restart the budget");
    }
    None
}

/// The notice before the run, and after it.
fn notices(run: &Run) -> (Notice, Notice, Stats) {
    let before = run.scheduler().notice();
    let (after, _) = run.finish();
    (before, after.notice(), after.stats())
}

proptest! {
    #![proptest_config(random::cases(1000))]

    #[test]
    fn counters_are_those_of_the_events(seed in any::<u64>().no_shrink()) {
        let run = random::run(seed);
        let (scheduler, events) = run.finish();
        let all: Vec<Event> = events.concat();
        prop_assert_eq!(scheduler.stats(), counted(&all), "{}", run.text);
        prop_assert_eq!(scheduler.stats().skipped(), all.iter().filter(|event| event.action.skips()).count() as u32);
        for reason in Reason::ALL {
            let count = all.iter().filter(|event| event.reason == *reason).count() as u32;
            prop_assert_eq!(scheduler.stats().with_reason(*reason), count);
        }
    }

    #[test]
    fn events_say_what_was_measured_and_spent(seed in any::<u64>().no_shrink()) {
        let run = random::run(seed);
        let policy = run.policy();
        let (_, events) = run.finish();
        // A pool's event is of its first lane or of the mean; the oracle compares what it decides.
        let apart = policy.pool == Pool::Alone;
        for (lane, events) in events.iter().enumerate().filter(|_| apart) {
            let inputs = run.inputs.iter().filter(|input| input.lane == lane);
            for (event, input) in events.iter().zip(inputs) {
                let wrong = misreported(&policy, event, input.signals[0]);
                prop_assert_eq!(wrong, None, "{}: {:?}", run.text, event);
            }
        }
    }

    #[test]
    fn the_notice_is_true(seed in any::<u64>().no_shrink()) {
        let run = random::run(seed);
        let (before, after, stats) = notices(&run);
        match before {
            Notice::CannotSkip => {
                prop_assert_eq!(stats.skipped(), 0, "{} on {} steps", run.text, run.steps);
                prop_assert_eq!(after, Notice::CannotSkip);
            }
            Notice::None => {
                // Where nothing is measured, what can be skipped is.
                let counted = ["interval", "taylorseer", "mask"].contains(&run.family());
                let renewed = run.inputs.iter().any(|input| input.invalidated);
                prop_assert!(!counted || renewed || stats.skipped() > 0, "{} on {} steps x{}", run.text, run.steps, run.evaluations);
                let nothing = run.family() != "full" && stats.skipped() == 0;
                prop_assert_eq!(after, if nothing { Notice::NothingSkipped } else { Notice::None }, "{}", run.text);
            }
            Notice::NothingSkipped => prop_assert!(false, "before the run: {}", run.text),
        }
    }
}

#[test]
fn notices_by_name() {
    let notice = |text: &str, steps| {
        let policy = Policy::parse(text).expect("valid");
        let new = Scheduler::new(&policy, Timeline::new(steps), [refrain::Lane::NEW; 1]);
        new.expect("valid").notice()
    };
    assert_eq!(notice("full", 4), Notice::None);
    assert_eq!(notice("interval", 3), Notice::None);
    assert_eq!(notice("interval", 2), Notice::CannotSkip);
    assert_eq!(notice("interval:interval=1", 50), Notice::CannotSkip);
    assert_eq!(notice("easycache", 6), Notice::CannotSkip);
    assert_eq!(notice("mask:1111", 4), Notice::CannotSkip);
    assert_eq!(notice("mask:0000", 4), Notice::None);
    assert_eq!(notice("mask:0000,start=0.75", 4), Notice::CannotSkip);
    // Step 7 of 100 opens the window, as its quotient has it.
    assert_eq!(notice("interval:start=0.07,end=0.08", 100), Notice::None);
    assert_eq!(
        notice("interval:start=0.071,end=0.08", 100),
        Notice::CannotSkip
    );
    // The first call has nothing to reuse; a second evaluation of its step has.
    assert_eq!(notice("interval:warmup=0,last=0", 1), Notice::CannotSkip);
    let policy = Policy::parse("interval:warmup=0,last=0").expect("valid");
    let twice = Timeline {
        steps: 1,
        evaluations: 2,
    };
    assert_eq!(host::scheduler(&policy, twice, 1).notice(), Notice::None);
    let (before, after, _) = notices(&random::run_of_text("teacache:threshold=0.05", 6));
    assert_eq!((before, after), (Notice::None, Notice::NothingSkipped));
}

#[test]
fn a_run_is_over_when_every_lane_is() {
    let mut run = random::run_of_text("teacache:threshold=0.05", 6);
    run.lanes = 2;
    assert_eq!(run.finish().0.notice(), Notice::None, "one lane is to come");
    let other = run
        .inputs
        .clone()
        .into_iter()
        .map(|input| Input { lane: 1, ..input });
    run.inputs.extend(other);
    assert_eq!(run.finish().0.notice(), Notice::NothingSkipped);
}

#[test]
fn a_trace_is_its_events() {
    let (_, events) = random::run_of_text("taylorseer:interval=3,warmup=2", 9).finish();
    let mut trace = Trace::new();
    trace.push(events[0][0]);
    trace.extend(events[0][1..].iter().copied());
    assert_eq!(trace.to_string(), "CCppCppCC");
    assert_eq!((trace.computed(), trace.events()), (5, &events[0][..]));
}

#[test]
fn a_wrong_report_is_noticed() {
    let run = random::run_of_text("teacache:threshold=0.25", 8);
    let (policy, events) = (run.policy(), run.finish().1.concat());
    let skip = events
        .iter()
        .find(|event| event.action.skips())
        .expect("one is skipped");
    assert_eq!(misreported(&policy, skip, 0.1), None);
    assert!(misreported(&policy, skip, 0.2).is_some());
    assert!(
        misreported(
            &policy,
            &Event {
                spent: 0.25,
                ..*skip
            },
            0.1
        )
        .is_some()
    );
    let computed = Event {
        action: Action::Compute,
        ..*skip
    };
    assert!(misreported(&policy, &computed, 0.1).is_some());
    assert_ne!(counted(&events), counted(&events[1..]));
}
