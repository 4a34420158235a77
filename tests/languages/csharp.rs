//! `bindings/csharp`, compiled by Mono's compiler as C# 7 and run by Mono.

use alloc::sync::Arc;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use refrain::Policy;
use refrain::dit::{Model, Overrides};
use refrain::kernels::AnchorFormat;
use refrain::run::{Backend, Engine, Settings};
use refrain::sampler::Sampler;

use crate::build::{folder, root, stderr, stdout};
use crate::{cases, dynamic, file, layout, runs, wanted};

const FILES: [&str; 3] = ["Refrain.cs", "RefrainTypes.cs", "RefrainRuns.cs"];

fn mono() -> bool {
    wanted("REFRAIN_MONO", "mcs") && wanted("REFRAIN_MONO", "mono")
}

/// A program of a file and the binding; warnings are errors, and what is public is documented.
fn program(source: &Path, name: &str, edit: impl Fn(String) -> String) -> PathBuf {
    let folder = folder().join(format!("csharp-{name}"));
    fs::create_dir_all(&folder).unwrap();
    let exe = folder.join("program.exe");
    let mut command = Command::new("mcs");
    command.args(["-langversion:7", "-warn:4", "-warnaserror"]);
    command.arg(format!("-doc:{}", folder.join("doc.xml").display()));
    command.arg(format!("-out:{}", exe.display())).arg(source);
    for name in FILES {
        let text = fs::read_to_string(file("bindings/csharp").join(name)).unwrap();
        let copy = folder.join(name);
        fs::write(&copy, edit(text)).unwrap();
        command.arg(copy);
    }
    runs(&mut command);
    exe
}

fn started(exe: &Path) -> Command {
    let mut command = Command::new("mono");
    let library = dynamic();
    command.env("LD_LIBRARY_PATH", library.parent().expect("a folder"));
    command.arg(exe);
    command
}

#[test]
fn structs_and_numbers_are_those_of_c() {
    if !mono() {
        return;
    }
    let source = file("tests/languages/Layout.cs");
    let printed = |name: &str, edit: &dyn Fn(String) -> String| {
        let exe = program(&source, name, edit);
        stdout(&runs(&mut started(&exe)))
    };
    let lines = printed("layout", &|text| text);
    assert!(lines.lines().count() > 120, "{lines}");
    let nothing: [String; 0] = [];
    assert_eq!(layout::contradicted(&lines, "csharp-layout-c"), nothing);
    assert_eq!(layout::forgotten(&lines), nothing);

    let planted = printed("layout-planted", &|text| {
        text.replacen("public uint Lane;", "public ulong Lane;", 1)
            .replace("Computed = 1,", "Computed = 2,")
            .replace("Range = -7,", "")
            .replace("Status.Range", "Status.Value")
    });
    let found = layout::contradicted(&planted, "csharp-planted-c").join("\n");
    for what in ["refrain_call.time 24", "REFRAIN_REFERENCE_COMPUTED = 2"] {
        assert!(found.contains(what), "{what} is not in\n{found}");
    }
    assert_eq!(layout::forgotten(&planted), ["REFRAIN_E_RANGE"]);
}

#[test]
fn every_case_is_decided_as_written() {
    if !mono() {
        return;
    }
    let exe = program(&file("tests/languages/Corpus.cs"), "corpus", |text| text);
    cases::check(&mut started(&exe));
}

#[test]
fn what_goes_wrong_is_an_exception() {
    if !mono() {
        return;
    }
    let exe = program(&file("tests/languages/Errors.cs"), "errors", |text| text);
    let printed = stdout(&runs(&mut started(&exe)));
    assert_eq!(printed.lines().last(), Some("all as expected"), "{printed}");

    // A step that is disposed of must be given up.
    let exe = program(
        &file("tests/languages/Errors.cs"),
        "errors-planted",
        |text| text.replace("Native.refrain_scheduler_abandon(self, lane);", ""),
    );
    assert!(!started(&exe).output().unwrap().status.success(), "planted");
}

/// The picture that C# makes in slices is the picture that Rust makes.
#[test]
fn a_picture_of_the_sample() {
    if !mono() {
        return;
    }
    let exe = program(&file("bindings/csharp/Sample.cs"), "sample", |text| text);
    let model = root().join("models/emoji/emoji_dit_f16.safetensors");
    let policy = "taylorseer:interval=2,warmup=2";
    let picture = |seed: &str| {
        let out = folder().join(format!("csharp-{seed}.ppm"));
        let mut command = started(&exe);
        command.arg(&model).args([policy, "8", seed, "3"]).arg(&out);
        let printed = stdout(&runs(&mut command));
        assert!(printed.starts_with("5 of 8 calls computed, "), "{printed}");
        let bytes = fs::read(&out).unwrap();
        assert!(bytes.starts_with(b"P6\n32 32\n255\n"));
        bytes[bytes.len() - 3 * 32 * 32..].to_vec()
    };
    let engine = Engine::new(
        Arc::new(Model::open(&model, &Overrides::default()).unwrap()),
        Backend::Cpu,
    );
    let engine = engine.unwrap();
    let mut sampling = engine
        .start(&Settings {
            policy: Policy::parse(policy).unwrap(),
            steps: 8,
            sampler: Sampler::Euler,
            guidance: 3.0,
            classes: vec![0],
            anchor_format: AnchorFormat::F32,
            seed: 7,
        })
        .unwrap();
    while sampling.advance().unwrap().is_some() {}
    let expected = sampling.picture_rgb8(0).unwrap();
    assert!(picture("7") == expected, "the pictures differ");
    assert!(picture("8") != expected, "another seed, another picture");

    let out = started(&exe)
        .args(["nowhere", "full", "2", "1", "1", "never.ppm"])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(
        stderr(&out).starts_with("REFRAIN_E_FILE: "),
        "{}",
        stderr(&out)
    );
}
