//! `refrain replay`.

use std::fs;
use std::path::PathBuf;

use crate::{fields, refrain, text};

const SIGNALS: &str = "tests/data/golden_signals.csv";

fn replay(policy: &str, steps: &str, more: &[&str]) -> crate::Ran {
    let mut arguments = vec!["replay", "--policy", policy, "--steps", steps];
    arguments.extend(more);
    refrain(&arguments)
}

fn trace(policy: &str, steps: &str, more: &[&str]) -> String {
    let ran = replay(policy, steps, more);
    let first = ran.succeeded().lines().next();
    first.expect("a line").to_string()
}

#[test]
fn the_trace_and_its_table() {
    let ran = replay("teacache:threshold=0.12", "50", &["--signals", SIGNALS]);
    insta::assert_snapshot!("replay_teacache", ran.succeeded());
    let ran = replay("taylorseer:interval=5,order=2", "12", &[]);
    insta::assert_snapshot!("replay_taylorseer", ran.succeeded());
    let ran = replay(
        "fbcache:threshold=0.1,max_run=2",
        "50",
        &["--signals", SIGNALS, "--json"],
    );
    insta::assert_snapshot!("replay_fbcache_json", ran.succeeded());
}

/// TeaCache in ten lines, from its paper: add up, skip below the threshold, else start again.
fn teacache(signals: &[f64], threshold: f64) -> String {
    let last = signals.len() - 1;
    let mut spent = 0.0;
    let step = |(step, signal): (usize, &f64)| {
        spent += signal;
        if step == 0 || step == last || spent >= threshold {
            spent = 0.0;
            return 'C';
        }
        'r'
    };
    signals.iter().enumerate().map(step).collect()
}

#[test]
fn the_trace_is_what_the_rule_says_of_the_file() {
    let file = fs::read_to_string(SIGNALS).expect("the recorded signals");
    let column = |line: &str| line.split(',').nth(1).and_then(|field| field.parse().ok());
    let mut signals: Vec<f64> = file.lines().skip(1).filter_map(column).collect();
    signals[0] = 0.0;
    for threshold in [0.03, 0.07, 0.12, 0.3] {
        let policy = format!("teacache:threshold={threshold}");
        let expected = teacache(&signals, threshold);
        assert_eq!(trace(&policy, "50", &["--signals", SIGNALS]), expected);
    }
    // Planted: the oracle tells another threshold and another column.
    let expected = teacache(&signals, 0.07);
    assert_ne!(
        trace("teacache:threshold=0.08", "50", &["--signals", SIGNALS]),
        expected
    );
    let other = "teacache:threshold=0.07,signal=model-input";
    assert_ne!(trace(other, "50", &["--signals", SIGNALS]), expected);
}

#[test]
fn json_has_every_field() {
    let document = replay(
        "teacache:threshold=0.12",
        "50",
        &["--signals", SIGNALS, "--json"],
    )
    .json();
    let names = [
        "calls", "computed", "events", "notice", "policy", "steps", "trace",
    ];
    assert_eq!(fields(&document), names);
    let events = document["events"].as_array().expect("an array");
    assert_eq!(events.len(), 50);
    let letters: String = events
        .iter()
        .map(|event| match event["action"].as_str() {
            Some("compute") => 'C',
            Some("reuse") => 'r',
            _ => 'p',
        })
        .collect();
    assert_eq!(document["trace"], letters.as_str());
    let computed = letters.matches('C').count();
    assert_eq!(document["computed"], computed);
    assert_eq!(
        fields(&events[1]),
        [
            "action", "call", "order", "reason", "signal", "slot", "spent"
        ]
    );
}

