//! The wrapper for C++ (`bindings/cpp`) and the samples that use it, built by the system's compilers.

extern crate alloc;

#[path = "../capi/build.rs"]
#[expect(dead_code, reason = "shared with the tests of the C functions")]
mod build;
#[path = "../capi/cases.rs"]
mod cases;
mod coverage;
mod samples;
mod watched;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use build::{folder, library, link, root, run, stderr, stdout, succeeds};

const NONE: [&str; 0] = [];

/// What every file in C++ is compiled with.
const WARNINGS: [&str; 6] = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Werror",
    "-I../bindings/cpp",
];

/// What engines that want neither exceptions nor type information compile with.
const BARE: [&str; 2] = ["-fno-exceptions", "-fno-rtti"];

/// The compilers that are here.
fn compilers() -> Vec<&'static str> {
    build::compilers().into_iter().map(|(_, cxx)| cxx).collect()
}

/// A program of files relative to `tests/`.
fn built(compiler: &str, flags: &[&str], files: &[&str], name: &str) -> PathBuf {
    let flags = [&WARNINGS[..], flags].concat();
    let files: Vec<&Path> = files.iter().map(Path::new).collect();
    link(library(), compiler, &flags, &files, &format!("cpp_{name}"))
}

/// A program of this folder as C++17.
fn program(name: &str) -> PathBuf {
    let file = format!("cpp_wrapper/{name}.cpp");
    built("c++", &["-std=c++17"], &[&file], name)
}

fn emoji() -> String {
    let path = root().join("models/emoji/emoji_dit_f16.safetensors");
    path.display().to_string()
}

/// A model with sigma channels, of 2 heads, which its file does not tell.
fn small() -> String {
    let path = root().join("tests/data/dit_d48_h2_sigma.safetensors");
    path.display().to_string()
}

/// A program must fail with a line that names what was planted.
fn notices(exe: &Path, arguments: &[&str], said: &str) {
    let out: Output = run(exe, arguments);
    assert_eq!(out.status.code(), Some(1), "{arguments:?} was not noticed");
    assert!(stderr(&out).contains(said), "{}", stderr(&out));
}

/// Both compilers, both kinds of span, with exceptions and type information and without.
#[test]
fn everything_in_every_dialect() {
    let (emoji, small) = (emoji(), small());
    for compiler in compilers() {
        for standard in ["-std=c++17", "-std=c++20"] {
            for bare in [&BARE[..], &[]] {
                let flags = [&[standard], bare].concat();
                let name = format!("{compiler}{standard}{}", bare.concat());
                println!("{name}");
                let file = ["cpp_wrapper/decide.cpp"];
                let exe = built(compiler, &flags, &file, &format!("decide_{name}"));
                assert_eq!(succeeds(&exe, &NONE), "decided\n", "{name}");
                let file = ["cpp_wrapper/run.cpp"];
                let exe = built(compiler, &flags, &file, &format!("run_{name}"));
                assert_eq!(succeeds(&exe, &[&emoji, &small, "2"]), "ran\n", "{name}");
            }
        }
    }
    notices(&program("decide"), &["plant-committed"], "dropping.save()");
    let arguments = [&emoji, &small, "2", "plant-seed"];
    notices(&program("run"), &arguments, "expected");
}

/// value() of an error ends the program, and says why.
#[test]
fn the_value_of_an_error() {
    let out = run(&program("decide"), &["value-of-an-error"]);
    assert!(!out.status.success());
    assert!(stderr(&out).starts_with("refrain: ") && stderr(&out).contains("threshold"));
    assert_eq!(stdout(&out), "");
}

/// The decisions that the C program makes, which are those written, with the state moved about.
#[test]
fn every_case_is_decided_as_in_c() {
    let flags = ["-std=c++17", "-fno-exceptions", "-fno-rtti"];
    let exe = built("c++", &flags, &["cpp_wrapper/corpus.cpp"], "corpus");
    cases::check(&mut Command::new(exe));
}

#[test]
fn a_call_that_throws_is_abandoned() {
    let exe = program("throwing");
    assert_eq!(succeeds(&exe, &NONE), "CrrrrrrrrC\n");
    notices(&exe, &["plant-release"], "E_ORDER");
}

/// Files of different dialects and compilers in one program.
#[test]
fn a_program_of_two_files() {
    for (first, second) in [
        ("-std=c++17", "-std=c++17"),
        ("-std=c++17", "-std=c++20"),
        ("-std=c++20", "-std=c++17"),
    ] {
        for compiler in compilers() {
            let object = folder().join("cpp_two_b.o");
            let flags = [&WARNINGS[..], &BARE, &[second, "-c"]].concat();
            let file = [Path::new("cpp_wrapper/two_b.cpp")];
            let out = build::compile(compiler, &flags, &file, &object);
            assert!(out.status.success(), "{}", stderr(&out));
            let object = object.to_str().expect("UTF-8");
            let files = ["cpp_wrapper/two_a.cpp", object];
            let exe = built("c++", &[first], &files, "two");
            assert_eq!(succeeds(&exe, &NONE), "C1r1rC 1r1rC1r1r\n");
        }
    }
}

#[test]
fn a_library_that_does_not_fit_is_refused() {
    succeeds(&program("foreign"), &NONE);
}

#[test]
fn an_allocator_in_cpp() {
    let exe = program("memory");
    succeeds(&exe, &[&small(), "2"]);
    notices(&exe, &[&small(), "2", "plant-late"], "E_ORDER");
}
