//! Running tools, and the installation that all tests share.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

use tempfile::TempDir;

/// What a person who builds with refrain has installed.
const NEEDED: [&str; 7] = [
    "cmake",
    "ninja",
    "pkg-config",
    "make",
    "cc",
    "c++",
    "objdump",
];

/// The features of this build, so that the library is not compiled once more for these tests.
const EXTRA: [(&str, bool); 3] = [
    ("alloc", cfg!(feature = "alloc")),
    ("cli", cfg!(feature = "cli")),
    ("default", cfg!(feature = "default")),
];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether the tests can run here. `REFRAIN_CMAKE=required` makes a missing tool a failure, `none`
/// leaves the tests out.
pub(crate) fn wanted() -> bool {
    let wish = env::var("REFRAIN_CMAKE").unwrap_or_default();
    let missing = NEEDED
        .iter()
        .find(|tool| Command::new(tool).arg("--version").output().is_err());
    assert!(
        missing.is_none() || wish != "required",
        "{missing:?} is required and not installed"
    );
    if missing.is_some() || wish == "none" {
        println!("skipped: not wanted, or not installed: {missing:?}");
        return false;
    }
    cfg!(target_os = "linux")
}

/// The profile of this test, as cargo and as CMake name it, and the folder of what cargo builds.
fn profile() -> (&'static str, &'static str, PathBuf) {
    let test = env::current_exe().expect("a test has a path");
    let deps = test.parent().expect("in a folder");
    let profile = deps.parent().expect("deps is in a folder");
    let target = profile.parent().expect("the target folder").to_owned();
    if cfg!(debug_assertions) {
        ("debug", "Debug", target)
    } else {
        ("release", "Release", target)
    }
}

/// The static library as cargo leaves it, with the standard library's symbols in sight.
pub(crate) fn not_prelinked() -> PathBuf {
    let (folder, _, target) = profile();
    target.join(folder).join("librefrain.a")
}

/// What every configuration of the sources is told.
pub(crate) fn options() -> Vec<String> {
    let (_, build_type, target) = profile();
    let extra = EXTRA.iter().filter(|(_, on)| *on).map(|(name, _)| *name);
    let on = |on: bool| if on { "ON" } else { "OFF" };
    vec![
        "-GNinja".to_owned(),
        format!("-DCMAKE_BUILD_TYPE={build_type}"),
        format!("-DREFRAIN_CARGO={}", env!("CARGO")),
        format!("-DREFRAIN_CARGO_TARGET_DIR={}", target.display()),
        format!(
            "-DREFRAIN_EXTRA_FEATURES={}",
            extra.collect::<Vec<_>>().join(",")
        ),
        format!("-DREFRAIN_EXPORT={}", on(cfg!(feature = "export"))),
        // As tests/capi/build.rs builds it.
        "-DREFRAIN_CRATE_TYPE=staticlib,cdylib".to_owned(),
    ]
}

/// Where refrain was installed by CMake and then moved to.
pub(crate) fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging");
        let (build, first, prefix) = (work.join("build"), work.join("first"), work.join("prefix"));
        for left in [&first, &prefix] {
            let _ = fs::remove_dir_all(left);
        }
        let mut configure = Command::new("cmake");
        configure.arg("-S").arg(root().join("bindings/cmake"));
        done(configure.arg("-B").arg(&build).args(options()));
        done(Command::new("cmake").arg("--build").arg(&build));
        let mut install = Command::new("cmake");
        done(
            install
                .arg("--install")
                .arg(&build)
                .arg("--prefix")
                .arg(&first),
        );
        fs::rename(&first, &prefix).expect("a folder can be moved");
        prefix
    })
}

/// A copy of the consumer project, outside of the tree.
pub(crate) fn consumer() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let source = root().join("tests/packaging/consumer");
    for entry in fs::read_dir(source).expect("the consumer") {
        let path = entry.expect("readable").path();
        fs::copy(&path, folder.path().join(path.file_name().expect("a file"))).expect("copied");
    }
    folder
}

pub(crate) fn text(out: &Output) -> String {
    let both = [&out.stdout, &out.stderr];
    both.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

/// Runs a command that must succeed; what it printed.
pub(crate) fn done(command: &mut Command) -> String {
    let out = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        out.status.success(),
        "{command:?}: {}\n{}",
        out.status,
        text(&out)
    );
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Runs a command that must not; what it said.
pub(crate) fn refused(command: &mut Command) -> String {
    let out = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        !out.status.success(),
        "{command:?} should have failed:\n{}",
        text(&out)
    );
    text(&out)
}

pub(crate) fn command<S: AsRef<OsStr>>(folder: &Path, program: &str, arguments: &[S]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments);
    command
}
