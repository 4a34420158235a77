//! The named cases of `tests/corpus/*.toml`, against their expected strings and the oracle.
//!
//! The format is described in `tests/corpus/published.toml`.

use std::path::Path;

use refrain::policy::KEYS;
use refrain::scheduler::SavedError;
use refrain::{Policy, Timeline};
use serde::Deserialize;

use crate::host;
use crate::oracle::{self, Fault, Feature, Input, Settings, Verdict};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    policy: String,
    steps: u32,
    #[serde(default = "one")]
    evaluations: u32,
    #[serde(default = "one")]
    lanes: u32,
    #[serde(default)]
    signals: Vec<f64>,
    #[serde(default)]
    rates: Vec<f64>,
    #[serde(default)]
    factors: Vec<f64>,
    #[serde(default)]
    errors: Vec<f64>,
    #[serde(default)]
    times: Vec<f64>,
    #[serde(default)]
    invalidate: Vec<usize>,
    actions: String,
    reasons: String,
    orders: Option<String>,
    /// The key in which two cases differ.
    key: Option<String>,
}

fn one() -> u32 {
    1
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut all = Vec::new();
    for entry in folder.read_dir().expect("the corpus is there") {
        let path = entry.expect("readable").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let file: File =
            toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        all.extend(file.case);
    }
    assert!(all.len() > 100, "only {} cases were found", all.len());
    all
}

/// The value at `index`; a list that is too short goes on with its last value.
fn at(list: &[f64], index: usize) -> Option<f64> {
    list.get(index).or(list.last()).copied()
}

/// Something uneven to predict.
pub(crate) fn feature(index: usize) -> Feature {
    let i = index as f64;
    let low = 0.9 - 0.05 * i + 0.3 * ((index * 29 % 13) as f64 / 13.0);
    let rest = 2.0 + 0.5 * i - 0.03 * i * i + 0.7 * ((index * 37 % 11) as f64 / 11.0);
    [low, rest]
}

impl Case {
    fn inputs(&self) -> Vec<Input> {
        let pooled = self.policy.contains("pool=") && !self.policy.contains("pool=alone");
        let lanes = self.lanes as usize;
        let together = if pooled { lanes } else { 1 };
        let mut inputs = Vec::new();
        for call in 0..self.steps * self.evaluations {
            for lane in (0..lanes).step_by(together) {
                let first = call as usize * lanes + lane;
                let values = |list: &[f64]| {
                    (first..first + together)
                        .filter_map(|i| at(list, i))
                        .collect()
                };
                let mut signals: Vec<f64> = values(&self.signals);
                signals.resize(together, f64::NAN);
                inputs.push(Input {
                    step: call / self.evaluations,
                    evaluation: call % self.evaluations,
                    lane,
                    time: at(&self.times, call as usize).unwrap_or(f64::from(call)),
                    signals,
                    factors: values(&self.factors),
                    rates: values(&self.rates),
                    error: at(&self.errors, first).unwrap_or(f64::NAN),
                    feature: feature(first),
                    invalidated: self.invalidate.contains(&inputs.len()),
                });
            }
        }
        inputs
    }

    fn timeline(&self) -> Timeline {
        Timeline {
            steps: self.steps,
            evaluations: self.evaluations,
        }
    }

    fn oracle(&self, fault: Option<Fault>) -> Vec<Verdict> {
        let mut settings = Settings::read(&self.policy);
        settings.fault = fault;
        let lanes = self.lanes as usize;
        oracle::run(
            &settings,
            self.steps,
            self.evaluations,
            lanes,
            &self.inputs(),
        )
    }

    fn scheduler(&self) -> host::Owned {
        let policy = Policy::parse(&self.policy).unwrap_or_else(|e| panic!("{}: {e}", self.name));
        host::scheduler(&policy, self.timeline(), self.lanes as usize)
    }

    fn crate_verdicts(&self) -> Vec<Verdict> {
        host::drive(&mut self.scheduler(), &self.inputs(), |_| {})
    }
}

