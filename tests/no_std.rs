//! The decide layer needs `core` and nothing else, and no panic can be reached from it.
//!
//! A sysroot that holds only `core` is a stricter target than the bare-metal ones, which have
//! `alloc`, and works on the host with a stable compiler: a dependency or a module that wants more
//! does not build. Each trap is sprung once on purpose.
#![cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

use refrain::{Lane, Policy, Scheduler};

const TARGET: &str = "x86_64-unknown-linux-gnu";

fn scratch() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"))
}

fn text(output: &Output) -> String {
    let both = [&output.stdout, &output.stderr];
    both.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// A sysroot with these crates only.
fn sysroot(crates: &[&str]) -> PathBuf {
    let real = text(&run(rustc().args(["--print", "sysroot"])));
    let libraries = Path::new("lib/rustlib").join(TARGET).join("lib");
    let root = scratch().join(format!("sysroot-{}", crates.join("-")));
    // Another toolchain's crates may be left from an earlier run.
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(root.join(&libraries)).expect("writable");
    for entry in
        fs::read_dir(Path::new(real.trim()).join(&libraries)).expect("the target is installed")
    {
        let path = entry.expect("readable").path();
        let name = path
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .into_owned();
        let wanted = crates.iter().any(|wanted| {
            let hash = name.strip_prefix(&format!("lib{wanted}-"));
            hash.is_some_and(|hash| !hash.contains('-'))
        });
        if wanted {
            fs::copy(&path, root.join(&libraries).join(&name)).expect("writable");
        }
    }
    root
}

fn core_only() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| sysroot(&["core", "compiler_builtins"]))
}

/// Runs cargo on the library alone with that sysroot. `--target` leaves build scripts and macros
/// with the real one.
fn cargo(sysroot: &Path, arguments: &[&str]) -> Output {
    cargo_with("no-std", "-C panic=abort", sysroot, arguments)
}

