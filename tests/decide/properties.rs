//! What must hold for every policy and every signal, on runs drawn at random.
//!
//! Each property is a function that says what is wrong; the tests at the end hand it something
//! wrong and want to hear it.

use proptest::prelude::*;
use refrain::policy::{Comparator, Method, Rounding, RunCount, Window};
use refrain::scheduler::{ADD_TO_SLOTS, NO_SLOT, SET_SLOTS, seal};
use refrain::text::Named;
use refrain::{Action, Begin, Call, Event, Lane, Outcome, Policy, Reason, Timeline};

use crate::corpus::difference;
use crate::host::{self, Owned, saved};
use crate::oracle::{self, Fault, Settings};
use crate::random::{self, Random, Run, call};

/// The bytes of a policy: it is plain data without padding.
fn bytes(policy: &Policy) -> &[u8] {
    // SAFETY: `Policy` is `repr(C)` of 4- and 8-byte fields laid out without padding, so every one
    // of its bytes is initialised; the slice borrows it.
    unsafe { core::slice::from_raw_parts(core::ptr::from_ref(policy).cast(), size_of::<Policy>()) }
}

/// Which guard one lane's events break.
fn broken_guard(policy: &Policy, timeline: Timeline, events: &[Event]) -> Option<&'static str> {
    let guards = &policy.guards;
    let columns = (guards.mask_len / timeline.steps).max(1);
    let consecutive = guards.run_count == RunCount::Consecutive;
    let (mut run, mut total) = (0, 0);
    for event in events {
        if !event.action.skips() {
            run = 0;
            continue;
        }
        run += 1;
        total += 1;
        let share = f64::from(event.step) / f64::from(timeline.steps);
        let half = if guards.rounding == Rounding::Down {
            0.0
        } else {
            0.5
        };
        let retained = (guards.warmup_fraction * f64::from(timeline.steps) + half).floor();
        let bit = event.step * columns + event.lane % columns;
        let masked = guards.mask[bit as usize / 32] >> (bit % 32) & 1 == 1;
        let at = match guards.window {
            Window::Share => Some(share),
            Window::Step => Some(f64::from(event.step)),
            // An event has no time.
            _ => None,
        };
        let outside = |at| at < guards.window_start || at >= guards.window_end;
        let rules = [
            ("warmup", event.step < guards.max_warmup_steps),
            ("retention", f64::from(event.step) < retained),
            ("last", timeline.steps - event.step <= guards.last_steps),
            ("window", at.is_some_and(outside)),
            ("mask", masked),
            (
                "max_run",
                consecutive
                    && guards.max_continuous_cached_steps > 0
                    && run > guards.max_continuous_cached_steps,
            ),
            ("enhance", event.step < guards.enhanced_steps && run > 1),
            (
                "max_total",
                guards.max_cached_steps > 0 && total > guards.max_cached_steps,
            ),
        ];
        if let Some((rule, _)) = rules.iter().find(|(_, broken)| *broken) {
            return Some(rule);
        }
    }
    None
}

/// What is wrong with one lane's record in itself.
fn inconsistent(events: &[Event]) -> Option<&'static str> {
    let (mut anchors, mut summed) = (0, false);
    for event in events {
        let rejected = event.action == Action::Verify && event.reason == Reason::ForecastRejected;
        if !rejected && event.reason.allows_skip() != event.action.skips() {
            return Some("the reason does not fit the action");
        }
        if event.action.skips() && anchors == 0 {
            return Some("skipped without an anchor");
        }
        let sums = event.slot == SET_SLOTS || event.slot == ADD_TO_SLOTS;
        summed |= sums;
        if !summed && event.order >= u32::max(anchors, 1) {
            return Some("more order than history");
        }
        match event.reason {
            Reason::NoHistory => anchors = 1,
            // Forecasts may take a place among the features.
            _ if event.action == Action::Compute || event.slot != NO_SLOT => anchors += 1,
            _ => {}
        }
    }
    None
}

/// The same state under a changed policy.
fn fork(scheduler: &Owned, change: fn(&mut Policy)) -> Owned {
    let mut policy = *scheduler.policy();
    change(&mut policy);
    let mut other = host::scheduler(&policy, scheduler.timeline(), scheduler.lanes().len());
    let (mut bytes, own) = (saved(scheduler), saved(&other));
    // The header's fingerprint is of the policy.
    bytes[8..16].copy_from_slice(&own[8..16]);
    seal(&mut bytes);
    other.restore(&bytes).expect("the same state");
    other
}

