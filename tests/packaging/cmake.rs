//! The CMake files themselves: which target is for which system, what is said where cargo is missing,
//! and what a second build does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::tools::{command, consumer, done, options, refused, root, wanted};

/// System, and the Rust target for it; empty where there is none.
const TARGETS: [(&str, &str); 27] = [
    ("Linux x86_64", "x86_64-unknown-linux-gnu"),
    ("Linux x86_64 32 bit", "i686-unknown-linux-gnu"),
    ("Linux aarch64", "aarch64-unknown-linux-gnu"),
    ("Linux armv7l", "armv7-unknown-linux-gnueabihf"),
    ("Linux riscv64", "riscv64gc-unknown-linux-gnu"),
    ("Linux x86_64 musl", "x86_64-unknown-linux-musl"),
    ("Linux armv7l musl", "armv7-unknown-linux-musleabihf"),
    ("Linux s390x", ""),
    ("Android arm64-v8a", "aarch64-linux-android"),
    ("Android armeabi-v7a", "armv7-linux-androideabi"),
    ("Android x86", "i686-linux-android"),
    ("Android x86_64", "x86_64-linux-android"),
    ("Android mips", ""),
    ("Darwin arm64", "aarch64-apple-darwin"),
    ("Darwin x86_64", "x86_64-apple-darwin"),
    ("iOS arm64", "aarch64-apple-ios"),
    ("iOS arm64 simulator", "aarch64-apple-ios-sim"),
    ("iOS x86_64 simulator", "x86_64-apple-ios"),
    ("Windows AMD64 MSVC", "x86_64-pc-windows-msvc"),
    ("Windows x86 MSVC", "i686-pc-windows-msvc"),
    ("Windows ARM64 MSVC", "aarch64-pc-windows-msvc"),
    ("Windows AMD64 GNU", "x86_64-pc-windows-gnu"),
    ("Windows ARM64 Clang", "aarch64-pc-windows-gnullvm"),
    ("Emscripten x86", "wasm32-unknown-emscripten"),
    ("WASI wasm32", "wasm32-wasip1"),
    ("FreeBSD amd64", "x86_64-unknown-freebsd"),
    ("Haiku x86_64", ""),
];

#[test]
fn every_system_has_its_rust_target() {
    if !wanted() {
        return;
    }
    let module = root().join("bindings/cmake/RefrainTarget.cmake");
    let mut script = Command::new("cmake");
    script.arg(format!("-DMODULE={}", module.display()));
    let printed = done(
        script
            .arg("-P")
            .arg(root().join("tests/packaging/targets.cmake")),
    );
    let found: Vec<(&str, &str)> = printed
        .lines()
        .map(|line| line.trim_start_matches("-- "))
        .map(|line| line.split_once(':').expect("a system and a target"))
        .map(|(system, target)| (system, target.trim()))
        .collect();
    assert_eq!(found, TARGETS);
    // Rust knows them all.
    let known = done(Command::new("rustc").args(["--print", "target-list"]));
    for (system, target) in TARGETS {
        assert!(
            target.is_empty() || known.lines().any(|one| one == target),
            "{system}: {target}"
        );
    }
}

fn configure(folder: &Path, arguments: &[&str]) -> Command {
    let sources = root().join("bindings/cmake").display().to_string();
    let mut cmake = command(folder, "cmake", &["-GNinja", "-S", &sources, "-Bbuild"]);
    let _ = fs::remove_dir_all(folder.join("build"));
    cmake.args(arguments);
    cmake
}

#[test]
fn a_missing_or_old_cargo_is_said() {
    if !wanted() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // Where nothing but the compiler and Ninja is found.
    let tools = folder.join("tools");
    fs::create_dir(&tools).expect("a folder");
    for tool in [
        "cc", "ninja", "ld", "as", "ar", "ranlib", "nm", "objcopy", "cmake",
    ] {
        let path = done(
            command(folder, "sh", &["-c", &format!("command -v {tool}")]).env_remove("LC_ALL"),
        );
        std::os::unix::fs::symlink(path.trim(), tools.join(tool)).expect("a link");
    }
    let mut missing = configure(folder, &["-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF"]);
    missing
        .env("PATH", &tools)
        .env("HOME", folder)
        .env_remove("CARGO_HOME");
    let said = refused(&mut missing);
    assert!(
        said.contains("cargo was not found") && said.contains("rustup.rs"),
        "{said}"
    );

    let old = folder.join("cargo");
    fs::write(
        &old,
        "#!/bin/sh\necho 'cargo 1.70.0 (ec8a8a0ca 2023-04-25)'\n",
    )
    .expect("a file");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o755)).expect("a program");
    let said = refused(&mut configure(
        folder,
        &[&format!("-DREFRAIN_CARGO={}", old.display())],
    ));
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("1.70.0; needed is Rust 1.89 or newer"),
        "{said}"
    );

    // A target whose standard library is not there.
    let cargo = format!("-DREFRAIN_CARGO={}", env!("CARGO"));
    let said = refused(&mut configure(
        folder,
        &[&cargo, "-DREFRAIN_RUST_TARGET=aarch64-linux-android"],
    ));
    assert!(
        said.contains("rustup target add aarch64-linux-android"),
        "{said}"
    );
}

/// A copy of the sources that a program is built from, then changed, and built from again.
#[test]
fn a_change_in_the_sources_is_built() {
    if !wanted() {
        return;
    }
    let folder = consumer();
    let folder = folder.path();
    let copy = folder.join("refrain");
    fs::create_dir(&copy).expect("a folder");
    for part in [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "src",
        "include",
        "bindings",
        "shaders",
    ] {
        done(
            command(folder, "cp", &["-r"])
                .arg(root().join(part))
                .arg(&copy),
        );
    }
    for part in ["benches", "tests", "models"] {
        // Cargo asks whether the files of all targets are there.
        std::os::unix::fs::symlink(root().join(part), copy.join(part)).expect("a link");
    }
    let sources = format!("-DREFRAIN_SOURCES={}", copy.display());
    // The decide layer alone, in a folder of its own.
    let own = ["-S.", "-Bbuild", &sources, "-DREFRAIN_FULL=OFF"];
    let mut configure = command(folder, "cmake", &own);
    configure.args(
        options()
            .iter()
            .filter(|option| !option.contains("TARGET_DIR")),
    );
    done(&mut configure);
    let build = || done(&mut command(folder, "cmake", &["--build", "build"]));
    let decide = || {
        done(&mut command(
            folder,
            "build/decide_core",
            &["interval:interval=2,warmup=1", "6"],
        ))
    };
    build();
    let before = decide();
    assert!(before.starts_with("0 C"), "{before}");
    let again = build();
    assert!(
        !again.contains("Linking") && !again.contains("prelinking"),
        "{again}"
    );

    let library = copy.join("src/capi/library.rs");
    let text = fs::read_to_string(&library).expect("the file");
    let changed = text.replace("bit(cfg!(feature = \"std\"), REFRAIN_FEATURE_STD)", "64");
    assert_ne!(text, changed);
    fs::write(&library, changed).expect("written");
    let again = build();
    assert!(
        again.contains("Linking") && again.contains("prelinking"),
        "{again}"
    );
    assert_eq!(decide(), before.replacen('0', "64", 1));
}
