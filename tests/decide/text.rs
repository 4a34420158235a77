//! What a user reads when a policy, a timeline or a call is refused, word for word.

use proptest::prelude::*;
use refrain::policy::{KEYS, Method, ParseError, tables};
use refrain::scheduler::{SavedError, seal};
use refrain::text::Named;
use refrain::{Begin, Call, CallError, Lane, Outcome, Policy, PolicyError, Scheduler, Timeline};

use crate::random::{self, Random};
use crate::refused::{NOT_ON_28_STEPS, REFUSED};

fn refusal(text: &str) -> String {
    match Policy::parse(text) {
        Ok(policy) => panic!("`{text}` is read as {policy}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn texts_are_refused_word_for_word() {
    let all = Method::ALL.iter().map(|method| method.name());
    let all = all.collect::<Vec<_>>().join(", ");
    let mut wrong = Vec::new();
    for (text, message) in REFUSED {
        let found = match Policy::parse(text) {
            Ok(policy) => format!("is read as {policy}"),
            Err(error) => error.to_string(),
        };
        if found != message.replace("{all}", &all) {
            wrong.push(format!("`{text}`: {found}\n  expected {message}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_ne!(refusal(REFUSED[0].0), REFUSED[1].1);
}

/// A variant that is added wants its message here.
#[test]
fn every_kind_of_refusal_is_there() {
    let (mut parse, mut policy) = ([0; 7], [0; 2]);
    for (text, _) in REFUSED {
        let kind = match Policy::parse(text).expect_err("refused") {
            ParseError::Method { .. } => 0,
            ParseError::Key { .. } => 1,
            ParseError::Item { .. } => 2,
            ParseError::Repeated { .. } => 3,
            ParseError::Value { .. } => 4,
            ParseError::Model { .. } => 5,
            ParseError::Policy(error) => {
                let kind = match error {
                    PolicyError::NoEffect { .. } => 0,
                    // Most values out of range are refused as they are read.
                    PolicyError::Needs { .. } | PolicyError::OutOfRange { .. } => 1,
                    other => panic!("{other}: reading a text knows no timeline"),
                };
                policy[kind] += 1;
                6
            }
            other => panic!("{other}: is of a kind that this test does not know"),
        };
        parse[kind] += 1;
    }
    assert!(
        parse.iter().chain(&policy).all(|count| *count > 0),
        "{parse:?} {policy:?}"
    );
}

#[test]
fn timelines_are_refused_word_for_word() {
    for (text, message) in NOT_ON_28_STEPS {
        let policy = Policy::parse(text).expect("a policy");
        let error = policy.check_for(Timeline::new(28)).expect_err(text);
        assert_eq!(error.to_string(), *message, "{text}");
        assert_eq!(
            Scheduler::new(&policy, Timeline::new(28), [Lane::NEW; 1]),
            Err(error)
        );
    }
    let policy = Policy::parse("interval").expect("a policy");
    for (steps, evaluations) in [(0, 1), (28, 0), (28, 9), ((1 << 30) + 1, 1)] {
        let error = policy
            .check_for(Timeline { steps, evaluations })
            .expect_err("too few or many");
        assert_eq!(
            error.to_string(),
            format!(
                "timeline of {steps} steps with {evaluations} evaluations each; \
                 allowed are 1 to 1073741824 steps and 1 to 8 evaluations"
            )
        );
    }
    let none: [Lane; 0] = [];
    let error = Scheduler::new(&policy, Timeline::new(28), none).expect_err("no lanes");
    assert_eq!(
        error.to_string(),
        "no lanes were given; give memory for at least one"
    );
}

/// A policy that was filled in field by field, as from C.
#[test]
fn fields_are_refused_word_for_word() {
    let refused = |text: &str, spoil: fn(&mut Policy)| {
        let mut policy = Policy::parse(text).expect("a policy");
        spoil(&mut policy);
        policy.check().expect_err("spoilt").to_string()
    };
    assert_eq!(
        refused("teacache", |p| p.budget.threshold = f64::NAN),
        "policy key `threshold` is NaN; allowed is 0 to 1000000"
    );
    assert_eq!(
        refused("teacache", |p| p.guards.mask_len = 50_000),
        "policy key `mask` is 50000; allowed is 0 to 16384"
    );
    assert_eq!(
        refused("teacache", |p| p.guards.mask[1] = 7),
        "policy key `mask`: it has bits beyond its length; clear them"
    );
    assert_eq!(
        refused("mask:10010", |p| p.guards.mask[0] |= 1 << 5),
        "policy key `mask`: it has bits beyond its length; clear them"
    );
    assert_eq!(
        refused("taylorseer", |p| p.budget.threshold = 2.5),
        "policy key `threshold` has no effect here: it needs gauge=signal, gauge=curve, or \
         gauge=late without a codebook; leave it out"
    );
    assert_eq!(
        refused("magcache:curve=1/1", |p| p.gauge.curve.len = 500),
        "policy key `curve` is 500; allowed is 0 to 128"
    );
    assert_eq!(
        refused("magcache:curve=1/1", |p| p.gauge.curve.values[1] = 0.0),
        "policy key `curve` is 0; allowed is 0.01 to 100"
    );
    assert_eq!(
        refused("teacache:model=flux-dev", |p| p.gauge.coefficients[2] =
            f64::INFINITY),
        "policy key `coefficients` is inf; allowed is -1000000000 to 1000000000"
    );
    assert_eq!(
        refused("full", |p| p.guards.max_cached_steps = 3),
        "policy key `max_total` has no effect here: it needs a policy that skips; leave it out"
    );
    assert_eq!(
        refused("taylorseer", |p| p.predictor.order = 5),
        "policy key `order` is 5; allowed is 0 to 4"
    );
}

#[test]
fn calls_are_refused_word_for_word() {
    let policy = Policy::parse("teacache").expect("a policy");
    let timeline = Timeline {
        steps: 4,
        evaluations: 2,
    };
    let mut scheduler = Scheduler::new(policy, timeline, [Lane::NEW; 2]).expect("valid");
    let refused = |scheduler: &mut Scheduler<[Lane; 2]>, change: fn(&mut Call)| {
        let mut call = Call::new(1);
        change(&mut call);
        scheduler.begin(call).expect_err("refused").to_string()
    };
    assert_eq!(
        refused(&mut scheduler, |call| call.lane = 2),
        "lane 2 does not exist; lanes are 0 to 1"
    );
    assert_eq!(
        refused(&mut scheduler, |call| call.step = 4),
        "step 4 is not on the timeline of 4 steps"
    );
    assert_eq!(
        refused(&mut scheduler, |call| call.evaluation = 2),
        "evaluation 2 is not within a step of 2"
    );
    assert_eq!(
        refused(&mut scheduler, |call| call.time = f64::NAN),
        "the call's time is not a finite number"
    );
    let Begin::Decided(pending) = scheduler.begin(Call::new(1)).expect("in order") else {
        panic!("there is no history yet")
    };
    assert_eq!(
        refused(&mut scheduler, |_| {}),
        "a call is open on this lane; commit or abandon it first"
    );
    assert_eq!(scheduler.invalidate(0), Err(CallError::Open));
    scheduler.commit(pending, Outcome::Done).expect("decided");
    assert_eq!(
        refused(&mut scheduler, |call| call.step = 0),
        "call 0 was made already, the next is 3; reset the scheduler for a new run"
    );
    // The call itself was made, the step's other evaluation was not.
    assert_eq!(
        refused(&mut scheduler, |_| {}),
        "call 2 was made already, the next is 3; reset the scheduler for a new run"
    );
    let Begin::Needs(question) = scheduler.begin(Call::new(2)).expect("in order") else {
        panic!("a signal is wanted")
    };
    let error = scheduler.decide(question, &[]).expect_err("no value");
    assert_eq!(
        error.to_string(),
        "0 signal values were given, 1 are needed"
    );
    scheduler.abandon(0).expect("open");
    let error = scheduler.abandon(0).expect_err("nothing is open");
    assert_eq!(
        error.to_string(),
        "no call of this lane waits for that; begin one first"
    );
}

#[test]
fn states_are_refused_word_for_word() {
    let scheduler = |text: &str| {
        let policy = Policy::parse(text).expect("a policy");
        Scheduler::new(policy, Timeline::new(4), [Lane::NEW; 1]).expect("valid")
    };
    let mut tea = scheduler("teacache");
    let mut bytes = vec![0; tea.saved_bytes()];
    tea.save(&mut bytes).expect("long enough");
    let needed = bytes.len();
    let error = tea.save(&mut bytes[1..]).expect_err("too short");
    assert_eq!(
        error.to_string(),
        format!("{} bytes were given, the state has {needed}", needed - 1)
    );
    assert_eq!(tea.restore(&bytes[1..]), Err(error));
    assert_eq!(
        scheduler("teacache:threshold=0.2")
            .restore(&bytes)
            .expect_err("another policy")
            .to_string(),
        "the state was saved under another policy or timeline; make the scheduler with those"
    );
    let mut spoilt = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        tea.restore(&bytes)
    };
    assert_eq!(
        spoilt(0, 0).expect_err("not ours").to_string(),
        "not a saved state of version 3"
    );
    assert_eq!(spoilt(4, 1), Err(SavedError::Format));
    // Any bit.
    for bit in 0..8 * bytes.len() {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(tea.restore(&bytes).is_err(), "bit {bit}");
    }
    let mut sealed = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        seal(&mut bytes);
        tea.restore(&bytes)
    };
    // The phase, the first word of the lane.
    assert_eq!(
        sealed(24, 3).expect_err("no such phase").to_string(),
        "the saved state is damaged; start the run anew"
    );
    // The open call's reason says that it is skipped, its action does not.
    assert_eq!(sealed(24 + 372, 11), Err(SavedError::Damaged));
    assert_eq!(sealed(24 + 372, 10), Ok(()));
}

/// Whether a message is a clause in lower case on one line, without a period.
fn well_formed(message: &str) -> bool {
    let starts_small = message.chars().next().is_some_and(|c| !c.is_uppercase());
    starts_small && !message.ends_with('.') && !message.contains('\n')
}

#[test]
fn messages_are_clauses_in_lower_case() {
    for (text, message) in REFUSED.iter().chain(NOT_ON_28_STEPS) {
        assert!(well_formed(message), "{text}: {message}");
    }
    assert!(!well_formed("Policy key."));
    assert!(!well_formed("policy key."));
}

#[test]
fn every_default_is_read_and_printed_as_its_method() {
    for method in Method::ALL {
        let policy = Policy::parse(method.name()).expect("a policy");
        assert_eq!(policy.to_string(), method.name());
        assert_eq!(Policy::parse(&format!(" {method} : ")), Ok(policy));
    }
}

#[test]
fn every_model_is_read_and_printed_by_name() {
    let polynomials = tables::POLYNOMIALS.iter().map(|t| ("teacache", t.model));
    let curves = tables::CURVES.iter().map(|t| ("magcache", t.model));
    let masks = tables::MASKS.iter().map(|t| (t.method, t.model));
    let mut renamed = 0;
    for (method, model) in polynomials.chain(curves).chain(masks) {
        let text = format!("{method}:model={model}");
        let policy = Policy::parse(&text).expect("a policy");
        // Of models with the same numbers the first is named.
        let printed = policy.to_string();
        assert!(
            printed.starts_with(&format!("{method}:model=")),
            "{printed}"
        );
        assert_eq!(Policy::parse(&printed), Ok(policy), "{text}");
        renamed += u32::from(printed != text);
    }
    assert_eq!(renamed, 8);
}

#[test]
fn minus_zero_is_zero() {
    for text in [
        "teacache:threshold=-0",
        "teacache:coefficients=-0/1",
        "teacache:start=-0",
    ] {
        let policy = Policy::parse(text).expect("a policy");
        assert!(policy.budget.threshold.is_sign_positive());
        assert!(policy.guards.window_start.is_sign_positive());
        assert!(
            policy
                .gauge
                .coefficients
                .iter()
                .all(|c| c.is_sign_positive()),
            "{text}"
        );
    }
}

proptest! {
    #![proptest_config(random::cases(3000))]

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        if let Err(error) = Policy::parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn no_text_that_is_nearly_a_policy_panics(seed: u64) {
        let random = &mut Random::new(seed);
        let mut text = random::policy(random, random::FRAME).into_bytes();
        for _ in 0..1 + random.below(4) {
            let at = random.below(text.len() as u64) as usize;
            let with = random.pick(&["=", ",", ":", "/", "-", "1e999", "0.0000000000000000000000001", "9", ".", "é", "e"]);
            let to = if random.one_in(2) { at } else { at + 1 };
            text.splice(at..to, with.bytes());
        }
        let text = String::from_utf8_lossy(&text);
        match Policy::parse(&text) {
            Err(error) => prop_assert!(well_formed(&error.to_string()), "{text}: {error}"),
            Ok(policy) => {
                prop_assert_eq!(policy.check(), Ok(()));
                let printed = policy.to_string();
                prop_assert_eq!(Policy::parse(&printed), Ok(policy), "{} and {}", text, printed);
            }
        }
    }

    #[test]
    fn numbers_are_read_as_they_were_printed(bits: u64) {
        let value = f64::from_bits(bits).abs() % 1e6;
        prop_assume!(value.is_finite());
        let policy = Policy::parse("teacache").map(|mut policy| { policy.budget.threshold = value; policy });
        let policy = policy.expect("a policy");
        let again = Policy::parse(&policy.to_string()).map_err(|e| e.to_string());
        prop_assert_eq!(again, Ok(policy));
    }
}

#[test]
fn every_key_says_when_it_has_an_effect() {
    for key in KEYS {
        assert!(
            well_formed(key.summary) && well_formed(key.needs),
            "{}",
            key.name
        );
        assert!(
            !key.summary.is_empty() && !key.needs.is_empty(),
            "{}",
            key.name
        );
    }
}
