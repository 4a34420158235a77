//! `refrain forward` and `refrain inspect`.

use std::{fs, path::Path};

use crate::{fields, files::Raw, refrain, text};

const GOLDEN: &str = "tests/data/golden.safetensors";

fn forward(input: &str, output: &Path, more: &[&str]) -> crate::Ran {
    let mut arguments = vec!["forward", "--backend", "cpu", "--input", input, "--output"];
    arguments.push(text(output));
    arguments.extend(more);
    refrain(&arguments)
}

/// ‖ours − reference‖₂ / ‖reference‖₂.
fn relative(ours: &[f32], reference: &[f32]) -> f64 {
    assert_eq!(ours.len(), reference.len());
    let square = |v: f64| v * v;
    let pairs = ours.iter().zip(reference);
    let off: f64 = pairs
        .map(|(a, b)| square(f64::from(*a) - f64::from(*b)))
        .sum();
    let size: f64 = reference.iter().map(|v| square(f64::from(*v))).sum();
    (off / size).sqrt()
}

/// The golden input with labels of another type, or other labels.
fn relabelled(dtype: &str, bytes: &[u8]) -> Raw {
    let golden = Raw::read(GOLDEN);
    let mut input = Raw::empty();
    for name in ["x", "t"] {
        let [start, end] = golden.span(name);
        let shape = golden.header[name]["shape"].as_array().expect("a shape");
        let shape: Vec<usize> = shape
            .iter()
            .map(|n| n.as_u64().expect("a size") as usize)
            .collect();
        input.push(name, "F32", &shape, &golden.data[start..end]);
    }
    input.push("y", dtype, &[4], bytes);
    input
}

#[test]
fn the_golden_output_comes_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [input, output] =
        ["in.safetensors", "out.safetensors"].map(|name| folder.path().join(name));
    let golden = Raw::read(GOLDEN);
    let expected = golden.floats("out");
    let labels = golden.floats("y");
    let ran = forward(GOLDEN, &output, &[]);
    assert!(ran.succeeded().contains("[4, 3, 32, 32]"), "{ran:?}");
    let ours = Raw::read(&output).floats("output");
    assert!(relative(&ours, &expected) <= 1e-4);

    // Labels may be whole numbers.
    let wide: Vec<u8> = labels
        .iter()
        .flat_map(|y| (*y as i64).to_le_bytes())
        .collect();
    let narrow: Vec<u8> = labels
        .iter()
        .flat_map(|y| (*y as i32).to_le_bytes())
        .collect();
    for (dtype, bytes) in [("I64", &wide), ("I32", &narrow)] {
        fs::write(&input, relabelled(dtype, bytes).bytes()).expect("a temporary file");
        forward(text(&input), &output, &[]).succeeded();
        assert_eq!(Raw::read(&output).floats("output"), ours, "{dtype}");
    }
    // Planted: one other label.
    let other: Vec<u8> = [7_i64, 7, 7, 7]
        .iter()
        .flat_map(|y| y.to_le_bytes())
        .collect();
    fs::write(&input, relabelled("I64", &other).bytes()).expect("a temporary file");
    forward(text(&input), &output, &[]).succeeded();
    assert!(relative(&Raw::read(&output).floats("output"), &expected) > 1e-4);
}

#[test]
fn other_checkpoints_come_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = folder.path().join("out.safetensors");
    for (name, more) in [
        ("dit_d48_h2_sigma", &["--heads", "2"][..]),
        ("dit_d144_h2", &[]),
        ("dit_d64_deep", &["--prediction", "velocity"]),
    ] {
        let file = |end: &str| format!("tests/data/{name}{end}.safetensors");
        let model = file("");
        let more = [&["--model", &model], more].concat();
        forward(&file("_io"), &output, &more).succeeded();
        let expected = Raw::read(file("_io")).floats("output");
        let off = relative(&Raw::read(&output).floats("output"), &expected);
        assert!(off <= 1e-4, "{name}: {off:e}");
    }
}

