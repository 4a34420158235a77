//! The library and the programs, built with the system's compilers.

use alloc::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{env, fs};

/// What every program in C is compiled with.
pub(crate) const C: [&str; 5] = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"];

/// The features that the library is built with: those of this build, and the host's allocator.
const FEATURES: [(&str, bool); 10] = [
    ("alloc", cfg!(feature = "alloc")),
    ("std", cfg!(feature = "std")),
    ("kernels", cfg!(feature = "kernels")),
    ("cpu", cfg!(feature = "cpu")),
    ("export", cfg!(feature = "export")),
    ("gpu", cfg!(feature = "gpu")),
    ("capi", true),
    ("cli", cfg!(feature = "cli")),
    ("default", cfg!(feature = "default")),
    // Of a library that C programs link, and of no Rust program.
    ("allocator", true),
];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the profile of this test puts what it builds: `target/debug`.
fn profile_dir() -> PathBuf {
    let test = env::current_exe().expect("a test has a path");
    let deps = test.parent().expect("in a folder");
    deps.parent().expect("deps is in a folder").to_owned()
}

/// The folder for what the C compiler makes.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = profile_dir().join("capi");
        fs::create_dir_all(&folder).expect("the target folder is writable");
        folder
    })
}

/// The library, and what the static one must be linked with.
pub(crate) struct Library {
    pub(crate) archive: PathBuf,
    pub(crate) libraries: Vec<String>,
}

/// Builds the static and the dynamic library once, with the profile and the features of this test, so that its
/// dependencies are not built again.
pub(crate) fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let on = FEATURES.iter().filter(|(_, on)| *on);
        let features: Vec<&str> = on.map(|(name, _)| *name).collect();
        let target = profile_dir();
        archive(
            &features.join(","),
            target.parent().expect("the target folder"),
        )
    })
}

/// The library as a host with kernels of its own builds it: no dependency is in it.
pub(crate) fn decide_layer() -> Library {
    archive("capi,std", &folder().join("decide"))
}

fn archive(features: &str, target_dir: &Path) -> Library {
    let profile_dir = profile_dir();
    let folder = profile_dir.file_name().expect("a name");
    let profile = match folder.to_str() {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let out = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["rustc", "--lib", "--crate-type", "staticlib,cdylib"])
        .args(["--no-default-features", "--features", features])
        .args(["--profile", profile, "--color", "never"])
        .arg("--target-dir")
        .arg(target_dir)
        .args(["--", "--print", "native-static-libs"])
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
    let libraries = said
        .lines()
        .find_map(|line| line.split_once("native-static-libs: "))
        .unwrap_or_else(|| panic!("no list of libraries: {said}"))
        .1;
    Library {
        archive: target_dir.join(folder).join("librefrain.a"),
        libraries: libraries.split_whitespace().map(str::to_owned).collect(),
    }
}

/// Whether a tool is there. `VARIABLE=required` makes its absence a failure, `none` leaves it out.
pub(crate) fn wanted(variable: &str, tool: &str) -> bool {
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

/// A program with every access to memory watched by valgrind; it exits with 99 if something is wrong.
pub(crate) fn watched<S: AsRef<OsStr>>(program: &Path, arguments: &[S]) -> Output {
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
        .args(["--errors-for-leak-kinds=definite", "--num-callers=30"])
        .arg(program)
        .args(arguments);
    command.output().expect("valgrind runs")
}

/// The compilers of C and C++ that programs are built with: the system's, and clang if it is wanted.
pub(crate) fn compilers() -> Vec<(&'static str, &'static str)> {
    let mut compilers = vec![("cc", "c++")];
    compilers.extend(wanted("REFRAIN_CLANG", "clang++").then_some(("clang", "clang++")));
    compilers
}

/// Runs a compiler on files of `tests/`.
pub(crate) fn compile(compiler: &str, flags: &[&str], files: &[&Path], out: &Path) -> Output {
    let mut command = Command::new(compiler);
    command.current_dir(root().join("tests")).args(flags);
    command.args(["-I../include", "-Ic", "-o"]).arg(out);
    command
        .args(files)
        .output()
        .unwrap_or_else(|e| panic!("{compiler} is needed: {e}"))
}

/// The program of a file in C of `tests/c`, built once.
pub(crate) fn program(name: &'static str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let source = PathBuf::from(format!("c/{name}.c"));
    built
        .entry(name)
        .or_insert_with(|| link(library(), "cc", &C, &[&source], name))
        .clone()
}

/// Links files with the library, with another header in the place of its own.
pub(crate) fn link_in(
    include: &Path,
    compiler: &str,
    flags: &[&str],
    files: &[&Path],
    name: &str,
) -> PathBuf {
    let first = format!("-I{}", include.display());
    link(
        library(),
        compiler,
        &[&[first.as_str()], flags].concat(),
        files,
        name,
    )
}

/// Links files with a library.
pub(crate) fn link(
    library: &Library,
    compiler: &str,
    flags: &[&str],
    files: &[&Path],
    name: &str,
) -> PathBuf {
    let exe = folder().join(name);
    let mut all = files.to_vec();
    all.push(&library.archive);
    let libraries: Vec<&Path> = library.libraries.iter().map(Path::new).collect();
    all.extend(libraries);
    let flags = [flags, &["-g", "-Wl,--gc-sections", "-lm"]].concat();
    let out = compile(compiler, &flags, &all, &exe);
    assert!(out.status.success(), "{name}: {}", stderr(&out));
    exe
}

pub(crate) fn run<S: AsRef<OsStr>>(exe: &Path, arguments: &[S]) -> Output {
    let mut command = Command::new(exe);
    command.args(arguments);
    command.output().expect("the program runs")
}

pub(crate) fn stdout(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned()
}

pub(crate) fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// The output of a program that must succeed.
pub(crate) fn succeeds<S: AsRef<OsStr>>(exe: &Path, arguments: &[S]) -> String {
    let out = run(exe, arguments);
    assert!(
        out.status.success(),
        "{}: {}\n{}",
        exe.display(),
        out.status,
        stderr(&out)
    );
    stdout(&out)
}
