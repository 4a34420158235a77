//! The programs with every access to memory watched.

use std::env;
use std::path::PathBuf;

use crate::build::{run, stderr, wanted, watched};
use crate::samples::sample;
use crate::{built, compilers, emoji, program, small};

/// Programs, with what they are started with.
fn programs() -> [(&'static str, Vec<String>); 3] {
    [
        ("decide", Vec::new()),
        ("throwing", Vec::new()),
        ("run", vec![emoji(), small(), "2".to_owned()]),
    ]
}

#[test]
fn valgrind_finds_nothing() {
    if !wanted("REFRAIN_VALGRIND", "valgrind") {
        return;
    }
    for (name, arguments) in programs() {
        let brief = arguments.iter().map(String::as_str);
        let brief: Vec<String> = brief.chain(["brief"]).map(str::to_owned).collect();
        let out = watched(&program(name), &brief);
        assert!(out.status.success(), "{name}: {}", stderr(&out));
    }
    for (name, arguments) in samples() {
        let out = watched(&sample(name), &arguments);
        assert!(out.status.success(), "{name}: {}", stderr(&out));
    }
    for plant in ["leak", "outlived"] {
        let out = watched(&program("careless"), &[plant.to_owned()]);
        assert_eq!(out.status.code(), Some(99), "{plant}: {}", stderr(&out));
    }
}

/// The samples that need no device of their own, likewise, and as short as they can be.
fn samples() -> [(&'static str, Vec<String>); 3] {
    let game = [emoji().as_str(), "2", "1", "1"].map(str::to_owned);
    [
        ("readme", Vec::new()),
        ("ggml_style", Vec::new()),
        ("game_loop", game.to_vec()),
    ]
}

fn sanitized(compiler: &str, folder: &str, name: &str) -> PathBuf {
    let flags = [
        "-std=c++20",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ];
    let file = format!("{folder}/{name}.cpp");
    built(
        compiler,
        &flags,
        &[&file],
        &format!("{name}_sanitized_{compiler}"),
    )
}

/// The C++ is instrumented, the library is not; its allocations are watched all the same.
#[test]
fn sanitizers_find_nothing() {
    if env::var("REFRAIN_VALGRIND").is_ok_and(|wish| wish == "none") {
        println!("skipped: nothing is to be watched");
        return;
    }
    for compiler in compilers() {
        let own = programs().map(|program| ("cpp_wrapper", program));
        let samples = samples().map(|sample| ("../bindings/samples", sample));
        for (folder, (name, arguments)) in own.into_iter().chain(samples) {
            let out = run(&sanitized(compiler, folder, name), &arguments);
            assert!(out.status.success(), "{compiler} {name}: {}", stderr(&out));
        }
        let careless = sanitized(compiler, "cpp_wrapper", "careless");
        for (plant, said) in [
            ("leak", "LeakSanitizer"),
            ("outlived", "heap-use-after-free"),
            ("shift", "shift exponent"),
        ] {
            let out = run(&careless, &[plant]);
            assert!(!out.status.success(), "{compiler}: {plant} was not noticed");
            assert!(stderr(&out).contains(said), "{compiler}: {}", stderr(&out));
        }
    }
}
