//! A host in C++ with its own Vulkan device, which runs none of this crate's executors: the kernels
//! are files of `refrain kernels --lang spirv`, the forward pass comes through
//! `refrain::Program`, the wrapper of `refrain_program_…`.

use alloc::sync::Arc;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use refrain::Policy;
use refrain::dit::{Model, Overrides};
use refrain::kernels::AnchorFormat;
use refrain::run::{Backend, Engine, Settings};
use refrain::sampler::Sampler;

use crate::build::{folder, library, link, run, stderr, stdout};
use crate::{emoji, pixels};

const STEPS: u32 = 12;
const SEED: u64 = 7;
const GUIDANCE: f32 = 2.5;

/// The program that C++ makes; `None` if the test is to be skipped, by the rules of the device tests.
fn host() -> Option<PathBuf> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(built).clone()
}

fn built() -> Option<PathBuf> {
    let wish = env::var("REFRAIN_GPU").unwrap_or_default();
    let header = Path::new("/usr/include/vulkan/vulkan.h").exists();
    assert!(header || wish != "required", "install libvulkan-dev");
    if wish == "none" || !header {
        println!("skipped: no device is wanted, or libvulkan-dev is not installed");
        return None;
    }
    let flags = [
        "-std=c++17",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Wconversion",
        "-Werror",
        "-I../bindings/cpp",
    ];
    let source = Path::new("../bindings/samples/vulkan_host.cpp");
    let files = [source, Path::new("-lvulkan")];
    Some(link(library(), "c++", &flags, &files, "vulkan_host"))
}

/// The kernels as files, for the only width of a head that the model has.
fn kernels() -> &'static str {
    static WRITTEN: OnceLock<String> = OnceLock::new();
    WRITTEN.get_or_init(written)
}

fn written() -> String {
    let out = folder().join("spirv").display().to_string();
    let arguments = [
        "kernels",
        "--lang",
        "spirv",
        "--head-dim",
        "64",
        "--force",
        "--out",
    ];
    let mut program = Command::new(env!("CARGO_BIN_EXE_refrain"));
    let ran = program.args(arguments).arg(&out).output().expect("it runs");
    assert!(ran.status.success(), "{}", stderr(&ran));
    out
}

/// Trace and picture of the host in C++.
fn drawn(
    exe: &Path,
    kernels: &str,
    (policy, anchors): (&str, AnchorFormat),
    plant: &[&str],
) -> (String, Vec<u8>) {
    let out = folder().join("vulkan.ppm");
    let (model, ppm) = (emoji().display().to_string(), out.display().to_string());
    let numbers = [STEPS.to_string(), SEED.to_string(), GUIDANCE.to_string()];
    let [steps, seed, guidance] = numbers.each_ref().map(String::as_str);
    let anchors = (anchors as u32).to_string();
    let arguments = [
        &model, kernels, &ppm, policy, steps, seed, guidance, "cat", &anchors,
    ];
    let ran = run(exe, &[&arguments, plant].concat());
    assert!(ran.status.success(), "{policy}: {}", stderr(&ran));
    let said = stdout(&ran);
    let (trace, device) = said.split_once(' ').expect("a trace and a device");
    println!("{policy}: {trace} on {}", device.trim_end());
    (trace.to_owned(), pixels(&out))
}

/// What the library's own run gives: `refrain generate` does the same.
fn expected(engine: &Engine, (policy, anchors): (&str, AnchorFormat)) -> (String, Vec<u8>) {
    let class = engine.model().config().class("cat").expect("a class");
    let mut sampling = engine
        .start(&Settings {
            policy: Policy::parse(policy).unwrap(),
            steps: STEPS,
            sampler: Sampler::Euler,
            guidance: GUIDANCE,
            classes: vec![class],
            seed: SEED,
            anchor_format: anchors,
        })
        .unwrap();
    while sampling.advance().unwrap().is_some() {}
    (
        sampling.trace().to_string(),
        sampling.picture_rgb8(0).unwrap(),
    )
}

/// The largest difference of two pictures, in 8-bit steps.
fn apart(a: &[u8], b: &[u8]) -> u8 {
    let pairs = a.iter().zip(b);
    pairs.map(|(a, b)| a.abs_diff(*b)).max().expect("pixels")
}

#[test]
fn a_host_with_its_own_vulkan_device() {
    let Some(exe) = host() else { return };
    let kernels = kernels();
    let model = Model::open(&emoji(), &Overrides::default()).unwrap();
    let engine = Engine::new(Arc::new(model), Backend::Cpu).unwrap();
    // Modules that are skipped one by one; signals that are measured before a call, through a filter,
    // and behind it; a curve of the model's; a forecast that follows a
    // probe; sums over the whole past; products; forecasts that are verified; anchors in fewer bits.
    let taylorseer = "taylorseer:interval=4,order=1";
    for (policy, anchors) in [
        (taylorseer, AnchorFormat::F32),
        ("seacache", AnchorFormat::F32),
        ("easycache:threshold=0.03", AnchorFormat::F32),
        ("magcache", AnchorFormat::F32),
        ("dicache:threshold=0.2", AnchorFormat::F32),
        (
            "interval:interval=2,predictor=chebyshev,order=1",
            AnchorFormat::F32,
        ),
        ("interval:interval=3,predictor=dmd", AnchorFormat::F32),
        ("speca", AnchorFormat::F32),
        (taylorseer, AnchorFormat::F16),
        (taylorseer, AnchorFormat::Int8),
    ] {
        let (trace, picture) = drawn(&exe, kernels, (policy, anchors), &[]);
        let (expected_trace, expected) = expected(&engine, (policy, anchors));
        assert_eq!(trace, expected_trace, "{policy}");
        assert!(
            trace.contains(|action| action != 'C'),
            "{policy} skips nothing"
        );
        let apart = apart(&picture, &expected);
        assert!(apart <= 1, "{policy}: {apart} of 255 apart");
    }
    let how = (taylorseer, AnchorFormat::F32);
    let (_, expected) = expected(&engine, how);
    for plant in ["plant-workgroups", "plant-binding"] {
        let (_, picture) = drawn(&exe, kernels, how, &[plant]);
        assert!(apart(&picture, &expected) > 10, "{plant} was not noticed");
    }
}

#[test]
fn the_host_says_what_is_wrong() {
    let Some(exe) = host() else { return };
    let kernels = kernels();
    let model = emoji().display().to_string();
    for (policy, kernels, said) in [
        ("taylorsee", kernels, "taylorsee"),
        ("full", "nowhere", "nowhere/"),
    ] {
        let ran = run(
            &exe,
            &[
                &model,
                kernels,
                "never.ppm",
                policy,
                "2",
                "1",
                "1",
                "cat",
                "0",
            ],
        );
        assert_eq!(ran.status.code(), Some(1));
        assert!(stderr(&ran).contains(said), "{}", stderr(&ran));
    }
}
