//! Checkpoints that are damaged or hostile.

use std::fs;

use serde_json::json;

use crate::{files::Raw, refrain, text};

/// f32, two blocks of width 48, sigma channels.
const MODEL: &str = "tests/data/dit_d48_h2_sigma.safetensors";
const QKV: &str = "blocks.0.attn.qkv.weight";

fn set_float(file: &mut Raw, name: &str, value: f32) {
    let [_, end] = file.span(name);
    file.data[end - 4..end].copy_from_slice(&value.to_le_bytes());
}

/// What is wrong with a file, how to make it so, and what the line must say.
type Fault = (&'static str, fn(&mut Raw), &'static str);

const FAULTS: &[Fault] = &[
    (
        "missing tensor",
        |f| drop(f.header.as_object_mut().map(|o| o.remove(QKV))),
        "safetensors",
    ),
    (
        "renamed tensor",
        |f| {
            let tensor = f.header[QKV].take();
            drop(f.header.as_object_mut().map(|o| o.remove(QKV)));
            f.header["blocks.0.attn.key.weight"] = tensor;
        },
        "blocks.0.attn",
    ),
    (
        "misshapen tensor",
        |f| f.header[QKV]["shape"] = json!([48, 144]),
        QKV,
    ),
    (
        "wrong number of dimensions",
        |f| f.header[QKV]["shape"] = json!([144, 48, 1]),
        QKV,
    ),
    (
        "shape that does not fit its bytes",
        |f| f.header[QKV]["shape"] = json!([144, 49]),
        "safetensors",
    ),
    (
        "shape that overflows",
        |f| f.header[QKV]["shape"] = json!([1_u64 << 62, 1_u64 << 62]),
        "safetensors",
    ),
    (
        "whole numbers",
        |f| f.header[QKV]["dtype"] = "I32".into(),
        QKV,
    ),
    (
        "unknown element type",
        |f| f.header[QKV]["dtype"] = "F33".into(),
        "safetensors",
    ),
    (
        "overlapping offsets",
        |f| {
            let other = f.header["blocks.1.attn.qkv.weight"]["data_offsets"].clone();
            f.header[QKV]["data_offsets"] = other;
        },
        "safetensors",
    ),
    (
        "offsets beyond the end",
        |f| f.header[QKV]["data_offsets"] = json!([0, 1_u64 << 40]),
        "safetensors",
    ),
    (
        "offsets in reverse",
        |f| f.header[QKV]["data_offsets"] = json!([27_648, 0]),
        "safetensors",
    ),
    (
        "a hole between tensors",
        |f| f.data.extend([0; 64]),
        "safetensors",
    ),
    (
        "half of the data",
        |f| f.data.truncate(f.data.len() / 2),
        "safetensors",
    ),
    ("NaN", |f| set_float(f, QKV, f32::NAN), QKV),
    (
        "infinity",
        |f| set_float(f, "final_layer.linear.bias", f32::INFINITY),
        "final_layer.linear.bias",
    ),
    (
        "a header that is no object",
        |f| f.header = json!([1, 2]),
        "safetensors",
    ),
    (
        "heads that are no number",
        |f| f.header["__metadata__"] = json!({"num_heads": "two"}),
        "num_heads",
    ),
    (
        "an unknown prediction",
        |f| f.header["__metadata__"] = json!({"prediction": "x0"}),
        "prediction",
    ),
    (
        "names that are no list",
        |f| f.header["__metadata__"] = json!({"class_names": "{"}),
        "class_names",
    ),
    (
        "a name that moves the cursor",
        |f| {
            let tensor = f.header[QKV].take();
            drop(f.header.as_object_mut().map(|o| o.remove(QKV)));
            f.header["\u{1b}[2J\n"] = tensor;
        },
        "blocks.0.attn.qkv.weight",
    ),
];

#[test]
fn every_fault_is_one_clear_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model.safetensors");
    let inspect = |bytes: &[u8], heads: &[&str]| {
        fs::write(&path, bytes).expect("a temporary file");
        refrain(&[&["inspect", text(&path)], heads].concat())
    };
    let good = Raw::read(MODEL);
    // Planted: without a fault the file is fine.
    inspect(&good.bytes(), &["--heads", "2"]).succeeded();
    for (what, fault, named) in FAULTS {
        let mut file = good.clone();
        fault(&mut file);
        // An option would go before the metadata.
        let heads: &[&str] = if *named == "num_heads" {
            &[]
        } else {
            &["--heads", "2"]
        };
        let ran = inspect(&file.bytes(), heads);
        assert!(ran.failed().contains(named), "{what}: {ran:?}");
        assert!(
            ran.failed().contains("model.safetensors"),
            "{what}: {ran:?}"
        );
    }
    assert!(inspect(&good.bytes(), &[]).failed().contains("--heads"));
}

#[test]
fn truncated_files_and_huge_headers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model.safetensors");
    let good = Raw::read(MODEL).bytes();
    let header = 8 + u64::from_le_bytes(*good.first_chunk().expect("a length")) as usize;
    for length in [
        0,
        1,
        7,
        8,
        9,
        header - 1,
        header,
        header + 1,
        good.len() - 1,
    ] {
        fs::write(&path, &good[..length]).expect("a temporary file");
        refrain(&["inspect", text(&path), "--heads", "2"]).failed();
    }
    for length in [0, 1, good.len() as u64, 100_000_001, u64::MAX - 7, u64::MAX] {
        let mut bytes = good.clone();
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        fs::write(&path, bytes).expect("a temporary file");
        refrain(&["inspect", text(&path), "--heads", "2"]).failed();
    }
    // Other commands read checkpoints the same way.
    let out = folder.path().join("sheet.png");
    let input = "tests/data/dit_d48_h2_sigma_io.safetensors";
    let arguments = ["--model", text(&path)];
    let generate = ["generate", "--out", text(&out)];
    let forward = ["forward", "--input", input, "--output", text(&out)];
    for command in [&generate[..], &forward[..]] {
        refrain(&[command, &arguments].concat()).failed();
    }
    assert!(!out.exists(), "nothing is left behind");
}
