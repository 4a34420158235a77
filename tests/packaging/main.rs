//! What a person does who has never seen the project: install it, and build a project of their own
//! with it, by CMake, pkg-config and make, and by hand.

extern crate alloc;

mod cmake;
mod symbols;
mod tools;

use alloc::sync::Arc;
use std::fs;
use std::path::Path;
use std::process::Command;

use refrain::Policy;
use refrain::dit::{Model, Overrides};
use refrain::run::{Backend, Engine, Settings};
use refrain::sampler::Sampler;

use tools::{command, consumer, done, not_prelinked, options, prefix, refused, root, wanted};

const POLICY: &str = "teacache:threshold=0.1";
const TRACE: &str = "CrrrrCrrrrCrrrrCrrrC";
const DRAWN: &str = "taylorseer:interval=2,warmup=2";

/// Features of the full library, as `refrain_features` tells them.
fn features() -> u32 {
    1 | 2 | 4 | 8 | if cfg!(feature = "export") { 16 } else { 0 }
}

/// The program of `decide.c` decides as the scheduler does, and is of the library it should be of.
fn decides(program: &Path, features: u32) {
    let mut run = Command::new(program);
    run.args([POLICY, "20"])
        .env("LD_LIBRARY_PATH", prefix().join("lib"));
    assert_eq!(
        done(&mut run),
        format!("{features} {TRACE}\n"),
        "{}",
        program.display()
    );
}

/// The program of `picture.cpp` draws what Rust draws.
fn draws(program: &Path) {
    let model = root().join("models/emoji/emoji_dit_f16.safetensors");
    let ppm = program.with_extension("ppm");
    let mut run = Command::new(program);
    run.arg(&model)
        .arg(&ppm)
        .args([DRAWN, "8"])
        .env("LD_LIBRARY_PATH", prefix().join("lib"));
    assert_eq!(done(&mut run), "CCpCpCpC\n");
    let bytes = fs::read(ppm).expect("a picture");
    assert!(bytes.starts_with(b"P6\n32 32\n255\n"));

    let model = Model::open(&model, &Overrides::default()).expect("the model");
    let engine = Engine::new(Arc::new(model), Backend::Cpu).expect("a CPU");
    let settings = Settings {
        policy: Policy::parse(DRAWN).expect("a policy"),
        steps: 8,
        sampler: Sampler::Euler,
        guidance: 3.0,
        classes: vec![0],
        anchor_format: refrain::kernels::AnchorFormat::F32,
        seed: 7,
    };
    let mut sampling = engine.start(&settings).expect("a run");
    while sampling.advance().expect("a call").is_some() {}
    assert!(
        bytes.ends_with(&sampling.picture_rgb8(0).expect("a picture")),
        "another picture"
    );
}

/// Whether a program loads the shared library, by the name with the number of its interface.
fn loads_the_shared(program: &Path) -> bool {
    let printed = done(Command::new("objdump").arg("-p").arg(program));
    let needs = |name: &str| {
        printed
            .lines()
            .any(|line| line.trim().starts_with("NEEDED") && line.contains(name))
    };
    assert_eq!(needs("librefrain"), needs("librefrain.so.1"), "{printed}");
    needs("librefrain")
}

#[test]
fn with_cmake_and_find_package() {
    if !wanted() {
        return;
    }
    let folder = consumer();
    let folder = folder.path();
    let found = format!("-DCMAKE_PREFIX_PATH={}", prefix().display());
    for (build, kind) in [
        ("static", "-DBUILD_SHARED_LIBS=OFF"),
        ("shared", "-DBUILD_SHARED_LIBS=ON"),
    ] {
        let configure = [
            "-GNinja",
            "-S.",
            "-B",
            build,
            &found,
            kind,
            "-DCOMPONENTS=core;cpp",
        ];
        done(&mut command(folder, "cmake", &configure));
        done(&mut command(folder, "cmake", &["--build", build]));
        let built = folder.join(build);
        decides(&built.join("decide_core"), 0);
        decides(&built.join("decide"), features());
        decides(&built.join("wrapper"), 0);
        draws(&built.join("picture"));
        assert!(!loads_the_shared(&built.join("decide_core")));
        assert_eq!(loads_the_shared(&built.join("picture")), build == "shared");
    }
}

#[test]
fn what_is_not_installed_is_not_found() {
    if !wanted() {
        return;
    }
    let folder = consumer();
    let found = format!("-DCMAKE_PREFIX_PATH={}", prefix().display());
    let configure = |wanted: &str| {
        let configure = ["-GNinja", "-S.", "-Bbuild", &found, wanted];
        let _ = fs::remove_dir_all(folder.path().join("build"));
        command(folder.path(), "cmake", &configure)
    };
    for version in ["0.1", "0.1.0"] {
        done(&mut configure(&format!("-DWANTED={version}")));
    }
    for version in ["0.0.9", "0.2", "1.0", "0.1.1"] {
        let said = refused(&mut configure(&format!("-DWANTED={version}")));
        assert!(said.contains("compatible with requested version"), "{said}");
    }
    let said = refused(&mut configure("-DCOMPONENTS=vulkan"));
    assert!(said.contains("installed without `vulkan`"), "{said}");
}

