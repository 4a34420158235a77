//! `bindings/python`, installed by pip into a virtual environment and run there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use refrain::policy::TableFile;
use refrain::{Begin, Call, Lane, Outcome, Policy, Scheduler, Timeline};

use crate::build::{folder, stderr, stdout};
use crate::{cases, dynamic, file, layout, runs, wanted};

/// The system's Python, which finds what apt installs; else the one in the path.
fn system() -> &'static str {
    match Path::new("/usr/bin/python3").exists() {
        true => "/usr/bin/python3",
        false => "python3",
    }
}

/// The Python of an environment into which the package was installed from the tree, built by cargo.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| wanted("REFRAIN_PYTHON", system()).then(installed));
    python.as_deref()
}

fn installed() -> PathBuf {
    let folder = folder().join("python");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    let mut make = Command::new(system());
    make.args(["-m", "venv", "--system-site-packages"]);
    runs(make.arg(&folder));
    let python = folder.join("bin/python");
    let has = |module: &str| {
        let mut command = Command::new(&python);
        let out = command.args(["-I", "-c", &format!("import {module}")]);
        out.output().unwrap().status.success()
    };
    let mut pip = Command::new(&python);
    pip.args([
        "-I",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    // Where the system lacks them they are fetched.
    for tool in ["setuptools", "wheel", "numpy"] {
        if !has(tool) {
            pip.arg(tool);
        }
    }
    if pip.get_args().count() > 6 {
        runs(&mut pip);
    }
    let mut pip = Command::new(&python);
    pip.args([
        "-I",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    pip.args(["--no-build-isolation", "--no-deps", "--no-index"]);
    pip.env("CARGO", env!("CARGO"))
        .env_remove("REFRAIN_LIBRARY");
    runs(pip.arg(file("bindings/python")));
    python
}

/// A program of the environment; nothing but the installed package is found.
fn started(python: &Path, script: &str) -> Command {
    let mut command = Command::new(python);
    command.env_remove("REFRAIN_LIBRARY").args(["-I", "-B"]);
    command.arg(file(script)).current_dir(folder());
    command
}

#[test]
fn what_is_installed_is_what_is_loaded() {
    let Some(python) = python() else { return };
    let loaded = |library: Option<&Path>| {
        let mut command = Command::new(python);
        command.args([
            "-B",
            "-c",
            "import refrain; print(refrain.lib._name, refrain.version)",
        ]);
        command.current_dir(folder()).env_remove("REFRAIN_LIBRARY");
        command.envs(library.map(|path| ("REFRAIN_LIBRARY", path)));
        command.output().unwrap()
    };
    let own = stdout(&loaded(None));
    let expected = folder().join("python/lib");
    assert!(own.starts_with(expected.to_str().unwrap()), "{own}");
    assert!(own.trim().ends_with(env!("CARGO_PKG_VERSION")), "{own}");
    let named = stdout(&loaded(Some(&dynamic())));
    assert!(named.starts_with(dynamic().to_str().unwrap()), "{named}");
    let out = loaded(Some(Path::new("/nowhere.so")));
    assert!(!out.status.success() && stderr(&out).contains("/nowhere.so"));
}

#[test]
fn structs_and_numbers_are_those_of_c() {
    let Some(python) = python() else { return };
    let lines = stdout(&runs(&mut started(python, "tests/languages/layout.py")));
    assert!(lines.lines().count() > 50, "{lines}");
    let found = layout::contradicted(&lines, "python-layout-c");
    assert!(found.is_empty(), "{found:?}");
    let planted = lines.replace("refrain_event.signal 32", "refrain_event.signal 28");
    let found = layout::contradicted(&planted, "python-planted-c");
    assert_eq!(found, ["refrain_event.signal 28"]);
}

#[test]
fn every_case_is_decided_as_written() {
    let Some(python) = python() else { return };
    cases::check(&mut started(python, "tests/languages/corpus.py"));
}

/// What a policy with a table decides without being asked for measurements.
fn decided(policy: &Policy, steps: u32) -> String {
    let mut scheduler = Scheduler::new(policy, Timeline::new(steps), [Lane::NEW; 1]).unwrap();
    let mut trace = String::new();
    for step in 0..steps {
        let Begin::Decided(pending) = scheduler.begin(Call::new(step)).unwrap() else {
            panic!("it measures")
        };
        trace.push(pending.decision().action.letter());
        scheduler.commit(pending, Outcome::Done).unwrap();
    }
    trace
}

#[test]
fn a_pipeline_is_cached_and_calibrated() {
    let Some(python) = python() else { return };
    let out = folder().join("python-tables");
    fs::create_dir_all(&out).unwrap();
    let command = || {
        let mut command = started(python, "tests/languages/check.py");
        command.arg(file("bindings/python/examples")).arg(&out);
        command
    };
    runs(&mut command());

    // The tables are tables, and what Python decided with them Rust decides, too.
    let magcache = fs::read_to_string(out.join("magcache.table")).unwrap();
    let policy = Policy::parse("magcache:threshold=0.3").unwrap();
    let table = TableFile::parse(&magcache).unwrap();
    let policy = policy.with_table(&table).unwrap();
    let trace = fs::read_to_string(out.join("magcache.trace")).unwrap();
    assert_eq!(decided(&policy, 30), trace);
    let teacache = fs::read_to_string(out.join("teacache.table")).unwrap();
    let table = TableFile::parse(&teacache).unwrap();
    Policy::parse("teacache")
        .unwrap()
        .with_table(&table)
        .unwrap();

    let planted = command().arg("plant").output().unwrap();
    assert!(!planted.status.success(), "planted");
    let said = stderr(&planted);
    assert!(said.contains("test_an_exception_abandons"), "{said}");
}

#[test]
fn the_program_of_the_readme_runs() {
    let Some(python) = python() else { return };
    let text = include_str!("../../bindings/python/README.md");
    let code = crate::block(text, "python");
    let expected = code.split("print(trace)  # ").nth(1).expect("a comment");
    let mut command = Command::new(python);
    command.args(["-I", "-B", "-c", code]);
    let printed = stdout(&runs(command.env_remove("REFRAIN_LIBRARY")));
    assert_eq!(printed.trim(), expected.trim());
    assert_eq!(
        printed.trim(),
        decided(&Policy::parse("taylorseerlite:interval=4").unwrap(), 12)
    );
}

/// Without cargo a library that was built before goes into the wheel, or it is said what is missing.
#[test]
fn a_wheel_without_cargo() {
    let Some(python) = python() else { return };
    let wheels = folder().join("python-wheels");
    fs::create_dir_all(&wheels).unwrap();
    let wheel = |library: Option<&Path>| {
        let mut pip = Command::new(python);
        pip.args(["-I", "-m", "pip", "wheel", "--disable-pip-version-check"]);
        pip.args(["--no-build-isolation", "--no-deps", "--no-index", "-w"]);
        pip.arg(&wheels).arg(file("bindings/python"));
        pip.env("CARGO", "/nowhere/cargo")
            .env_remove("REFRAIN_LIBRARY");
        pip.envs(library.map(|path| ("REFRAIN_LIBRARY", path)));
        pip.output().unwrap()
    };
    let out = wheel(None);
    assert!(!out.status.success());
    let said = stdout(&out) + &stderr(&out);
    assert!(said.contains("there is no library to install"), "{said}");

    let library = folder().join("built-before");
    fs::write(&library, "built before").unwrap();
    let out = wheel(Some(&library));
    assert!(out.status.success(), "{}", stderr(&out));
    let read = "import glob, sys, zipfile\n\
                name, = glob.glob(sys.argv[1] + '/refrain-*-py3-none-*.whl')\n\
                print(zipfile.ZipFile(name).read('refrain/librefrain.so').decode())";
    let mut command = Command::new(python);
    command.args(["-I", "-c", read]).arg(&wheels);
    assert_eq!(stdout(&runs(&mut command)).trim(), "built before");
}