/// The same, in a folder of its own and with flags for the compiler.
fn cargo_with(folder: &str, flags: &str, sysroot: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    for name in [
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
    ] {
        command.env_remove(name);
    }
    let flags = format!("--sysroot {} {flags}", sysroot.display());
    let target = scratch().join(folder);
    run(command
        .args(arguments)
        .args([
            "--lib",
            "--no-default-features",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RUSTFLAGS", flags))
}

/// Builds the library for the freestanding program, once.
fn library() -> PathBuf {
    static BUILD: OnceLock<()> = OnceLock::new();
    BUILD.get_or_init(|| {
        let output = cargo(core_only(), &["build", "--release"]);
        assert!(
            output.status.success(),
            "needs more than core:\n{}",
            text(&output)
        );
    });
    scratch().join("no-std").join(TARGET).join("release")
}

/// Links the freestanding program under that name; `flags` are its `--cfg`s.
fn link(name: &str, flags: &[&str]) -> (PathBuf, Output) {
    let library = library();
    let program = scratch().join(format!("freestanding-{name}"));
    let _ = fs::remove_file(&program);
    let output = run(rustc()
        .args([
            "--edition",
            "2024",
            "-C",
            "opt-level=3",
            "-C",
            "panic=abort",
            "--sysroot",
        ])
        .arg(core_only())
        .args([
            "-C",
            "link-args=-nostartfiles -nostdlib -static -Wl,--gc-sections",
        ])
        .arg("-L")
        .arg(format!("dependency={}", library.join("deps").display()))
        .arg("--extern")
        .arg(format!(
            "refrain={}",
            library.join("librefrain.rlib").display()
        ))
        .args(["--check-cfg", "cfg(panic_free, planted)"])
        .args(flags.iter().flat_map(|flag| ["--cfg", flag]))
        .arg("-o")
        .arg(&program)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/nostd/freestanding.rs"
        )));
    (program, output)
}

#[test]
fn core_is_enough() {
    library();
    let output = cargo(core_only(), &["check", "--features", "capi"]);
    assert!(
        output.status.success(),
        "the C functions need more than core:\n{}",
        text(&output)
    );
    // The same sysroot must refuse what wants an allocator.
    let output = cargo(core_only(), &["check", "--features", "alloc"]);
    assert!(
        text(&output).contains("E0463"),
        "a core-only sysroot let `alloc` through:\n{}",
        text(&output)
    );
}

#[test]
fn alloc_and_kernels_need_core_and_alloc() {
    let root = sysroot(&["core", "compiler_builtins", "alloc"]);
    for features in ["alloc", "kernels", "capi kernels"] {
        let output = cargo(&root, &["check", "--features", features]);
        assert!(
            output.status.success(),
            "{features} needs more than core and alloc:\n{}",
            text(&output)
        );
    }
    let output = cargo(&root, &["check", "--features", "std"]);
    assert!(
        text(&output).contains("E0463"),
        "a sysroot without std let `std` through:\n{}",
        text(&output)
    );
}

#[test]
fn a_freestanding_program_decides_the_same() {
    let (program, output) = link("runs", &[]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(run(&mut Command::new(program)).status.code(), Some(0));
    let (program, output) = link("planted", &["planted"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(
        run(&mut Command::new(program)).status.code(),
        Some(4),
        "a wrong hash was not noticed"
    );
}

#[test]
fn no_panic_can_be_reached() {
    let (program, output) = link("panic-free", &["panic_free"]);
    assert!(
        output.status.success(),
        "a panic can be reached:\n{}",
        text(&output)
    );
    assert_eq!(run(&mut Command::new(program)).status.code(), Some(0));
    let (_, output) = link("panics", &["panic_free", "planted"]);
    assert!(
        text(&output).contains("a_panic_can_be_reached"),
        "the link does not fail on an index out of bounds:\n{}",
        text(&output)
    );
}

/// Largest frame of one of the crate's functions, in bytes: an engine's threads have small stacks.
const MOST_STACK: u64 = 1024;
/// Machine code of the decide layer with all that the program calls of it, in bytes.
const MOST_CODE: u64 = 96 * 1024;
/// Machine code behind the C functions of the decide layer with all they need of `core`, made for
/// size, in bytes. 47 KiB of it are `core`'s, for the most part numbers to text and back, which the text
/// forms of a policy and a table need; 44 KiB read the options of other libraries.
const MOST_CODE_FOR_C: u64 = 164 * 1024;
/// A scheduler of one lane that borrows its policy, in bytes.
const MOST_STATE: usize = 1024;

/// The largest frame, and whose it is.
fn largest_frame(program: &Path, of: &str) -> (u64, String) {
    let listing = text(&run(Command::new("objdump")
        .args(["-d", "-C", "--no-show-raw-insn"])
        .arg(program)));
    let (mut function, mut largest) = (String::new(), (0, String::new()));
    for line in listing.lines() {
        if let Some((_, name)) = line
            .strip_suffix(">:")
            .and_then(|line| line.split_once(" <"))
        {
            function = name.to_owned();
        }
        let frame = line
            .split_once("sub    $0x")
            .and_then(|(_, rest)| rest.strip_suffix(",%rsp"));
        if let Some(frame) = frame.filter(|_| function.contains(of)) {
            let bytes = u64::from_str_radix(frame, 16).expect("a number");
            largest = largest.max((bytes, function.clone()));
        }
    }
    largest
}

#[test]
fn stack_and_code_stay_small() {
    let (program, output) = link("measured", &["panic_free"]);
    assert!(output.status.success(), "{}", text(&output));
    let (bytes, function) = largest_frame(&program, "refrain::");
    assert!(bytes > 0, "no frame was found");
    assert!(
        bytes <= MOST_STACK,
        "{function} takes {bytes} bytes of stack, allowed are {MOST_STACK}"
    );
    // The program's own function holds a scheduler, which the limit would notice.
    assert!(largest_frame(&program, "everything").0 > MOST_STACK);
    let code = code_of(&program);
    assert!(
        (1024..=MOST_CODE).contains(&code),
        "{code} bytes of code, allowed are {MOST_CODE}"
    );
}

/// Bytes of machine code in a program or a library.
fn code_of(file: &Path) -> u64 {
    let sections = text(&run(Command::new("objdump").arg("-h").arg(file)));
    let code = sections
        .lines()
        .find_map(|line| line.split_once(" .text "))
        .expect("a section");
    let code = code.1.split_whitespace().next().expect("a size");
    u64::from_str_radix(code, 16).expect("a number")
}

/// Links every C function of the decide layer, and nothing else, into one library.
#[test]
fn the_code_behind_the_c_functions_stays_small() {
    let small = "-C panic=abort -C opt-level=s";
    let arguments = ["build", "--release", "--features", "capi"];
    let output = cargo_with("no-std-small", small, core_only(), &arguments);
    assert!(output.status.success(), "{}", text(&output));
    let built = scratch().join("no-std-small").join(TARGET).join("release");
    let library = scratch().join("librefrain-small.so");
    let output = run(rustc()
        .args(["--edition", "2024", "--crate-type", "cdylib"])
        .args(["-C", "opt-level=s", "-C", "panic=abort", "--sysroot"])
        .arg(core_only())
        .args(["-C", "link-args=-nostdlib -Wl,--gc-sections", "-L"])
        .arg(format!("dependency={}", built.join("deps").display()))
        .arg("--extern")
        .arg(format!(
            "refrain={}",
            built.join("librefrain.rlib").display()
        ))
        .arg("-o")
        .arg(&library)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/nostd/archive.rs"
        )));
    assert!(output.status.success(), "{}", text(&output));
    let symbols = text(&run(Command::new("objdump").arg("-T").arg(&library)));
    let functions = symbols.lines().filter(|line| line.contains(" refrain_"));
    assert!(functions.count() > 40, "functions are missing:\n{symbols}");
    let code = code_of(&library);
    assert!(
        (1024..=MOST_CODE_FOR_C).contains(&code),
        "{code} bytes of code, allowed are {MOST_CODE_FOR_C}"
    );
}

#[test]
fn a_scheduler_is_small() {
    let bytes = size_of::<Scheduler<[Lane; 1], &Policy>>();
    assert!(
        bytes <= MOST_STATE,
        "{bytes} bytes, allowed are {MOST_STATE}"
    );
    // One that owns its policy holds the tables a policy has room for.
    assert!(size_of::<Scheduler>() > MOST_STATE);
}

#[test]
fn the_decide_layer_has_no_dependencies() {
    let tree = |features: &str| {
        let output = run(Command::new(env!("CARGO"))
            .args([
                "tree",
                "-e",
                "normal",
                "--no-default-features",
                "--prefix",
                "none",
                "--features",
                features,
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR")));
        assert!(output.status.success(), "{}", text(&output));
        String::from_utf8_lossy(&output.stdout).lines().count()
    };
    for features in ["", "alloc", "std", "capi"] {
        assert_eq!(
            tree(features),
            1,
            "features `{features}` bring dependencies"
        );
    }
    assert!(
        tree("kernels") > 1,
        "the tree of `kernels` shows no dependencies"
    );
}
