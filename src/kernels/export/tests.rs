use alloc::{string::ToString, vec, vec::Vec};

use super::{KernelId, Language, Permutation, Source, permutations};
use crate::text::Named;

/// A kernel in the place of `subtract`, with a constant or not.
fn permutation(text: &'static str, constants: &[(&'static str, u32)]) -> Permutation {
    Permutation {
        source: Source {
            name: "planted",
            kernel: KernelId::Subtract,
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
}

#[test]
fn widths_of_a_head_are_checked() {
    let all = permutations(&[]).expect("the default");
    let count = |name: &str| all.iter().filter(|p| p.kernel().name == name).count();
    assert_eq!(
        (count("attention"), count("linear"), count("blend")),
        (14, 3, 1)
    );
    let names = |widths: &[u32]| {
        let all = permutations(widths).expect("they fit");
        let names = all.iter().map(Permutation::name);
        names
            .filter(|n| n.starts_with("attention"))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&[72]), vec!["attention.d72"]);
    for width in [0, 16, 20, 136] {
        let error = permutations(&[64, width]).expect_err("it does not fit");
        assert!(
            error
                .why()
                .starts_with(&alloc::format!("HEAD_DIM is {width};"))
        );
    }
}
