//! What the manifest says.

use std::fs;

use refrain::kernels::export::Language;
use refrain::kernels::{AnchorFormat, Kernel, KernelId, Variant, WeightFormat};
use refrain::text::Named;
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
    let spirv = ["linear_gated.f16.spv", "blend.f16.spv"];
    insta::assert_snapshot!("spirv", of("spirv", &spirv));
    insta::assert_snapshot!("msl", of("msl", &["attention.d64.metal"]));
    let glsl = ["linear_silu_subgroup8.bf16.comp"];
    insta::assert_snapshot!("glsl", of("glsl", &glsl));
}

/// The files of a kernel of the table, or of a variant of it.
fn files_of<'a>(all: &'a [Value], operation: &Kernel, variant: Option<&Variant>) -> Vec<&'a Value> {
    let variant = variant.map_or(Value::Null, |variant| variant.name.into());
    let mine = all
        .iter()
        .filter(|file| file["operation"] == operation.name && file["variant"] == variant);
    mine.collect()
}

/// Every kernel is there in every language, and agrees with the table.
#[test]
fn every_kernel_is_described() {
    for language in Language::ALL {
        let language = language.name();
        let manifest = read(language);
        let all = manifest["files"].as_array().expect("a list");
        assert_eq!(all.len(), crate::count(language), "{language}");
        for id in KernelId::ALL {
            let kernel = id.kernel();
            let mine = files_of(all, kernel, None);
            let count = match kernel.constants {
                [] => 1,
                ["FORMAT"] => 3,
                ["ANCHOR_FORMAT"] if id == KernelId::Keep => 2,
                ["ANCHOR_FORMAT"] => 3,
                _ => 14,
            };
            assert_eq!(mine.len(), count, "{language} {}", kernel.name);
            for file in mine {
                let name = file["file"].as_str().expect("text");
                assert!(folder(language).join(name).is_file(), "{language} {name}");
                assert_eq!(file["summary"], kernel.summary, "{name}");
                let workgroup = serde_json::json!(kernel.workgroup);
                assert_eq!(file["workgroup"], workgroup, "{name}");
                assert_eq!(file["params"]["bytes"], kernel.params_size, "{name}");
                assert_eq!(file["needs"], Value::Array(Vec::new()), "{name}");
                assert_eq!(file["takes"], Value::Array(Vec::new()), "{name}");
                assert_eq!(file["subgroup_size"], Value::Null, "{name}");
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

/// What the row of a variant says that a device must have, as the manifest has it.
fn needs(variant: &Variant) -> Vec<&'static str> {
    let needs = variant.needs;
    let all = [
        (needs.f16, "f16"),
        (needs.subgroup > 0, "subgroups"),
        (needs.cooperative > 0, "cooperative-matrix"),
    ];
    let needed = all.iter().filter(|(needed, _)| *needed);
    needed.map(|(_, name)| *name).collect()
}

/// Why a language has no word for a variant.
fn lack(language: &str, variant: &Variant) -> Option<&'static str> {
    let needs = variant.needs;
    match language {
        "msl" if needs.cooperative == 16 => Some("msl has no cooperative matrices of 16 by 16"),
        "hlsl" if needs.cooperative > 0 => Some("hlsl has no cooperative-matrix"),
        "glsl" if needs.f16 => Some("glsl has no f16"),
        _ => None,
    }
}

/// Every variant of every operation is there in every language or said to be left out, agrees with its
/// own row, and has the blocks and buffers of its operation.
#[test]
fn every_variant_is_described() {
    for language in Language::ALL {
        let language = language.name();
        let manifest = read(language);
        let all = manifest["files"].as_array().expect("a list");
        let mut left_out = Vec::new();
        for id in KernelId::ALL {
            let own = files_of(all, id.kernel(), None)[0];
            for variant in id.variants() {
                let name = variant.kernel_name(id);
                let mine = files_of(all, id.kernel(), Some(variant));
                if let Some(why) = lack(language, variant) {
                    assert_eq!(mine.len(), 0, "{language} {name}");
                    left_out.push((format!("{name}.f16"), why.to_owned()));
                    continue;
                }
                let count = match id.kernel().constants {
                    ["FORMAT"] if variant.takes.only_f16_weights => 1,
                    ["FORMAT"] => 3,
                    _ => 14,
                };
                assert_eq!(mine.len(), count, "{language} {name}");
                for file in mine {
                    let path = file["file"].as_str().expect("text");
                    assert!(folder(language).join(path).is_file(), "{language} {path}");
                    assert!(path.starts_with(&format!("{name}.")), "{path}");
                    let workgroup = serde_json::json!(variant.workgroup);
                    assert_eq!(file["workgroup"], workgroup, "{path}");
                    assert_eq!(file["needs"], serde_json::json!(needs(variant)), "{path}");
                    if ["wgsl", "spirv"].contains(&language) {
                        let dialect = file["dialect"].as_str().expect("text");
                        let matrices = dialect.contains("cooperative_matrix");
                        assert_eq!(matrices, variant.needs.cooperative > 0, "{path}");
                    }
                    let relative = variant.tolerance(id).relative;
                    let found = file["tolerance"]["relative"].as_f64().expect("a number");
                    assert!((found as f32).to_bits() == relative.to_bits(), "{path}");
                    assert_eq!(file["params"], own["params"], "{path}");
                    let of = |file: &Value| {
                        let bindings = file["bindings"].as_array().expect("a list").clone();
                        // A variant may read vectors of four.
                        bindings.into_iter().map(|mut binding| {
                            binding["type"].take();
                            binding
                        })
                    };
                    assert!(of(file).eq(of(own)), "{path}");
                }
            }
        }
        let said = manifest["left_out"].as_array().expect("a list").iter();
        let mut said: Vec<_> = said
            .map(|left| {
                let text = |field| left[field].as_str().expect("text").to_owned();
                (text("name"), text("why"))
            })
            .collect();
        left_out.sort();
        said.sort();
        assert_eq!(said, left_out, "{language}");
    }
}

/// Constants say in numbers what the names of the files say in words.
#[test]
fn names_say_the_constants() {
    let weights = [
        ("f32", WeightFormat::F32),
        ("f16", WeightFormat::F16),
        ("bf16", WeightFormat::Bf16),
    ];
    let mut seen = Vec::new();
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
        let constant = &file["constants"][0];
        let value = constant["value"].as_u64().expect("a number") as u32;
        let said = match constant["name"].as_str().expect("text") {
            "FORMAT" => {
                let found = weights.iter().find(|(_, format)| *format as u32 == value);
                found.expect("a format").0.to_owned()
            }
            "ANCHOR_FORMAT" => {
                let format = AnchorFormat::from_number(value);
                format.expect("a format").name().to_owned()
            }
            _ => format!("d{value}"),
        };
        assert_eq!(said, word, "{name}");
        seen.push(name);
    }
    for name in [
        "keep.f16",
        "blend.int8",
        "linear_few2.bf16",
        "attention.d24",
    ] {
        assert!(seen.contains(&name), "{name}: {seen:?}");
    }
    assert!(!seen.contains(&"keep.int8"), "it has a kernel of its own");
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