/// A step that the run skips, but that the changed policy computes from the same state.
fn skipped_by_itself(run: &Run, change: fn(&mut Policy)) -> Option<u32> {
    let mut forks = Vec::new();
    let verdicts = host::drive(&mut run.scheduler(), &run.inputs, |scheduler| {
        let lanes = 0..scheduler.lanes().len() as u32;
        let mut open = lanes.map(|lane| scheduler.clone().abandon(lane).is_ok());
        if !open.any(|open| open) {
            forks.push(fork(scheduler, change));
        }
    });
    let mut steps = verdicts.iter().zip(&run.inputs).zip(forks);
    let found = steps.find(|((verdict, input), fork)| {
        let mut fork = fork.clone();
        let pending = match fork.begin(call(input)).expect("in order") {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => {
                let values = host::answer(&question, input);
                fork.decide(question, &values).expect("asked")
            }
        };
        verdict.action != 'C' && !pending.decision().action.skips()
    });
    found.map(|((_, input), _)| input.step)
}

/// Runs do not grow smaller with their seed.
fn seeds() -> impl Strategy<Value = u64> {
    any::<u64>().no_shrink()
}

proptest! {
    #![proptest_config(random::cases(2000))]

    #[test]
    fn decides_as_the_oracle_does(seed in seeds()) {
        let run = random::run(seed);
        let found = host::drive(&mut run.scheduler(), &run.inputs, |_| {});
        let settings = Settings::read(&run.text);
        let oracle = oracle::run(&settings, run.steps, run.evaluations, run.lanes, &run.inputs);
        let wrong = difference(&found, &oracle);
        prop_assert!(wrong.is_none(), "{} x{} x{}: {}", run.text, run.evaluations, run.lanes, wrong.unwrap_or_default());
    }

    #[test]
    fn printing_and_reading_gives_the_same_bytes(seed in seeds()) {
        let random = &mut Random::new(seed);
        let text = random::policy(random, random::FRAME);
        let policy = Policy::parse(&text).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
        let printed = policy.to_string();
        let again = Policy::parse(&printed).map_err(|e| TestCaseError::fail(format!("{printed}: {e}")))?;
        prop_assert_eq!(&policy, &again, "{} and {}", text, printed);
        prop_assert!(bytes(&policy) == bytes(&again), "{} and {}", text, printed);
        prop_assert_eq!(again.to_string(), printed);
    }

    #[test]
    fn guards_are_kept_and_records_make_sense(seed in seeds()) {
        let run = random::run(seed);
        let (policy, timeline) = (run.policy(), run.timeline());
        for events in run.finish().1 {
            prop_assert_eq!(broken_guard(&policy, timeline, &events), None, "{}", run.text);
            prop_assert_eq!(inconsistent(&events), None, "{}", run.text);
        }
    }

    #[test]
    fn guards_only_ever_compute(seed in seeds()) {
        let run = random::run(seed);
        // What is learned in the warm-up, or counted from its end on, is not the guards' doing.
        prop_assume!(!run.rolls_back() && !run.text.contains("learned") && !run.text.contains("growth"));
        let step = skipped_by_itself(&run, |policy| {
            policy.guards = Policy::NEUTRAL.guards;
            // The family of that name wants a mask.
            policy.method = Method::Full;
        });
        prop_assert_eq!(step, None, "{}: a guard skipped", run.text);
    }

    #[test]
    fn unusable_signals_compute(seed in seeds()) {
        let run = random::run_of(&["teacache", "fbcache", "easycache"], seed);
        let verdicts = host::drive(&mut run.scheduler(), &run.inputs, |_| {});
        for (verdict, input) in verdicts.iter().zip(&run.inputs) {
            if input.signals.iter().any(|v| !v.is_finite() || *v < 0.0) {
                prop_assert_eq!(verdict.action, 'C', "{}: {:?}", run.text, input.signals);
                prop_assert_ne!(verdict.reason, "budget-spent", "{}: {:?}", run.text, input.signals);
            }
        }
    }

    #[test]
    fn a_threshold_of_zero_computes_everything(seed in seeds()) {
        let mut run = random::run_of(&["teacache", "fbcache", "easycache", "magcache"], seed);
        let family = run.family();
        let curve = if family == "magcache" { "curve=1,compare=below," } else { "" };
        run.text = format!("{family}:{curve}threshold=0");
        run.inputs.retain(|input| input.lane == 0);
        run.inputs.iter_mut().for_each(|input| input.signals.truncate(1));
        run.inputs.iter_mut().for_each(|input| input.rates.truncate(1));
        run.lanes = 1;
        prop_assert_eq!(run.policy().budget.comparator, Comparator::Below);
        let verdicts = host::drive(&mut run.scheduler(), &run.inputs, |_| {});
        prop_assert!(verdicts.iter().all(|verdict| verdict.action == 'C'));
    }

    #[test]
    fn the_same_inputs_give_the_same_run(seed in seeds(), point: usize) {
        let run = random::run(seed);
        let mut scheduler = run.scheduler();
        let first = host::drive(&mut scheduler, &run.inputs, |_| {});
        let end = saved(&scheduler);
        scheduler.reset();
        prop_assert!(saved(&scheduler) == saved(&run.scheduler()), "{}", run.text);
        let (mut at, point) = (0, point % (3 * run.inputs.len()));
        let again = host::drive(&mut scheduler, &run.inputs, |scheduler| {
            if at == point {
                host::move_house(scheduler);
            }
            at += 1;
        });
        prop_assert_eq!(again, first);
        prop_assert!(saved(&scheduler) == end, "{}", run.text);
    }

    #[test]
    fn abandoned_calls_leave_no_trace(seed in seeds()) {
        let run = random::run(seed);
        prop_assume!(!run.rolls_back());
        let mut scheduler = run.scheduler();
        let first = host::drive(&mut scheduler, &run.inputs, |_| {});
        let end = saved(&scheduler);
        scheduler.reset();
        let mut inputs = run.inputs.iter().cycle();
        let again = host::drive(&mut scheduler, &run.inputs, |scheduler| {
            let open = (0..scheduler.lanes().len()).any(|lane| scheduler.clone().abandon(lane as u32).is_ok());
            if open {
                return;
            }
            let input = inputs.next().expect("a cycle");
            let before = saved(scheduler);
            let call = Call { evaluation: input.evaluation, lane: input.lane as u32, ..Call::new(input.step) };
            if let Begin::Needs(question) = scheduler.begin(call).expect("in order") && input.step.is_multiple_of(2) {
                let values = host::answer(&question, input);
                let _pending = scheduler.decide(question, &values).expect("asked");
            }
            scheduler.abandon(call.lane).expect("open");
            assert!(saved(scheduler) == before, "{}: step {}", run.text, input.step);
        });
        prop_assert_eq!(again, first);
        prop_assert!(saved(&scheduler) == end, "{}", run.text);
    }

    #[test]
    fn no_sequence_of_calls_panics_and_errors_change_nothing(seed in seeds()) {
        let run = random::run(seed);
        let random = &mut Random::new(!seed);
        let (mut scheduler, mut other) = (run.scheduler(), run.scheduler());
        let (mut questions, mut pendings) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            let before = saved(&scheduler);
            let lane = random.below(run.lanes as u64 + 1) as u32;
            let values: Vec<f64> = (0..random.below(4)).map(|_| f64::from_bits(random.bits())).collect();
            let refused = match random.below(9) {
                0..3 => {
                    let call = Call {
                        step: random.below(u64::from(run.steps) + 2) as u32,
                        evaluation: random.below(3) as u32,
                        lane,
                        reserved: 0,
                        time: if random.one_in(9) { f64::NAN } else { f64::from_bits(random.bits()) },
                    };
                    match scheduler.begin(call) {
                        Ok(Begin::Decided(pending)) => { pendings.push(pending); None }
                        Ok(Begin::Needs(question)) => { questions.push(question); None }
                        Err(error) => Some(error.to_string()),
                    }
                }
                3..5 => questions.pop().and_then(|question| match scheduler.decide(question, &values) {
                    Ok(pending) => { pendings.push(pending); None }
                    Err(error) => Some(error.to_string()),
                }),
                5..7 => pendings.pop().and_then(|pending| {
                    let outcome = if random.one_in(2) { Outcome::Done } else { Outcome::Measured(&values) };
                    scheduler.commit(pending, outcome).err().map(|error| error.to_string())
                }),
                7 => scheduler.abandon(lane).err().map(|error| error.to_string()),
                _ => {
                    // Questions of one scheduler do not fit another; neither does a wrong order.
                    core::mem::swap(&mut scheduler, &mut other);
                    prop_assert!(scheduler.stats().calls <= 200);
                    continue;
                }
            };
            if let Some(error) = refused {
                prop_assert!(saved(&scheduler) == before, "{}: {}", run.text, error);
            }
            for (slot, pending) in pendings.iter().enumerate() {
                let weights = pending.decision().weights;
                prop_assert!(weights.iter().all(|w| w.is_finite()), "{}: {slot}: {weights:?}", run.text);
            }
        }
    }

    #[test]
    fn damaged_bytes_are_refused_or_harmless(seed in seeds()) {
        let run = random::run(seed);
        let random = &mut Random::new(!seed);
        let mut scheduler = run.scheduler();
        let stop = random.below(3 * run.inputs.len() as u64);
        let (mut at, mut damaged) = (0, Vec::new());
        host::drive(&mut scheduler, &run.inputs, |scheduler| {
            if at == stop {
                damaged = saved(scheduler);
            }
            at += 1;
        });
        prop_assume!(!damaged.is_empty());
        for _ in 0..1 + random.below(6) {
            let at = random.below(damaged.len() as u64) as usize;
            damaged[at] = if random.one_in(2) { 0xff } else { random.bits() as u8 };
        }
        // Whole numbers at their ends.
        for _ in 0..random.below(4) {
            let at = 4 * random.below(damaged.len() as u64 / 4) as usize;
            let end = [0, 1, u32::MAX - 1, u32::MAX][random.below(4) as usize];
            damaged[at..at + 4].copy_from_slice(&end.to_le_bytes());
        }
        if random.one_in(8) {
            damaged.truncate(random.below(damaged.len() as u64) as usize);
        }
        // Else the checksum would have the rest never be looked at.
        seal(&mut damaged);
        let mut scheduler = run.scheduler();
        let before = saved(&scheduler);
        if let Err(error) = scheduler.restore(&damaged) {
            prop_assert!(saved(&scheduler) == before, "{}", error);
            return Ok(());
        }
        prop_assert!(saved(&scheduler) == damaged);
        for lane in 0..run.lanes {
            let _ = scheduler.abandon(lane as u32);
        }
        for input in &run.inputs {
            let call = call(input);
            let pending = match scheduler.begin(call) {
                Ok(Begin::Decided(pending)) => pending,
                Ok(Begin::Needs(question)) => {
                    let values = host::answer(&question, input);
                    scheduler.decide(question, &values).expect("asked")
                }
                Err(_) => continue,
            };
            let decision = pending.decision();
            prop_assert!(decision.weights.iter().all(|w| w.is_finite()));
            prop_assert_eq!(decision.action.skips(), decision.reason.allows_skip());
            if decision.action.skips() {
                let used = decision.weights.iter().rposition(|w| *w != 0.0).map_or(0, |slot| slot as u32 + 1);
                prop_assert!(used <= scheduler.policy().anchors());
            }
            scheduler.commit(pending, Outcome::Done).expect("decided");
        }
    }
}

