//! `refrain bench`.

use serde_json::Value;

use crate::{fields, refrain};

/// As short as it gets.
const QUICK: [&str; 5] = ["bench", "--backend", "cpu", "--seconds", "0.001"];

fn bench(more: &[&str]) -> Vec<Value> {
    let arguments = [&QUICK, more, &["--json"]].concat();
    let rows = refrain(&arguments).json();
    rows.as_array().expect("an array").clone()
}

fn number(row: &Value, field: &str) -> f64 {
    row[field]
        .as_f64()
        .unwrap_or_else(|| panic!("{field}: {row}"))
}

/// Why the rows cannot be what a forward pass is made of.
fn fault(rows: &[Value]) -> Option<String> {
    let of = |part: &str| {
        rows.iter()
            .filter(|r| r["part"] == part)
            .collect::<Vec<_>>()
    };
    let (ceiling, kernels, forward) = (of("ceiling"), of("kernel"), of("forward"));
    if (ceiling.len(), forward.len()) != (2, 1) || kernels.len() + 3 != rows.len() {
        return Some("not two ceilings, kernels and one forward pass".into());
    }
    for count in ["multiply_adds", "bytes"] {
        let parts = kernels
            .iter()
            .map(|row| number(row, count) * number(row, "calls"));
        let (parts, whole) = (parts.sum::<f64>(), number(forward[0], count));
        if parts != whole || whole == 0.0 {
            return Some(format!(
                "{count} are {parts} in parts and {whole} as a whole"
            ));
        }
    }
    let times = ["seconds", "gbyte_per_second", "fraction_of_ceiling"];
    rows.iter()
        .find(|row| times.iter().any(|time| number(row, time) <= 0.0))
        .map(|row| format!("a time that is none: {row}"))
}

#[test]
fn the_parts_make_up_the_whole() {
    let rows = bench(&["--rows", "1"]);
    assert_eq!(fault(&rows), None);
    for row in &rows {
        let columns = [
            "bytes",
            "calls",
            "fraction_of_ceiling",
            "gbyte_per_second",
            "gflop_per_second",
            "multiply_adds",
            "name",
            "part",
            "seconds",
            "shape",
        ];
        assert_eq!(fields(row), columns);
    }
    let attention = rows.iter().find(|row| row["name"] == "attention");
    let attention = attention.expect("an attention");
    assert_eq!(attention["shape"], "1 x 64 tokens, 3 x 64");
    assert_eq!(attention["calls"], 6);
    // Scores and weighted sums of 3 heads; queries, keys and values in, one of them out.
    assert_eq!(attention["multiply_adds"], 2 * 3 * 64 * 64 * 64);
    assert_eq!(attention["bytes"], 4 * 4 * 64 * 192);
    // Planted: a kernel left out, a call too many, a time of zero.
    let planted: [fn(&mut Vec<Value>); 3] = [
        |rows| drop(rows.remove(3)),
        |rows| rows[3]["calls"] = 2.into(),
        |rows| rows[3]["seconds"] = 0.0.into(),
    ];
    for (i, plant) in planted.iter().enumerate() {
        let mut bad = rows.clone();
        plant(&mut bad);
        assert!(fault(&bad).is_some(), "planted fault {i}");
    }
}

#[test]
fn a_published_size_needs_no_file() {
    let size = ["--size", "S/8", "--weights", "f16", "--forward-only"];
    let rows = bench(&[&size[..], &["--rows", "1"]].concat());
    let [forward] = rows.as_slice() else {
        panic!("one row: {rows:?}");
    };
    assert_eq!(forward["part"], "forward");
    assert!(forward["fraction_of_ceiling"].is_null());
    // 0.36 G multiply-adds in table 4 of the DiT paper.
    let work = number(forward, "multiply_adds");
    assert!((0.35e9..0.37e9).contains(&work), "{work}");
    let twice = bench(&[&size[..], &["--rows", "2"]].concat());
    assert_eq!(number(&twice[0], "multiply_adds"), 2.0 * work);
}

#[test]
fn the_table_names_model_device_and_columns() {
    let ran = refrain(&QUICK);
    let text = ran.succeeded();
    for said in [
        "emoji (built in)",
        "device  cpu (",
        "rows    2",
        "M mul-adds",
        "ceiling",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    for (arguments, said) in [
        (&["--rows", "0"][..], "--rows is 0"),
        (&["--seconds", "0"], "--seconds is 0"),
        (&["--seconds", "-1"], "--seconds is -1"),
        (&["--size", "M/2"], "XL/2"),
        (&["--weights", "f16"], "--size"),
        (&["--size", "S/8", "--model", "x"], "--model"),
    ] {
        let ran = refrain(&[&["bench", "--backend", "cpu"], arguments].concat());
        assert!(ran.failed().contains(said), "{ran:?}");
    }
}
