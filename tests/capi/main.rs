//! The C functions, called by programs in C and C++ that the system's compilers build.

extern crate alloc;

mod build;
mod cases;
mod corpus;
mod header;
mod layout;
mod sizes;
mod systems;
#[cfg(all(feature = "cli", target_os = "linux"))]
mod vulkan;
mod watched;

use alloc::sync::Arc;
use std::fs;
use std::path::{Path, PathBuf};

use build::{
    C, compilers, decide_layer, folder, library, link, program, root, run, stderr, stdout, succeeds,
};
use refrain::Policy;
use refrain::dit::{Model, Overrides};
use refrain::run::{Backend, Engine, Settings};
use refrain::sampler::Sampler;

const NONE: [&str; 0] = [];

/// Attention heads of [`small_model`], which its file does not tell.
const HEADS: &str = "2";

fn small_model() -> PathBuf {
    root().join("tests/data/dit_d48_h2_sigma.safetensors")
}

fn emoji() -> PathBuf {
    root().join("models/emoji/emoji_dit_f16.safetensors")
}

#[test]
fn the_program_of_the_readme_runs() {
    let trace = succeeds(&program("readme"), &NONE);
    assert_eq!(trace, "CCCppCppCppCppCppCpC\n");
}

/// The smallest library: the scheduler without kernels and runs.
#[test]
fn the_decide_layer_alone() {
    let library = decide_layer();
    let source = Path::new("c/drive_scheduler.c");
    let exe = link(&library, "cc", &C, &[source], "drive_decide_layer");
    let alone = succeeds(&exe, &NONE);
    assert_eq!(alone, succeeds(&program("drive_scheduler"), &NONE));
    let bytes = fs::metadata(&exe).unwrap().len();
    let all = fs::metadata(program("drive_scheduler")).unwrap().len();
    assert!(bytes * 2 < all, "{bytes} bytes, with everything {all}");
}

#[test]
fn a_host_with_its_own_arithmetic() {
    let exe = program("drive_scheduler");
    let printed = succeeds(&exe, &NONE);
    assert_eq!(printed.lines().count(), 18, "{printed}");

    let planted = run(&exe, &["plant"]);
    assert_eq!(planted.status.code(), Some(2), "{}", stderr(&planted));
}

#[test]
fn every_error_is_reported() {
    let model = small_model();
    let programs = [
        ("errors", &[][..]),
        ("errors_cpu", &[]),
        ("errors_peers", &[]),
        ("errors_run", &[model.to_str().unwrap(), HEADS]),
        ("errors_program", &[model.to_str().unwrap(), HEADS]),
        ("errors_objects", &[model.to_str().unwrap(), HEADS]),
    ];
    let mut printed = String::new();
    for (name, arguments) in programs {
        let exe = program(name);
        printed += &succeeds(&exe, arguments);
        for plant in ["plant-status", "plant-output"] {
            let planted = run(&exe, &[arguments, &[plant]].concat());
            assert_eq!(planted.status.code(), Some(1), "{plant}");
            assert!(stderr(&planted).contains("1 rows failed"), "{plant}");
        }
    }
    printed += &succeeds(&program("heap"), &[model.to_str().unwrap(), HEADS]);
    header::check_null_rows(&printed);
    // A panic and a failing device cannot be caused from outside.
    for status in [
        "NULL",
        "CONFIG_SIZE",
        "UNSUPPORTED",
        "VALUE",
        "MEMORY",
        "ORDER",
        "RANGE",
        "CAPACITY",
        "FORMAT",
        "FILE",
    ] {
        let row = format!(" REFRAIN_E_{status}\n");
        assert!(printed.contains(&row), "{status} was not reached");
    }
}

/// Every sequence of five functions of a scheduler under three policies.
#[test]
fn every_order_of_calls_is_right_or_refused() {
    let exe = program("orders");
    let printed = succeeds(&exe, &["5"]);
    assert_eq!(printed, "300000 sequences, some refused\n");
    let planted = run(&exe, &["3", "plant"]);
    assert_eq!(planted.status.code(), Some(2), "{}", stderr(&planted));
    assert!(stderr(&planted).contains("REFRAIN_OK, expected REFRAIN_E_ORDER"));
}

#[test]
fn a_host_that_listens() {
    let (exe, model) = (program("listen"), small_model());
    let arguments = [model.to_str().unwrap(), HEADS, "plant"];
    assert_eq!(succeeds(&exe, &arguments[..2]), "heard\n");
    let planted = run(&exe, &arguments);
    assert_eq!(planted.status.code(), Some(2), "{}", stderr(&planted));
}

#[test]
fn the_heap_is_the_hosts() {
    let (exe, model) = (program("heap"), small_model());
    let arguments = [model.to_str().unwrap(), HEADS];
    assert!(succeeds(&exe, &arguments).ends_with("all of it\n"));
    let late = succeeds(&exe, &[&arguments[..], &["late"]].concat());
    assert!(late.ends_with("too late\n"));
    let planted = run(&exe, &[&arguments[..], &["plant"]].concat());
    assert_eq!(planted.status.code(), Some(1), "{}", stderr(&planted));
    assert!(stderr(&planted).contains("heap.wrong == 0"));
}

