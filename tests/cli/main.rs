//! The `refrain` program, from outside.

extern crate alloc;

mod bench;
mod calibrate;
mod files;
mod forward;
mod generate;
mod models;
mod policies;
mod replay;

use std::process::Command;

/// What a run of the program left.
#[derive(Clone, Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the program in the repository, with its output in a pipe.
fn refrain<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Ran {
    refrain_with(arguments, &[])
}

fn refrain_with<S: AsRef<std::ffi::OsStr>>(arguments: &[S], env: &[(&str, &str)]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_refrain"))
        .args(arguments)
        .envs(env.iter().copied())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

impl Ran {
    /// Why this is not a failure as it should be: one line that says `error: …`, status 1 (2 for a
    /// wrong command line), no panic, nothing on standard output.
    fn fault_as_failure(&self) -> Option<&'static str> {
        let line = self.stderr.trim_end_matches('\n');
        if self.stderr.contains("panicked") {
            Some("it panicked")
        } else if !matches!(self.code, Some(1 | 2)) {
            Some("the status is not 1 or 2")
        } else if !line.starts_with("error: ") || line.lines().count() != 1 {
            Some("standard error is not one line that says what is wrong")
        } else if line.len() < "error: ".len() + 10 {
            Some("the line says too little")
        } else if has_control_characters(line) {
            Some("there are control characters in the line")
        } else if !self.stdout.is_empty() {
            Some("there is something on standard output")
        } else {
            None
        }
    }

    /// The line of a failure.
    fn failed(&self) -> &str {
        if let Some(fault) = self.fault_as_failure() {
            panic!("{fault}: {self:?}");
        }
        self.stderr.trim_end()
    }

    /// The line of a failure that comes after the command has begun to tell.
    #[cfg(target_os = "linux")]
    fn failed_late(&self) -> &str {
        let quiet = Self {
            stdout: String::new(),
            ..self.clone()
        };
        if let Some(fault) = quiet.fault_as_failure() {
            panic!("{fault}: {self:?}");
        }
        self.stderr.trim_end()
    }

    /// Standard output of a success.
    fn succeeded(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        for text in [&self.stdout, &self.stderr] {
            assert!(!has_control_characters(text), "{self:?}");
        }
        &self.stdout
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.succeeded()).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// Whether there is anything a terminal would act on, line ends aside.
fn has_control_characters(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && c != '\n')
}

/// The names of an object's fields, sorted.
fn fields(value: &serde_json::Value) -> Vec<&str> {
    let mut names: Vec<&str> = value
        .as_object()
        .unwrap_or_else(|| panic!("an object: {value}"))
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

/// A path as an argument.
fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("a temporary path is UTF-8")
}

#[test]
fn the_harness_tells_a_failure_from_something_else() {
    let good = Ran {
        code: Some(1),
        stdout: String::new(),
        stderr: "error: steps is 0; give 1 or more\n".into(),
    };
    assert_eq!(good.fault_as_failure(), None);
    let planted: [fn(&mut Ran); 8] = [
        |ran| ran.code = Some(0),
        |ran| ran.code = Some(101),
        |ran| ran.code = None,
        |ran| ran.stderr.clear(),
        |ran| ran.stderr.push_str("and a second line\n"),
        |ran| ran.stderr = "error: thread 'main' panicked at src/cli/mod.rs\n".into(),
        |ran| ran.stderr = "error: \u{1b}[31msteps is 0; give 1 or more\n".into(),
        |ran| ran.stdout.push_str("half a table\n"),
    ];
    for (i, plant) in planted.iter().enumerate() {
        let mut bad = good.clone();
        plant(&mut bad);
        assert!(
            bad.fault_as_failure().is_some(),
            "planted fault {i}: {bad:?}"
        );
    }
}

#[test]
fn a_wrong_command_line_is_one_line_and_status_2() {
    for (arguments, named) in [
        (&["polices"][..], "'policies'"),
        (&["replay", "--policy", "full"], "--steps"),
        (&["replay", "--policy", "full", "--steps", "many"], "'many'"),
        (&["replay", "--policy", "full", "--steps", "-1"], "'-1'"),
        (&["policies", "--yaml"], "'--yaml'"),
        (&["policies", "full", "mask"], "'mask'"),
    ] {
        let ran = refrain(arguments);
        assert!(ran.failed().contains(named), "{ran:?}");
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
}

#[test]
fn help_names_commands_defaults_and_units() {
    let help = refrain(&["--help"]);
    for (command, named) in [
        (
            "generate",
            &["[default: 50]", "[default: 2.5]", "[default: refrain.png]"][..],
        ),
        ("forward", &["`output`", "[default: auto]"]),
        ("calibrate", &["[default: 7001]", "invardiff"]),
        ("inspect", &["[default: 8]", "--json"]),
        ("replay", &["front-residual", "1 to 1000000"]),
        ("policies", &["--json"]),
    ] {
        assert!(help.succeeded().contains(command));
        let help = refrain(&[command, "--help"]);
        for part in named {
            assert!(help.succeeded().contains(part), "{part}: {help:?}");
        }
    }
    let none: [&str; 0] = [];
    let nothing = refrain(&none);
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.stderr.contains("Usage:"));
    let version = refrain(&["--version"]);
    assert_eq!(
        version.succeeded().trim_end(),
        format!("refrain {}", env!("CARGO_PKG_VERSION"))
    );
}

/// `refrain policies | head -1` must not end in an error.
#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_error() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_refrain"))
        .arg("policies")
        .stdout(writer)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}