#[test]
fn inputs_that_do_not_fit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [input, output] =
        ["in.safetensors", "out.safetensors"].map(|name| folder.path().join(name));
    let floats = |values: [f32; 4]| values.map(f32::to_le_bytes).concat();
    let fits = relabelled("F32", &floats([0.0, 1.0, 2.0, 12.0]));
    let fault = |fault: fn(&mut Raw)| {
        let mut file = fits.clone();
        fault(&mut file);
        file.bytes()
    };
    for (bytes, named) in [
        (Vec::new(), "safetensors"),
        (b"not a tensor in sight".to_vec(), "safetensors"),
        (
            fault(|file| file.header["y"] = file.header["none"].clone()),
            "safetensors",
        ),
        (
            fault(|file| {
                let t = file.header.as_object_mut().and_then(|o| o.remove("t"));
                file.header["time"] = t.expect("a tensor");
            }),
            "`t`",
        ),
        (
            fault(|file| file.header["x"]["shape"] = serde_json::json!([4, 3, 1024])),
            "`x`",
        ),
        (
            fault(|file| file.header["x"]["shape"] = serde_json::json!([2, 6, 32, 32])),
            "`x`",
        ),
        (
            fault(|file| file.header["t"]["shape"] = serde_json::json!([2, 2])),
            "`t`",
        ),
        (
            fault(|file| file.header["y"]["dtype"] = "U32".into()),
            "U32",
        ),
        (
            relabelled("F32", &floats([0.5, 1.0, 2.0, 3.0])).bytes(),
            "whole numbers",
        ),
        (
            relabelled("F32", &floats([-1.0, 1.0, 2.0, 3.0])).bytes(),
            "whole numbers",
        ),
        (
            relabelled("F32", &floats([f32::NAN, 1.0, 2.0, 3.0])).bytes(),
            "whole numbers",
        ),
        (
            relabelled("F32", &floats([13.0, 1.0, 2.0, 3.0])).bytes(),
            "13",
        ),
        (
            fault(|file| {
                let [start, _] = file.span("t");
                file.data[start..start + 4].copy_from_slice(&1001_f32.to_le_bytes());
            }),
            "0 to 1000",
        ),
    ] {
        fs::write(&input, bytes).expect("a temporary file");
        let ran = forward(text(&input), &output, &[]);
        assert!(ran.failed().contains(named), "{named}: {ran:?}");
        assert!(ran.failed().contains("in.safetensors"), "{ran:?}");
    }
    // Planted: what the faults were made from is fine.
    fs::write(&input, fits.bytes()).expect("a temporary file");
    forward(text(&input), &output, &[]).succeeded();

    let nowhere = folder.path().join("none").join("out.safetensors");
    assert!(
        forward(GOLDEN, &nowhere, &[])
            .failed()
            .contains("out.safetensors")
    );
    forward(GOLDEN, folder.path(), &[]).failed();
    forward("tests/none.safetensors", &output, &[]).failed();
    forward("tests", &output, &[]).failed();
}

#[test]
fn inspect_tells_sizes_and_bytes() {
    insta::assert_snapshot!(
        "inspect",
        refrain(&["inspect", "--backend", "gpu"]).succeeded()
    );
    let more = [
        "--policy",
        "interval",
        "--policy",
        "taylorseer:order=2,site=trunk",
        "--json",
    ];
    let document =
        refrain(&[&["inspect", "--batch", "3", "--cfg", "1"], &more[..]].concat()).json();
    assert_eq!(
        fields(&document),
        [
            "anchors",
            "backend",
            "batch",
            "config",
            "fingerprint",
            "guidance",
            "memory",
            "model",
            "parameters"
        ]
    );
    assert_eq!(document["parameters"], 4_180_272 + 12_288);
    assert_eq!(document["config"]["head_dim"], 64);
    // Kept are one and three features of 3 pictures, 64 tokens, 192 channels, 4 bytes.
    let feature = 3 * 64 * 192 * 4;
    for (row, features) in document["memory"]
        .as_array()
        .expect("rows")
        .iter()
        .zip([1, 3])
    {
        assert_eq!(
            fields(row),
            [
                "activations",
                "anchors",
                "policy",
                "references",
                "total",
                "weights"
            ]
        );
        assert_eq!(row["anchors"], features * feature);
        let parts = ["weights", "activations", "anchors", "references"];
        let sum: u64 = parts.iter().filter_map(|part| row[part].as_u64()).sum();
        assert_eq!(row["total"], sum);
    }
    let told = |more: &[&str]| {
        let start = ["inspect", "--json", "--policy", "taylorseer"];
        let document = refrain(&[&start, more].concat()).json();
        let row = document["memory"][0].clone();
        ["anchors", "weights"].map(|part| row[part].as_u64().expect("bytes"))
    };
    let [whole, stored] = told(&["--backend", "gpu"]);
    let [half, _] = told(&["--backend", "gpu", "--anchors", "f16"]);
    let [codes, packed] = told(&["--backend", "cpu", "--anchors", "int8"]);
    assert_eq!(whole, 2 * half);
    // A scale for 192 codes.
    assert_eq!(codes * 192 * 4, whole * (192 + 4));
    assert!(packed > stored, "f16 as f32, and panels that are filled up");
    let model = "tests/data/dit_d48_h2_sigma.safetensors";
    let ran = refrain(&["inspect", model, "--heads", "2"]);
    for part in [
        "8 channels, half of them sigma",
        "epsilon",
        "ddim",
        "magcache",
    ] {
        assert!(ran.succeeded().contains(part), "{ran:?}");
    }
    for (more, named) in [
        (&["--batch", "0"][..], "--batch is 0"),
        (&["--batch", "65537"], "--batch is 65537"),
        (&["--policy", "fbcache:back=6"], "back"),
        (&["--cfg", "nan"], "guidance"),
        (&["--anchors", "f8"], "int8"),
        (
            &["--anchors", "f16", "--policy", "spectrum"],
            "predictor=chebyshev",
        ),
    ] {
        let ran = refrain(&[&["inspect"], more].concat());
        assert!(ran.failed().contains(named), "{ran:?}");
    }
}
