//! The decision corpus of `tests/corpus`, for programs that read it as `tests/c/corpus.c` does.

use core::fmt::Write as _;
use core::ops::Range;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::build::root;

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

/// A case; the format is described in `tests/corpus/published.toml`.
#[derive(Deserialize)]
struct Case {
    name: String,
    policy: String,
    steps: usize,
    #[serde(default = "one")]
    evaluations: usize,
    #[serde(default = "one")]
    lanes: usize,
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
}

fn one() -> usize {
    1
}

/// What the site gives, as `tests/decide/corpus.rs` has it.
fn feature(index: usize) -> f64 {
    let i = index as f64;
    let low = 0.9 - 0.05 * i + 0.3 * ((index * 29 % 13) as f64 / 13.0);
    let rest = 2.0 + 0.5 * i - 0.03 * i * i + 0.7 * ((index * 37 % 11) as f64 / 11.0);
    low + rest
}

/// As `tests/c/corpus.c` reads it.
fn lines(case: &Case) -> String {
    let Case {
        name,
        policy,
        steps,
        evaluations,
        lanes,
        ..
    } = case;
    let mut text = format!("case {name}\npolicy {policy}\nrun {steps} {evaluations} {lanes}\n");
    let pooled = policy.contains("pool=") && !policy.contains("pool=alone");
    let together = if pooled { *lanes } else { 1 };
    let at = |list: &[f64], i: usize| list.get(i).or(list.last()).copied();
    let mut decisions = 0;
    for call in 0..steps * evaluations {
        for lane in (0..*lanes).step_by(together) {
            let first = call * lanes + lane;
            let values = first..first + together;
            let asked = |list: &[f64]| -> Vec<f64> {
                let value = |i| at(list, i).unwrap_or(f64::NAN);
                values.clone().map(value).collect()
            };
            let told = |list: &[f64], values: Range<usize>| -> Vec<f64> {
                values.filter_map(|i| at(list, i)).collect()
            };
            let lists = [
                asked(&case.signals),
                asked(&case.factors),
                told(&case.rates, values.clone()),
                told(&case.errors, first..first + 1),
            ];
            let (step, evaluation) = (call / evaluations, call % evaluations);
            let time = at(&case.times, call).unwrap_or(call as f64);
            let invalidated = u8::from(case.invalidate.contains(&decisions));
            write!(
                text,
                "call {step} {evaluation} {lane} {time:?} {:?} {invalidated}",
                feature(first)
            )
            .unwrap();
            for list in lists {
                write!(text, " {}", list.len()).unwrap();
                list.iter().for_each(|v| write!(text, " {v:?}").unwrap());
            }
            text.push('\n');
            decisions += 1;
        }
    }
    text + "end\n"
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(root().join("tests/corpus")).unwrap() {
        let path = entry.unwrap().path();
        let file: File = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        cases.extend(file.case);
    }
    assert!(cases.len() > 100, "only {} cases were found", cases.len());
    cases
}

/// What the program prints for the cases.
fn decided(command: &mut Command, cases: &[Case]) -> Vec<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input: String = cases.iter().map(lines).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(out.status.success(), "{}", out.status);
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The cases that a program decides otherwise than written.
fn wrong(command: &mut Command, cases: &[Case]) -> Vec<String> {
    let found = decided(command, cases);
    assert_eq!(found.len(), cases.len());
    let expected = cases.iter().map(|case| {
        let Case {
            name,
            actions,
            reasons,
            ..
        } = case;
        format!("{name} {actions} {reasons}")
    });
    let pairs = expected
        .zip(found)
        .filter(|(expected, found)| expected != found);
    pairs
        .map(|(expected, found)| format!("expected {expected}\n   found {found}"))
        .collect()
}

/// Every case is decided as written; and a case that was written otherwise is noticed.
pub(crate) fn check(command: &mut Command) {
    let mut cases = cases();
    let wrong_ones = wrong(command, &cases);
    assert!(wrong_ones.is_empty(), "{}", wrong_ones.join("\n"));

    let planted = cases
        .iter_mut()
        .find(|case| case.policy == "teacache:threshold=0.25");
    let planted = planted.expect("the corpus has such a case");
    planted.policy = "teacache:threshold=0.05".to_owned();
    assert_eq!(wrong(command, &cases).len(), 1, "planted");
}