#[test]
fn what_was_not_measured_is_computed_and_said() {
    let ran = replay("teacache", "6", &[]);
    assert_eq!(ran.succeeded().lines().next(), Some("CCCCCC"));
    assert!(ran.stderr.contains("`modulated-input`"), "{ran:?}");
    assert!(ran.stderr.contains("nothing was skipped"), "{ran:?}");
    let ran = replay("easycache", "50", &["--signals", SIGNALS]);
    assert!(ran.stderr.contains("`rate`"), "{ran:?}");
    let ran = replay("teacache:warmup=9", "6", &[]);
    assert!(ran.stderr.contains("cannot skip"), "{ran:?}");
}

/// A file of signals.
struct Csv(
    #[expect(dead_code, reason = "removes the file when dropped")] tempfile::TempDir,
    PathBuf,
);

fn csv(content: &[u8]) -> Csv {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("signals.csv");
    fs::write(&path, content).expect("a temporary file");
    Csv(folder, path)
}

#[test]
fn easycache_takes_its_rate_from_the_file() {
    let mut rows = String::from("rate, model-input\n");
    for step in 0..12 {
        rows += if step < 3 { ",\n" } else { "2.0,0.01\r\n" };
    }
    let file = csv(rows.as_bytes());
    let more = ["--signals", text(&file.1)];
    // Each skip costs 2 · 0.01; two of them stay below 0.05.
    assert_eq!(trace("easycache:warmup=4", "12", &more), "CCCCrrCrrCrC");
    assert_eq!(trace("easycache:warmup=2", "12", &more), "CCCCrrCrrCrC");
    // What a row leaves out is not measured.
    let file = csv(b"\xef\xbb\xbfcall,modulated-input\n0,\n1,0.01\n2,nan\n3,0.01\n4,0.01\n");
    assert_eq!(
        trace("teacache", "5", &["--signals", text(&file.1)]),
        "CrCrC"
    );
}

#[test]
fn files_that_do_not_fit() {
    let header = "modulated-input\n";
    for (content, steps, named) in [
        ("", "1", "empty"),
        ("modulated_input\n0.1\n", "1", "`modulated_input`"),
        ("modulated-input,modulated-input\n1,1\n", "1", "twice"),
        (&format!("{header}0.1\n"), "2", "1 rows"),
        (&format!("{header}0.1\n0.1\n0.1\n"), "2", "3 rows"),
        (&format!("{header}0.1\n0.x\n"), "2", "line 3"),
        (
            &format!("{header}0.1\n0.1,0.2\n"),
            "2",
            "line 3 has 2 fields",
        ),
        ("call,modulated-input\n1,0.1\n2,0.1\n", "2", "line 2"),
        (header, "1", "0 rows"),
    ] {
        let file = csv(content.as_bytes());
        let ran = replay("teacache", steps, &["--signals", text(&file.1)]);
        assert!(ran.failed().contains(named), "{content:?}: {ran:?}");
        assert!(ran.failed().contains("signals.csv"), "{ran:?}");
    }
    let file = csv(&[0xff, 0xfe, 0, 1]);
    replay("teacache", "1", &["--signals", text(&file.1)]).failed();
    replay("teacache", "1", &["--signals", "tests"]).failed();
    replay("teacache", "1", &["--signals", "tests/none.csv"]).failed();
}

#[test]
fn policies_and_steps_that_do_not_fit() {
    for (policy, steps, named) in [
        ("teacache:treshold=0.1", "5", "`threshold`"),
        ("teacache:threshold=-1", "5", "0 to 1000000"),
        ("teacache:threshold=nan", "5", "0 to 1000000"),
        ("teacache:interval=3", "5", "gauge=count"),
        ("teacache:model=flux", "5", "`flux-dev`"),
        ("magcache", "5", "curve"),
        ("mask:110", "5", "mask"),
        ("mask:112", "3", "mask"),
        ("", "5", "teacache"),
        ("tea\ncache", "5", "teacache"),
        ("full", "0", "--steps is 0"),
        ("full", "1000001", "--steps is 1000001"),
    ] {
        let ran = replay(policy, steps, &[]);
        assert!(ran.failed().contains(named), "{policy}: {ran:?}");
    }
}
