//! The bindings of `bindings/`, loaded and run in their languages. `REFRAIN_MONO` and
//! `REFRAIN_PYTHON` make the absence of Mono or Python a failure (`required`), or leave it out (`none`).

extern crate alloc;

#[path = "../capi/build.rs"]
#[expect(dead_code, reason = "the tests of the C functions use the rest")]
mod build;
#[path = "../capi/cases.rs"]
mod cases;
mod csharp;
mod layout;
mod python;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};

use build::{library, root, stderr, wanted};

/// The dynamic library with everything.
fn dynamic() -> PathBuf {
    let path = library().archive.with_extension("so");
    assert!(path.exists(), "{}", path.display());
    path
}

/// The output of a command that must succeed.
fn runs(command: &mut Command) -> Output {
    let out = command
        .output()
        .unwrap_or_else(|why| panic!("{command:?}: {why}"));
    assert!(
        out.status.success(),
        "{command:?}: {}\n{}\n{}",
        out.status,
        build::stdout(&out),
        stderr(&out)
    );
    out
}

/// A file of `tests/languages` or of `bindings`.
fn file<S: AsRef<OsStr>>(path: S) -> PathBuf {
    root().join(path.as_ref().to_str().expect("a plain path"))
}

/// The code block of a page in a language.
fn block<'a>(text: &'a str, language: &str) -> &'a str {
    let (_, rest) = text
        .split_once(&format!("```{language}\n"))
        .expect("a block");
    rest.split_once("```").expect("its end").0
}
