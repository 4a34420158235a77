use alloc::{string::ToString, vec, vec::Vec};

use super::layout::without_workgroup_strides;
use super::{Code, KernelId, Language, Permutation, Source, permutations};
use crate::text::Named;

/// A kernel in the place of `subtract`, with a constant or not.
fn permutation(text: &'static str, constants: &[(&'static str, u32)]) -> Permutation {
    Permutation {
        source: Source {
            name: "planted",
            kernel: KernelId::Subtract,
            variant: None,
            text,
        },
        constants: constants.to_vec(),
    }
}

const PLAIN: &str = "@group(0) @binding(1) var<storage, read_write> out: array<f32>;
override SCALE: u32;
@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) {
    out[i] = f32(SCALE);
}";
const HALF: &str = "enable f16;
@group(0) @binding(1) var<storage, read_write> out: array<f16>;
@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) {
    out[i] = f16(i);
}";
const SUBGROUPS: &str = "@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) {
    out[i] = subgroupAdd(f32(i));
}";
const MATRIX: &str = "enable wgpu_cooperative_matrix;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(8) fn main() {
    let stride = 8u;
    coopStore(coop_mat8x8<f32, C>(), &out[0], stride);
}";
const MATRIX_16: &str = "enable wgpu_cooperative_matrix;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(8) fn main() {
    let stride = 16u;
    coopStore(coop_mat16x16<f32, C>(), &out[0], stride);
}";

#[test]
fn a_constant_must_be_given_and_be_the_kernels() {
    let shader = permutation(PLAIN, &[("SCALE", 3)]).shader().expect("valid");
    let wgsl = shader.translate(Language::Wgsl).expect("WGSL");
    let text = wgsl.code.bytes();
    let text = core::str::from_utf8(&text).expect("UTF-8");
    assert!(text.contains("const SCALE: u32 = 3u;"), "{text}");
    for (constants, said) in [
        (&[][..], "kernel `planted`: constant SCALE is not given"),
        (
            &[("SCALE", 1), ("DEPTH", 2)],
            "kernel `planted.1.2`: it has no constant DEPTH",
        ),
    ] {
        let error = permutation(PLAIN, constants).shader().expect_err(said);
        assert_eq!(error.to_string(), said);
    }
    for (kernel, constant, value) in [
        (KernelId::Linear, "FORMAT", 3),
        (KernelId::Blend, "ANCHOR_FORMAT", 3),
        (KernelId::Keep, "ANCHOR_FORMAT", 2),
        (KernelId::Attention, "HEAD_DIM", 20),
    ] {
        let error = Permutation::of(kernel, &[(constant, value)]).shader();
        let error = error.expect_err("out of range");
        let start = alloc::format!("{constant} is {value}; it takes ");
        assert!(error.why().starts_with(&start), "{error}");
    }
    let error = permutation("fn main( {", &[])
        .shader()
        .expect_err("no WGSL");
    assert!(
        !error.why().contains('\n') && error.why().len() > 10,
        "{error}"
    );
}

/// What a kernel needs is found out, and a language without it says so.
#[test]
fn needs_are_found_out_and_languages_may_lack_them() {
    for (text, needs, lack) in [
        (SUBGROUPS, &["subgroups"][..], &[][..]),
        (HALF, &["f16"], &[Language::Glsl]),
        (
            MATRIX,
            &["cooperative-matrix"],
            &[Language::Hlsl, Language::Glsl],
        ),
        (
            MATRIX_16,
            &["cooperative-matrix"],
            &[Language::Msl, Language::Hlsl, Language::Glsl],
        ),
    ] {
        let shader = permutation(text, &[]).shader().expect("valid");
        assert_eq!(shader.needs(), needs);
        let mut lacking = Vec::new();
        for language in Language::ALL {
            match shader.translate(*language) {
                Ok(translated) => assert!(translated.code.bytes().len() > 50),
                Err(why) => {
                    assert!(why.why().len() > 5 && !why.why().contains('\n'), "{why}");
                    lacking.push(*language);
                }
            }
        }
        assert_eq!(lacking, lack, "{needs:?}");
    }
    let shader = permutation(HALF, &[]).shader().expect("valid");
    let hlsl = shader.translate(Language::Hlsl).expect("HLSL");
    assert_eq!(hlsl.dialect, "HLSL, shader model 6.2");
    let shader = permutation(SUBGROUPS, &[]).shader().expect("valid");
    let wgsl = shader.translate(Language::Wgsl).expect("WGSL");
    assert!(wgsl.code.bytes().starts_with(b"enable subgroups;\n@group"));
}

