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

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};

use build::{library, root, stderr};

/// The dynamic library with everything.
fn dynamic() -> PathBuf {
    let path = library().archive.with_extension("so");
    assert!(path.exists(), "{}", path.display());
    path
}

/// Whether a tool is there. `VARIABLE=required` makes its absence a failure, `none` leaves it out.
fn wanted(variable: &str, tool: &str) -> bool {
    let wish = env::var(variable).unwrap_or_default();
    let present = Command::new(tool).arg("--version").output().is_ok();
    assert!(
        present || wish != "required",
        "{tool} is required and not installed"
    );
    let wanted = present && wish != "none";
    if !wanted {
        println!("skipped: {tool} is not wanted or not installed");
    }
    wanted
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