/// Options of other libraries, through C and through Rust.
#[test]
fn options_of_other_libraries() {
    use refrain::policy::peers::Peer;
    let exe = program("peers");
    let mut expected = String::new();
    for (peer, options) in [
        (
            Peer::SdCpp,
            "--cache-mode easycache --cache-option threshold=0.25",
        ),
        (
            Peer::SdCpp,
            "--cache-mode ucache --cache-option threshold=1.5,relative=0 --steps 20",
        ),
        (Peer::SdCpp, "--cache-mode spectrum"),
        (
            Peer::CacheDit,
            "DBCacheConfig(Fn_compute_blocks=8, Bn_compute_blocks=0, max_warmup_steps=8)",
        ),
        (
            Peer::CacheDit,
            "residual_diff_threshold: 0.12\nenable_taylorseer: true\n",
        ),
        (Peer::Diffusers, "FirstBlockCacheConfig(threshold=0.2)"),
        (
            Peer::Diffusers,
            "MagCacheConfig(mag_ratios=FLUX_MAG_RATIOS)",
        ),
        (
            Peer::Diffusers,
            "TaylorSeerCacheConfig(cache_interval=5, taylor_factors_dtype=torch.float32)",
        ),
    ] {
        let (policy, report) = Policy::from_peer(peer, options).unwrap();
        expected += &format!("{policy}\n");
        if !report.is_empty() {
            expected += &format!("{report}\n");
        }
    }
    assert_eq!(succeeds(&exe, &NONE), expected);

    let planted = run(&exe, &["plant"]);
    assert_eq!(planted.status.code(), Some(2), "{}", stderr(&planted));
}

#[test]
fn a_program_of_two_files_and_two_languages() {
    for (cc, cxx) in compilers() {
        let object = folder().join(format!("twice-{cc}.o"));
        let flags = [&C[..], &["-c"]].concat();
        let out = build::compile(cc, &flags, &[Path::new("c/twice.c")], &object);
        assert!(out.status.success(), "{}", stderr(&out));
        for standard in ["-std=c++11", "-std=c++17", "-std=c++20"] {
            let flags = [&C[1..], &[standard]].concat();
            let files = [Path::new("cpp/host.cpp"), &object];
            let exe = link(
                library(),
                cxx,
                &flags,
                &files,
                &format!("host-{cc}{standard}"),
            );
            assert_eq!(succeeds(&exe, &NONE), "CrrCrrCrrCrC\n");
        }
    }
}

/// The header's linking line names what the compiler says is needed.
#[test]
fn the_documented_libraries_are_the_ones_needed() {
    let documented = include_str!("../c/libraries.txt");
    // What the C compiler links by itself, or the C library holds since version 2.34.
    let implied = ["-lc", "-lgcc_s", "-lutil", "-lrt"];
    for needed in &library().libraries {
        let given = documented.split_whitespace().any(|one| one == needed);
        assert!(given || implied.contains(&needed.as_str()), "{needed}");
    }
}

/// Pixels of a PPM.
fn pixels(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let start = bytes.len() - 3 * 32 * 32;
    assert!(bytes.starts_with(b"P6\n32 32\n255\n"));
    bytes[start..].to_vec()
}

/// The picture that C makes is the picture that Rust makes.
#[test]
fn a_picture_from_the_emoji_model() {
    let exe = program("generate");
    let policy = "taylorseer:interval=2,warmup=2";
    let picture = |seed: &str| {
        let ppm = folder().join(format!("emoji-{seed}.ppm"));
        let (model, out) = (emoji(), ppm.display().to_string());
        let all = [model.to_str().unwrap(), &out, policy, "8", seed, "3", "2"];
        let printed = succeeds(&exe, &all);
        assert!(printed.starts_with("CCpCpCpC 5 cpu"), "{printed}");
        pixels(&ppm)
    };
    let model = Model::open(&emoji(), &Overrides::default()).unwrap();
    let engine = Engine::new(Arc::new(model), Backend::Cpu).unwrap();
    let mut sampling = engine
        .start(&Settings {
            policy: Policy::parse(policy).unwrap(),
            steps: 8,
            sampler: Sampler::Euler,
            guidance: 3.0,
            classes: vec![0],
            anchor_format: refrain::kernels::AnchorFormat::F32,
            seed: 7,
        })
        .unwrap();
    while sampling.advance().unwrap().is_some() {}
    let expected = sampling.picture_rgb8(0).unwrap();
    assert!(picture("7") == expected, "the pictures differ");
    assert!(
        picture("8") != expected,
        "another seed gives another picture"
    );
}

/// A policy that cannot do anything on so few steps does not keep silent.
#[test]
fn a_policy_that_cannot_skip_is_noticed() {
    let ppm = folder().join("noticed.ppm").display().to_string();
    let model = emoji();
    let model = model.to_str().unwrap();
    let policy = "interval:interval=2,warmup=2";
    let out = run(
        &program("generate"),
        &[model, &ppm, policy, "2", "1", "1", "2"],
    );
    assert!(out.status.success() && stdout(&out).starts_with("CC 2 "));
    assert_eq!(stderr(&out), "cannot-skip\n");
}

#[test]
fn bad_input_to_a_program_is_one_line() {
    let exe = program("generate");
    let out = folder().join("never.ppm");
    let (emoji, out) = (emoji(), out.display().to_string());
    let emoji = emoji.to_str().unwrap();
    for (model, policy, steps, guidance, said) in [
        ("nowhere", "full", "2", "1", "nowhere"),
        (emoji, "teacache:treshold=1", "2", "1", "treshold"),
        (emoji, "full", "0", "1", "steps"),
        (emoji, "full", "2", "nan", "guidance"),
        (emoji, "mask:11011", "2", "1", "mask"),
    ] {
        let out = run(&exe, &[model, &out, policy, steps, "1", guidance, "2"]);
        assert_eq!(out.status.code(), Some(1), "{said}");
        let why = stderr(&out);
        assert!(
            why.contains(said) && why.trim_end().lines().count() == 1,
            "{why}"
        );
        assert_eq!(stdout(&out), "");
    }
}
