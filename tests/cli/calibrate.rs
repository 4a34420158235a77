//! `refrain calibrate`.

use std::fs;
use std::path::Path;

use refrain::{Policy, policy::TableFile};

use crate::{refrain, text};

const METHODS: [&str; 5] = [
    "magcache",
    "smoothcache",
    "blockcaching",
    "teacache",
    "invardiff",
];
const STEPS: u32 = 12;

/// A short run of one picture.
fn calibrate(method: &str, more: &[&str]) -> crate::Ran {
    let mut arguments = vec!["calibrate", method, "--backend", "cpu"];
    if !more.contains(&"--steps") {
        arguments.extend(["--steps", "12"]);
    }
    if !more.contains(&"--runs") {
        arguments.extend(["--runs", "1"]);
    }
    if !more.contains(&"--class") {
        arguments.extend(["--class", "smile"]);
    }
    arguments.extend(more);
    refrain(&arguments)
}

/// A table without the line that changes by the day.
fn undated(table: &str) -> String {
    let lines = table.lines().filter(|line| !line.starts_with("date = "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The first line of what a policy with a table decides.
fn trace(method: &str, table: &Path) -> String {
    let steps = STEPS.to_string();
    let ran = refrain(&[
        "replay",
        "--policy",
        method,
        "--steps",
        &steps,
        "--table",
        text(table),
    ]);
    ran.succeeded().lines().next().expect("a trace").to_string()
}

#[test]
fn every_method_gives_a_table_that_its_policy_takes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for method in METHODS {
        let path = folder.path().join(method);
        let ran = calibrate(method, &["--out", text(&path)]);
        assert!(ran.succeeded().contains("fit  "), "{ran:?}");
        let table = fs::read_to_string(&path).expect("a table");
        let again = calibrate(method, &[]);
        assert_eq!(undated(&table), undated(again.succeeded()), "{method}");

        let file = TableFile::parse(&table).unwrap_or_else(|e| panic!("{method}: {e}"));
        for (field, value) in [
            ("method", method),
            ("model", "emoji"),
            ("checkpoint", "7f992d33060f432c"),
            ("steps", "12"),
            ("sampler", "euler"),
            ("guidance", "2.5"),
            ("source", "refrain calibrate"),
        ] {
            assert_eq!(file.get(field), Some(value), "{method}: {field}");
        }
        for field in ["date", "fit", "range"] {
            assert!(file.get(field).is_some(), "{method}: {field}");
        }
        let policy = Policy::parse(method).expect("a preset");
        policy
            .with_table(&file)
            .unwrap_or_else(|e| panic!("{method}: {e}"));
    }
}

#[test]
fn the_policies_skip_with_their_tables() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for method in METHODS {
        let path = folder.path().join(method);
        calibrate(method, &["--out", text(&path)]).succeeded();
        let steps = STEPS.to_string();
        let sheet = folder.path().join("sheet.png");
        let document = refrain(&[
            "generate",
            "--json",
            "--backend",
            "cpu",
            "--steps",
            &steps,
            "--class",
            "smile",
            "--policy",
            method,
            "--table",
            text(&path),
            "--out",
            text(&sheet),
        ]);
        assert!(!document.stderr.contains("made for"), "{document:?}");
        let document = document.json();
        let work = document["runs"][1]["work"].as_f64().expect("a number");
        println!("{method}: {work}");
        assert!((0.25..0.9).contains(&work), "{method}: {document}");
    }
}

#[test]
fn a_threshold_is_the_methods_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("table");
    let computed = |method: &str, threshold: &str| {
        calibrate(method, &["--threshold", threshold, "--out", text(&path)]).succeeded();
        trace(method, &path).matches('C').count()
    };
    // The less may be skipped, the more is computed.
    for method in ["smoothcache", "blockcaching", "invardiff"] {
        let (none, some) = (computed(method, "0"), computed(method, "0.3"));
        assert_eq!(none, STEPS as usize, "{method}");
        assert!(some < none, "{method}: {some}");
    }
    for method in ["magcache", "teacache"] {
        calibrate(method, &["--threshold", "0.25", "--out", text(&path)]).succeeded();
        let table = fs::read_to_string(&path).expect("a table");
        let file = TableFile::parse(&table).expect("a table");
        assert_eq!(file.get("threshold"), Some("0.25"), "{method}");
    }
    // Planted: twice the threshold is half of every error, and another mask.
    let mask = |threshold: &str| {
        let ran = calibrate("smoothcache", &["--threshold", threshold]);
        let file = TableFile::parse(ran.succeeded()).expect("a table");
        file.get("mask").map(str::to_string)
    };
    assert_ne!(mask("0.1"), mask("0.2"));
}

#[test]
fn a_table_for_another_checkpoint_is_said_to_be() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("table");
    let model = [
        "--model",
        "tests/data/dit_d48_h2_sigma.safetensors",
        "--heads",
        "2",
    ];
    let mut arguments = vec!["calibrate", "smoothcache", "--steps", "6", "--runs", "1"];
    arguments.extend(["--backend", "cpu", "--out", text(&path)]);
    arguments.extend(model);
    refrain(&arguments).succeeded();
    let table = fs::read_to_string(&path).expect("a table");
    let file = TableFile::parse(&table).expect("a table");
    assert_eq!(file.get("model"), Some("dit_d48_h2_sigma"));
    let sheet = folder.path().join("sheet.png");
    let generate = |model: &[&str]| {
        let mut arguments = vec![
            "generate",
            "--steps",
            "6",
            "--policy",
            "smoothcache",
            "--table",
            text(&path),
            "--out",
            text(&sheet),
            "--backend",
            "cpu",
        ];
        arguments.extend(model);
        let ran = refrain(&arguments);
        ran.succeeded();
        ran.stderr
    };
    assert!(generate(&["--class", "smile"]).contains("made for checkpoint"));
    assert!(!generate(&model).contains("made for"));
}

#[test]
fn what_does_not_fit_is_named() {
    for (method, more, named) in [
        ("fora", &[][..], "possible values: magcache"),
        (
            "teacache",
            &["--steps", "5"],
            "--steps is 5: a table of teacache takes 6",
        ),
        (
            "magcache",
            &["--steps", "129"],
            "--steps is 129: a table of magcache takes 2 to 128",
        ),
        ("smoothcache", &["--steps", "1"], "--steps is 1"),
        (
            "smoothcache",
            &["--threshold", "-1"],
            "--threshold is -1: that of smoothcache is 0 to",
        ),
        (
            "invardiff",
            &["--threshold", "1.5"],
            "--threshold is 1.5: that of invardiff is 0 to 1",
        ),
        ("invardiff", &["--threshold", "nan"], "--threshold is NaN"),
        ("magcache", &["--runs", "0"], "--runs is 0"),
        ("magcache", &["--class", "dog"], "--class is dog"),
        ("magcache", &["--sampler", "ddim"], "--sampler is ddim"),
        ("magcache", &["--cfg", "inf"], "--cfg is inf"),
        (
            "magcache",
            &["--model", "tests"],
            "--model tests: not a file",
        ),
        ("magcache", &["--out", "tests"], "--out tests: "),
    ] {
        let ran = calibrate(method, more);
        assert!(ran.failed().contains(named), "{method} {more:?}: {ran:?}");
    }
}