/// One letter a decision: its action, its reason, its order.
fn strings(verdicts: &[Verdict]) -> [String; 3] {
    [
        verdicts.iter().map(|v| v.action).collect(),
        verdicts.iter().map(|v| letter(v.reason)).collect(),
        verdicts.iter().map(|v| v.order.to_string()).collect(),
    ]
}

/// The letters of the reasons, as the corpus writes them.
const LETTERS: [(char, &str); 16] = [
    ('a', "always"),
    ('w', "warmup"),
    ('l', "last-steps"),
    ('o', "window"),
    ('m', "mask"),
    ('n', "no-history"),
    ('r', "max-run"),
    ('t', "max-total"),
    ('u', "signal-unusable"),
    ('k', "rate-unknown"),
    ('s', "budget-spent"),
    ('.', "within-budget"),
    ('f', "free"),
    ('c', "schedule"),
    ('x', "forecast-rejected"),
    ('p', "max-spent"),
];

fn letter(reason: &str) -> char {
    let found = LETTERS.iter().find(|(_, name)| *name == reason);
    found
        .unwrap_or_else(|| panic!("the corpus has no letter for {reason}"))
        .0
}

/// Where two lists of verdicts part, if they do.
pub(crate) fn difference(a: &[Verdict], b: &[Verdict]) -> Option<String> {
    let pairs = a.iter().zip(b).enumerate();
    pairs
        .filter(|(_, (a, b))| {
            // Weights are single precision.
            let close = 5e-5 * (1.0 + a.scale.max(b.scale));
            let mut parts = a.feature.iter().zip(b.feature);
            (a.action, a.reason, a.order) != (b.action, b.reason, b.order)
                || parts.any(|(a, b)| (a - b).abs() > close)
        })
        .map(|(i, (a, b))| format!("decision {i}: {a:?} is not {b:?}"))
        .next()
        .or_else(|| (a.len() != b.len()).then(|| "lengths differ".to_owned()))
}

#[test]
fn every_case_is_decided_as_written_and_as_the_oracle_does() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = case.crate_verdicts();
        let oracle = case.oracle(None);
        let [actions, reasons, orders] = strings(&found);
        let expected = [
            &case.actions,
            &case.reasons,
            case.orders.as_ref().unwrap_or(&orders),
        ];
        if [&actions, &reasons, &orders] != expected {
            wrong.push(format!(
                "{}: expected {expected:?}\n  crate  {:?}\n  oracle {:?}",
                case.name,
                [&actions, &reasons, &orders],
                strings(&oracle)
            ));
        }
        if let Some(difference) = difference(&found, &oracle) {
            wrong.push(format!("{}: crate against oracle: {difference}", case.name));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} disagreements\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_planted_fault_is_noticed_by_some_case() {
    let cases = cases();
    let found: Vec<_> = cases.iter().map(Case::crate_verdicts).collect();
    let missed = Fault::ALL.iter().filter(|fault| {
        let mut pairs = cases.iter().zip(&found);
        !pairs.any(|(case, found)| difference(found, &case.oracle(Some(**fault))).is_some())
    });
    let missed: Vec<_> = missed.collect();
    assert!(missed.is_empty(), "no case tells {missed:?} from the rule");
}

#[test]
fn a_run_is_the_same_after_a_reset_and_when_moved_at_every_point() {
    for case in cases() {
        let (mut scheduler, inputs) = (case.scheduler(), case.inputs());
        let first = host::drive(&mut scheduler, &inputs, |_| {});
        let end = host::saved(&scheduler);
        scheduler.reset();
        assert_eq!(
            host::drive(&mut scheduler, &inputs, |_| {}),
            first,
            "{}: after reset",
            case.name
        );
        scheduler.reset();
        let moved = host::drive(&mut scheduler, &inputs, host::move_house);
        assert_eq!(
            moved, first,
            "{}: saved and restored at every point",
            case.name
        );
        assert_eq!(host::saved(&scheduler), end, "{}: final state", case.name);
    }
}