/// A kernel by its name, of those with heads of 64 channels.
fn named(name: &str) -> Permutation {
    let all = permutations(&[64]).expect("it fits");
    let mut found = all.into_iter().filter(|p| p.name() == name);
    found.next().unwrap_or_else(|| panic!("there is no {name}"))
}

/// What is exported has gone through it: nothing is left to leave out.
#[test]
fn workgroup_memory_has_no_strides() {
    for name in ["attention.d64", "linear.f32", "linear_coop8.f16"] {
        let shader = named(name).shader().expect("valid");
        let spirv = shader.translate(Language::Spirv).expect("SPIR-V");
        let Code::Words(words) = spirv.code else {
            panic!("{name} is no SPIR-V");
        };
        assert_eq!(without_workgroup_strides(&words), words, "{name}");
    }
}

#[test]
fn variants_say_what_they_take() {
    let table = named("linear.f16");
    assert_eq!(table.takes(), Vec::<alloc::string::String>::new());
    assert_eq!(table.subgroup_size(), None);
    assert_eq!(table.summary(), table.kernel().summary);
    for (name, takes, size, rule) in [
        (
            "linear_gelu_tile32.bf16",
            &[][..],
            None,
            "n = ceil(rows / 32); x = ceil(outputs / 32), y = min(n, 65535), z = ceil(n / y)",
        ),
        (
            "linear_few2.f32",
            &["rows <= 16"],
            None,
            "n = ceil(rows / 2); x = ceil(outputs / 8), y = min(n, 65535), z = ceil(n / y)",
        ),
        (
            "linear_subgroup8.f32",
            &["inputs % 8 == 0"],
            Some(8),
            "n = ceil(rows / 16); x = ceil(outputs / 64), y = min(n, 65535), z = ceil(n / y)",
        ),
        (
            "linear_coop8.f16",
            &[],
            Some(32),
            "n = ceil(rows / 64); x = ceil(outputs / 64), y = min(n, 65535), z = ceil(n / y)",
        ),
        (
            "attention_subgroup4.d64",
            &[],
            Some(4),
            "x = ceil(tokens / 4), y = heads, z = batch",
        ),
    ] {
        let found = named(name);
        assert_eq!(found.takes(), takes, "{name}");
        assert_eq!(found.subgroup_size(), size, "{name}");
        assert_eq!(found.grid().to_string(), rule, "{name}");
        let variant = found.variant().expect("a variant");
        assert!(found.summary().ends_with(variant.summary), "{name}");
    }
    let matrices = named("linear_coop8.f16").tolerance();
    assert!(matrices.relative > table.tolerance().relative);
}

#[test]
fn widths_of_a_head_are_checked() {
    let all = permutations(&[]).expect("the default");
    // Of the table, and of its variants: 7 for every weight format, 3 for f16 alone; 4 for attention.
    let count = |name: &str| {
        let mine = all.iter().filter(|p| p.kernel().name == name);
        let (variants, own): (Vec<_>, Vec<_>) = mine.partition(|p| p.variant().is_some());
        (own.len(), variants.len())
    };
    assert_eq!(count("attention"), (14, 4 * 14));
    assert_eq!(count("linear"), (3, 7 * 3 + 3));
    assert_eq!((count("blend"), count("keep")), ((3, 0), (2, 0)));
    let names = |widths: &[u32]| {
        let all = permutations(widths).expect("they fit");
        let names = all.iter().map(Permutation::name);
        names
            .filter(|n| n.starts_with("attention"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&[72]),
        vec![
            "attention.d72",
            "attention_row32.d72",
            "attention_row64.d72",
            "attention_subgroup4.d72",
            "attention_subgroup8.d72",
        ]
    );
    for width in [0, 16, 20, 136] {
        let error = permutations(&[64, width]).expect_err("it does not fit");
        assert!(
            error
                .why()
                .starts_with(&alloc::format!("HEAD_DIM is {width};"))
        );
    }
}