#[test]
fn a_broken_guard_is_noticed() {
    let mut noticed = Vec::new();
    for seed in 0..2000 {
        let run = random::run(seed);
        let mut free = run.clone();
        // The same run without one of its guards.
        let (family, items) = run.text.split_once(':').unwrap_or((&run.text, ""));
        let Some(guard) = items.split(',').find(|item| {
            [
                "warmup",
                "retention",
                "last",
                "start",
                "mask",
                "max_run",
                "max_total",
            ]
            .contains(&item.split('=').next().unwrap_or(""))
        }) else {
            continue;
        };
        let key = guard.split('=').next().unwrap_or("");
        // What has no effect without it goes with it.
        let with = |item: &str| item.starts_with("rounding") || item.starts_with("run_count");
        let alone = !matches!(key, "retention" | "max_run");
        let left = items.split(',').filter(|item| *item != guard);
        let left: Vec<_> = left.filter(|item| alone || !with(item)).collect();
        let extra = match key {
            "warmup" => ",warmup=0",
            "last" => ",last=0",
            _ => "",
        };
        free.text = format!("{family}:{}{extra}", left.join(",")).replace(":,", ":");
        for events in free.finish().1 {
            noticed.extend(broken_guard(&run.policy(), run.timeline(), &events));
        }
    }
    for rule in [
        "warmup",
        "retention",
        "last",
        "window",
        "mask",
        "max_run",
        "max_total",
    ] {
        assert!(noticed.contains(&rule), "no broken {rule} was noticed");
    }
}

