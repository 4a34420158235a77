//! What the manifest says.

use std::fs;

use refrain::kernels::{KERNELS, WeightFormat};
use serde_json::Value;

use crate::{folder, root};

pub(crate) fn read(language: &str) -> Value {
    let path = folder(language).join("manifest.json");
    serde_json::from_slice(&fs::read(path).expect("readable")).expect("JSON")
}

/// A manifest cut to the files of that name.
fn of(language: &str, files: &[&str]) -> String {
    let mut manifest = read(language);
    manifest["refrain"] = "VERSION".into();
    let list = manifest["files"].as_array_mut().expect("a list");
    list.retain(|file| files.contains(&file["file"].as_str().expect("text")));
    serde_json::to_string_pretty(&manifest).expect("JSON")
}

#[test]
fn manifests_are_as_recorded() {
    insta::assert_snapshot!("spirv", of("spirv", &["linear_gated.f16.spv", "blend.spv"]));
    insta::assert_snapshot!("msl", of("msl", &["attention.d64.metal"]));
}

/// Every kernel is there in every language, and agrees with the table.
#[test]
fn every_kernel_is_described() {
    for language in ["wgsl", "spirv", "msl", "hlsl", "glsl"] {
        let manifest = read(language);
        assert_eq!(manifest["left_out"], Value::Array(Vec::new()), "{language}");
        let files = manifest["files"].as_array().expect("a list");
        assert_eq!(files.len(), crate::FILES, "{language}");
        for kernel in KERNELS {
            let mine = files.iter().filter(|file| file["kernel"] == kernel.name);
            let mine: Vec<_> = mine.collect();
            let count = match kernel.constants {
                [] => 1,
                ["FORMAT"] => 3,
                _ => 14,
            };
            assert_eq!(mine.len(), count, "{language} {}", kernel.name);
            for file in mine {
                let name = file["file"].as_str().expect("text");
                assert!(folder(language).join(name).is_file(), "{language} {name}");
                let workgroup = serde_json::json!(kernel.workgroup);
                assert_eq!(file["workgroup"], workgroup, "{name}");
                assert_eq!(file["params"]["bytes"], kernel.params_size, "{name}");
                assert_eq!(file["needs"], Value::Array(Vec::new()), "{name}");
                let bindings = file["bindings"].as_array().expect("a list");
                assert_eq!(bindings.len(), kernel.bindings.len() + 1, "{name}");
                for (binding, row) in bindings[1..].iter().zip(kernel.bindings) {
                    assert_eq!(binding["name"], row.name, "{name}");
                    assert_eq!(binding["shape"], row.shape, "{name}");
                }
            }
        }
    }
}

/// Constants say in numbers what the names of the files say in words.
#[test]
fn names_say_the_constants() {
    let formats = [
        ("f32", WeightFormat::F32),
        ("f16", WeightFormat::F16),
        ("bf16", WeightFormat::Bf16),
    ];
    let manifest = read("hlsl");
    for file in manifest["files"].as_array().expect("a list") {
        let name = file["file"]
            .as_str()
            .expect("text")
            .trim_end_matches(".hlsl");
        let Some((_, word)) = name.split_once('.') else {
            assert_eq!(file["constants"], Value::Array(Vec::new()), "{name}");
            continue;
        };
        let value = &file["constants"][0]["value"];
        match formats.iter().find(|(format, _)| *format == word) {
            Some((_, format)) => assert_eq!(*value, *format as u32, "{name}"),
            None => assert_eq!(format!("d{value}"), word, "{name}"),
        }
    }
}

/// The program does not know which naga it is built with but by a constant.
#[test]
fn the_version_of_naga_is_that_of_the_lock_file() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("readable");
    let package = lock
        .split("name = \"naga\"\n")
        .nth(1)
        .expect("naga is there");
    let version = package.split('"').nth(1).expect("a version");
    assert_eq!(read("wgsl")["naga"], version);
}