#[test]
fn a_move_that_loses_state_is_noticed() {
    let lost = cases().iter().any(|case| {
        let (mut scheduler, inputs) = (case.scheduler(), case.inputs());
        let first = host::drive(&mut scheduler, &inputs, |_| {});
        scheduler.reset();
        let mut calls = 0;
        let again = host::drive(&mut scheduler, &inputs, |scheduler| {
            calls += 1;
            if calls == 1 {
                // A state in which a call was already made and computed.
                let mut other = case.scheduler();
                host::drive(&mut other, &inputs[..1], |_| {});
                let mut bytes = host::saved(&other);
                let spent = refrain::scheduler::SAVED_HEADER_BYTES + 4;
                bytes[spent..spent + 4].copy_from_slice(&0_u32.to_le_bytes());
                refrain::scheduler::seal(&mut bytes);
                scheduler.restore(&bytes).expect("a state a run can have");
            }
        });
        again != first
    });
    assert!(lost);
}

#[test]
fn every_reason_is_reached() {
    let all: String = cases().iter().map(|case| case.reasons.as_str()).collect();
    for (letter, reason) in LETTERS {
        assert!(all.contains(letter), "no case ends in {reason}");
    }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = cases().into_iter().map(|case| case.name).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None);
}

/// The text without its item for `key`, and that item's value.
fn without<'a>(text: &'a str, key: &str) -> (Vec<&'a str>, Option<&'a str>) {
    let (family, items) = text.split_once(':').unwrap_or((text, ""));
    let mut value = None;
    let rest = items.split(',').filter(|item| {
        let own = item
            .strip_prefix(key)
            .and_then(|rest| rest.strip_prefix('='));
        value = value.or(own);
        own.is_none() && !item.is_empty()
    });
    (core::iter::once(family).chain(rest).collect(), value)
}

/// Keys that rule what the host measures and leaves out; their pairs are in `network.rs`.
pub(crate) const OF_THE_HOST: [&str; 11] = [
    "signal",
    "metric",
    "filter",
    "filter_size",
    "reference",
    "band",
    "site",
    "front",
    "back",
    "share",
    "keep",
];

#[test]
fn no_key_is_inert() {
    let mut cases = cases();
    cases.retain(|case| case.key.is_some());
    for key in KEYS {
        let (pair, rest) = cases
            .into_iter()
            .partition::<Vec<_>, _>(|case| case.key.as_deref() == Some(key.name));
        cases = rest;
        if OF_THE_HOST.contains(&key.name) {
            continue;
        }
        let [a, b] = &pair[..] else {
            panic!(
                "{} cases for key `{}`, two are wanted",
                pair.len(),
                key.name
            )
        };
        let (rest_a, value_a) = without(&a.policy, key.name);
        let (rest_b, value_b) = without(&b.policy, key.name);
        assert_eq!(rest_a, rest_b, "`{}`: more than that key differs", key.name);
        assert_ne!(
            value_a, value_b,
            "`{}`: the key itself does not differ",
            key.name
        );
        let same = |a: &Case, b: &Case| {
            let bits = |list: &[f64]| list.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            (a.steps, a.evaluations, a.lanes) == (b.steps, b.evaluations, b.lanes)
                && bits(&a.signals) == bits(&b.signals)
                && bits(&a.rates) == bits(&b.rates)
                && bits(&a.factors) == bits(&b.factors)
                && bits(&a.errors) == bits(&b.errors)
                && bits(&a.times) == bits(&b.times)
                && a.invalidate == b.invalidate
        };
        assert!(same(a, b), "`{}`: more than the policy differs", key.name);
        assert!(
            difference(&a.crate_verdicts(), &b.crate_verdicts()).is_some(),
            "`{}` has no effect",
            key.name
        );
        assert!(difference(&a.crate_verdicts(), &a.crate_verdicts()).is_none());
        let state = host::saved(&a.scheduler());
        assert_eq!(
            b.scheduler().restore(&state),
            Err(SavedError::Policy),
            "`{}` is no part of a state's fingerprint",
            key.name
        );
    }
    let left = cases.iter().map(|case| &case.name).collect::<Vec<_>>();
    assert!(left.is_empty(), "no such key: {left:?}");
}