#[test]
fn with_pkg_config_and_make() {
    if !wanted() {
        return;
    }
    let pkg_config = prefix().join("lib/pkgconfig");
    for kind in ["shared", "static", "core"] {
        let folder = consumer();
        let folder = folder.path();
        done(
            command(folder, "make", &[format!("KIND={kind}")]).env("PKG_CONFIG_PATH", &pkg_config),
        );
        let decide = folder.join("decide");
        assert_eq!(loads_the_shared(&decide), kind == "shared");
        if kind == "core" {
            decides(&decide, 0);
        } else {
            decides(&decide, features());
            draws(&folder.join("picture"));
        }
    }
    // Without the private libraries the static one does not link: the list is not idle.
    let folder = consumer();
    let mut plain = command(
        folder.path(),
        "cc",
        &["decide.c", "-o", "decide", "-nodefaultlibs", "-lc"],
    );
    plain.arg(format!("-I{}", prefix().join("include").display()));
    plain.arg(prefix().join("lib/librefrain.a"));
    assert!(refused(&mut plain).contains("undefined reference"));
}

#[test]
fn by_hand() {
    if !wanted() {
        return;
    }
    let folder = consumer();
    let folder = folder.path();
    let include = format!("-I{}", prefix().join("include").display());
    let library = |name: &str| prefix().join("lib").join(name).display().to_string();
    let core = [
        "decide.c",
        &include,
        &library("librefrain_core.a"),
        "-o",
        "core",
    ];
    done(&mut command(folder, "cc", &core));
    decides(&folder.join("core"), 0);
    let full = [
        "decide.c",
        &include,
        &library("librefrain.a"),
        "-lm",
        "-lpthread",
        "-ldl",
        "-o",
        "full",
    ];
    done(&mut command(folder, "cc", &full));
    decides(&folder.join("full"), features());
    let shared = [
        "decide.c",
        &include,
        &library("librefrain.so"),
        "-o",
        "shared",
    ];
    done(&mut command(folder, "cc", &shared));
    decides(&folder.join("shared"), features());
    assert!(loads_the_shared(&folder.join("shared")) && !loads_the_shared(&folder.join("full")));
}

#[test]
fn from_the_sources() {
    if !wanted() {
        return;
    }
    prefix(); // One cargo after the other.
    let folder = consumer();
    let folder = folder.path();
    let sources = format!("-DREFRAIN_SOURCES={}", root().display());
    for (build, fetch) in [("added", "-DFETCH=OFF"), ("fetched", "-DFETCH=ON")] {
        done(command(folder, "cmake", &["-S.", "-B", build, &sources, fetch]).args(options()));
        done(&mut command(folder, "cmake", &["--build", build]));
        decides(&folder.join(build).join("decide_core"), 0);
        decides(&folder.join(build).join("decide"), features());
    }
    draws(&folder.join("added/picture"));
}

/// The project of the README, as it stands there.
#[test]
fn the_project_of_the_readme() {
    if !wanted() {
        return;
    }
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let section = readme
        .split("\n## ")
        .find(|part| part.starts_with("Link it\n"));
    let block = |language: &str, number: usize| {
        let open = format!("```{language}\n");
        let mut blocks = section.expect("the section").split(&open);
        let after = blocks.nth(1 + number).expect("a block");
        after.split_once("```").expect("its end").0.to_owned()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (name, language, number) in [
        ("CMakeLists.txt", "cmake", 0),
        ("decide.cpp", "cpp", 0),
        ("draw.cpp", "cpp", 1),
    ] {
        fs::write(folder.join(name), block(language, number)).expect("written");
    }
    let found = format!("-DCMAKE_PREFIX_PATH={}", prefix().display());
    done(&mut command(
        folder,
        "cmake",
        &["-GNinja", "-S.", "-Bbuild", &found],
    ));
    done(&mut command(folder, "cmake", &["--build", "build"]));
    let decided = done(&mut Command::new(folder.join("build/decide")));
    assert_eq!(decided, "CCCppCppCppCppCppCpC\n");
    let model = root().join("models/emoji/emoji_dit_f16.safetensors");
    let draw = folder.join("build/draw").display().to_string();
    let drawn = done(&mut command(folder, &draw, &[model]));
    assert!(drawn.starts_with("CCCpppCppp"), "{drawn}");
    let picture = fs::read(folder.join("cat.ppm")).expect("a picture");
    assert!(picture.starts_with(b"P6 32 32 255\n"));
    let pixels = &picture[picture.len() - 3 * 32 * 32..];
    assert!(
        pixels.iter().any(|value| *value != pixels[0]),
        "it is blank"
    );
}

/// A program with two libraries in Rust, each with its own standard library.
#[test]
fn beside_another_rust_library() {
    if !wanted() {
        return;
    }
    let folder = consumer();
    let folder = folder.path();
    let include = format!("-I{}", prefix().join("include").display());
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let link = |archive: &Path| {
        let archive = archive.display().to_string();
        let all = [
            "two.c",
            &include,
            &archive,
            "libother.a",
            "-lm",
            "-lpthread",
            "-ldl",
            "-o",
            "two",
        ];
        command(folder, "cc", &all)
    };
    for flags in [&[][..], &["-C", "lto=fat"]] {
        let mut other = command(
            folder,
            &rustc,
            &["other.rs", "--edition", "2024", "-O", "--crate-type"],
        );
        done(other.args(["staticlib", "-o", "libother.a"]).args(flags));
        for archive in ["librefrain.a", "librefrain_core.a"] {
            done(&mut link(&prefix().join("lib").join(archive)));
            assert_eq!(
                done(&mut command::<&str>(folder, "./two", &[])),
                "0.1.0 7\n"
            );
        }
    }
    // As cargo leaves it, it clashes with the second one.
    let said = refused(&mut link(&not_prelinked()));
    assert!(said.contains("multiple definition"), "{said}");
}