#[test]
fn a_record_that_makes_no_sense_is_noticed() {
    let run = (0..)
        .map(random::run)
        .find(|run| run.text.starts_with("taylorseer") && run.steps > 20);
    let events = run.expect("there are many").finish().1.remove(0);
    assert_eq!(inconsistent(&events), None);
    let spoilt = |spoil: fn(&mut Event)| {
        let mut events = events.clone();
        events.iter_mut().for_each(spoil);
        inconsistent(&events)
    };
    assert!(spoilt(|event| event.reason = Reason::Free).is_some());
    assert!(spoilt(|event| event.order = 99).is_some());
    assert!(spoilt(|event| (event.action, event.reason) = (Action::Reuse, Reason::Free)).is_some());
}

#[test]
fn an_oracle_with_a_fault_is_told_apart() {
    for fault in Fault::ALL {
        let caught = (0..5000).any(|seed| {
            let run = random::run(seed);
            let found = host::drive(&mut run.scheduler(), &run.inputs, |_| {});
            let mut settings = Settings::read(&run.text);
            settings.fault = Some(fault);
            let oracle = oracle::run(
                &settings,
                run.steps,
                run.evaluations,
                run.lanes,
                &run.inputs,
            );
            difference(&found, &oracle).is_some()
        });
        assert!(caught, "random runs do not notice {fault:?}");
    }
}

#[test]
fn random_runs_reach_every_reason_and_action() {
    let mut reasons = vec![0_u32; Reason::ALL.len()];
    let mut letters = String::new();
    for seed in 0..500 {
        let events = random::run(seed).finish().1;
        for event in events.iter().flatten() {
            reasons[event.reason as usize] += 1;
            letters.push(event.action.letter());
        }
    }
    assert!(reasons.iter().all(|count| *count > 0), "{reasons:?}");
    assert!(
        Action::ALL
            .iter()
            .all(|action| letters.contains(action.letter()))
    );
}

/// The properties that compare states would notice any transition.
#[test]
fn every_transition_changes_the_saved_bytes() {
    let policy = Policy::parse("teacache:threshold=1").expect("valid");
    let mut scheduler = host::scheduler(&policy, Timeline::new(4), 1);
    let mut states = vec![saved(&scheduler)];
    for step in 0..2 {
        let begun = scheduler.begin(Call::new(step)).expect("in order");
        states.push(saved(&scheduler));
        let pending = match begun {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => scheduler.decide(question, &[0.1]).expect("asked"),
        };
        states.push(saved(&scheduler));
        scheduler.commit(pending, Outcome::Done).expect("decided");
        states.push(saved(&scheduler));
    }
    scheduler.invalidate(0).expect("idle");
    states.push(saved(&scheduler));
    states.dedup();
    // The first call is decided by `begin`; all other transitions show.
    assert_eq!(states.len(), 7);
    assert!(scheduler.lanes()[0] != Lane::NEW);
    scheduler.reset();
    assert_eq!(states[0], saved(&scheduler));
}

#[test]
fn a_guard_that_skips_is_noticed() {
    // The wrong way round: the fork has a guard that the run lacks.
    let run = random::run_of_text("interval:interval=9,last=0", 8);
    let longer = |policy: &mut Policy| policy.guards.max_continuous_cached_steps = 2;
    assert_eq!(skipped_by_itself(&run, longer), Some(3));
    assert_eq!(skipped_by_itself(&run, |_| {}), None);
}
