//! `refrain kernels`: every kernel in every language, what the manifest says of it, and what the
//! languages' own tools say of the files.

extern crate alloc;

mod grid;
mod manifest;

use alloc::collections::BTreeSet;
use core::fmt::Write;
use core::slice::from_ref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

use serde_json::Value;

/// The table's kernels: 16 without constants, 2 and 3 by format of anchors, 5 in three formats of
/// weights, attention in 14 widths.
const TABLE: usize = 16 + 2 + 3 + 5 * 3 + 14;
/// Their variants: of 5 linear operations 7 in three formats and 3 in f16; 4 of attention.
const VARIANTS: usize = 5 * (7 * 3 + 3) + 4 * 14;

/// Files of a language: it may have no f16, no cooperative matrices, or those of 8 by 8 alone.
fn count(language: &str) -> usize {
    let lacking = match language {
        "msl" => 5,
        "hlsl" => 5 * 2,
        "glsl" => 5 * 3,
        _ => 0,
    };
    TABLE + VARIANTS - lacking
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn refrain(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_refrain"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

/// The folder of a language, written once by the program.
pub(crate) fn folder(language: &str) -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let all = FOLDER.get_or_init(|| {
        let all = tempfile::tempdir().expect("a folder");
        for language in ["wgsl", "spirv", "msl", "hlsl", "glsl"] {
            let out = all.path().join(language);
            let out = out.to_str().expect("UTF-8");
            let ran = refrain(&["kernels", "--lang", language, "--out", out]);
            assert!(ran.status.success(), "{ran:?}");
        }
        all
    });
    all.path().join(language)
}

/// Files of a folder that end so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("readable");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let mut found: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .collect();
    found.sort();
    found
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("text")
}

/// Whether a tool is there. Where `REFRAIN_GPU=required` (everything is checked) it must be.
fn has(tool: &str, needed: bool) -> bool {
    let here = Command::new(tool).arg("--version").output().is_ok();
    let required = env::var("REFRAIN_GPU").is_ok_and(|wish| wish == "required");
    assert!(here || !needed || !required, "{tool} is not installed");
    if !here {
        println!("skipped: {tool} is not installed");
    }
    here
}

/// Files of a language that need something of a device.
fn needing(language: &str, need: &str) -> BTreeSet<PathBuf> {
    let manifest = manifest::read(language);
    let all = manifest["files"].as_array().expect("a list").iter();
    let needing = all.filter(|file| {
        let needs = file["needs"].as_array().expect("a list");
        needs.iter().any(|found| found == need)
    });
    needing
        .map(|file| folder(language).join(file["file"].as_str().expect("text")))
        .collect()
}

/// What a tool finds wrong with files.
fn faults(tool: &str, flags: &[&str], files: &[PathBuf]) -> Option<String> {
    let mut command = Command::new(tool);
    let out = command.args(flags).args(files).output().expect("it runs");
    if out.status.success() {
        return None;
    }
    let said = [out.stdout, out.stderr].concat();
    Some(String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn spirv_val_accepts_every_file() {
    if !has("spirv-val", true) {
        return;
    }
    let flags = ["--target-env", "vulkan1.1"];
    let all = files(&folder("spirv"), "spv");
    assert_eq!(all.len(), count("spirv"));
    // Debian's does not know the capability of cooperative matrices.
    let matrices = needing("spirv", "cooperative-matrix");
    assert_eq!(matrices.len(), 5 * 2);
    for file in all.iter().filter(|file| !matrices.contains(*file)) {
        let wrong = faults("spirv-val", &flags, from_ref(file));
        assert_eq!(wrong, None, "{}", file.display());
    }
    // A word of the first function is lost.
    let planted = tempfile::tempdir().expect("a folder");
    let broken = planted.path().join("broken.spv");
    let mut bytes = fs::read(&all[0]).expect("readable");
    let middle = bytes.len() / 8 * 4;
    bytes.drain(middle..middle + 4);
    fs::write(&broken, bytes).expect("writable");
    assert!(faults("spirv-val", &flags, &[broken]).is_some(), "planted");
}

#[test]
fn glslang_accepts_every_file() {
    if !has("glslangValidator", true) {
        return;
    }
    let all = files(&folder("glsl"), "comp");
    assert_eq!(all.len(), count("glsl"));
    // As OpenGL takes it, all at once, and as Vulkan does: one of each kernel, for it starts slowly and
    // would link several.
    assert_eq!(faults("glslangValidator", &[], &all), None);
    let spv = tempfile::tempdir().expect("a folder");
    let out = spv.path().join("out.spv");
    let out = out.to_str().expect("UTF-8");
    let flags = ["-V", "--target-env", "vulkan1.1", "-o", out];
    let mut kernels = BTreeSet::new();
    for file in &all {
        let name = file.file_name().and_then(|name| name.to_str());
        let (kernel, _) = name.expect("UTF-8").split_once('.').expect("an ending");
        if kernels.insert(kernel) {
            let wrong = faults("glslangValidator", &flags, from_ref(file));
            assert_eq!(wrong, None, "{}", file.display());
        }
    }
    assert_eq!(kernels.len(), 24 + 5 * 7 + 4);
    let broken = spv.path().join("broken.comp");
    fs::write(&broken, text(&all[0]).replacen("uint", "unit", 1)).expect("writable");
    let planted = [all[0].clone(), broken];
    assert!(
        faults("glslangValidator", &[], &planted).is_some(),
        "planted"
    );
}

/// What is bound where, in the words of a language.
fn bound(language: &str, binding: &Value) -> String {
    let number = &binding["binding"];
    match (language, binding["access"].as_str().expect("text")) {
        ("msl", _) => format!("[[buffer({number})]]"),
        ("hlsl", "uniform") => format!("register(b{number})"),
        ("hlsl", "read") => format!("register(t{number})"),
        ("hlsl", _) => format!("register(u{number})"),
        ("wgsl", _) => format!("@binding({number})"),
        _ => format!("binding = {number})"),
    }
}

/// What a text lacks of what the manifest says of it, and has of what it must not have.
fn gaps(language: &str, file: &Value, code: &str) -> Vec<String> {
    let entry = file["entry"].as_str().expect("text");
    let mut wanted = vec![format!(" {entry}(")];
    let bindings = file["bindings"].as_array().expect("a list");
    wanted.extend(bindings.iter().map(|binding| bound(language, binding)));
    let mut gaps: Vec<_> = wanted
        .into_iter()
        .filter(|wanted| !code.contains(wanted.as_str()))
        .collect();
    // Run-time checks of loops, indices and (but in HLSL, where naga always has them) divisors; memory
    // that is cleared; constants that are left open.
    let mut forbidden = vec!["loop_bound", "DefaultConstructible", "override "];
    if language != "hlsl" {
        forbidden.push("naga_div");
    }
    gaps.extend(
        forbidden
            .into_iter()
            .filter(|word| code.contains(*word))
            .map(|word| format!("has {word}")),
    );
    gaps
}

#[test]
fn texts_have_the_entry_points_and_bindings_of_the_manifest() {
    for language in ["wgsl", "msl", "hlsl", "glsl"] {
        let manifest = manifest::read(language);
        for file in manifest["files"].as_array().expect("a list") {
            let name = file["file"].as_str().expect("text");
            let code = text(&folder(language).join(name));
            assert_eq!(
                gaps(language, file, &code),
                Vec::<String>::new(),
                "{language} {name}"
            );
            if name.starts_with("attention.d64") {
                let last = &file["bindings"][2];
                let moved = code.replace(&bound(language, last), "elsewhere");
                assert_eq!(gaps(language, file, &moved).len(), 1, "{language}: planted");
            }
        }
    }
}

/// WGSL is what naga reads, but for a line that naga refuses and browsers want, without anything left
/// open.
#[test]
fn wgsl_is_valid() {
    let all = files(&folder("wgsl"), "wgsl");
    assert_eq!(all.len(), count("wgsl"));
    let subgroups = needing("wgsl", "subgroups");
    assert_eq!(subgroups.len(), 5 * 3 * 3 + 2 * 14);
    for file in &all {
        let text = text(file);
        let enabled = text.strip_prefix("enable subgroups;\n");
        assert_eq!(
            enabled.is_some(),
            subgroups.contains(file),
            "{}",
            file.display()
        );
        let module = naga::front::wgsl::parse_str(enabled.unwrap_or(&text)).expect("WGSL");
        assert_eq!(module.overrides.len(), 0, "{}", file.display());
        assert_eq!(module.entry_points.len(), 1, "{}", file.display());
    }
}

/// The compilers of Metal and Direct3D are not to be had everywhere; where they are, they are asked.
#[test]
fn compilers_of_other_platforms_accept_every_file() {
    let half = "-enable-16bit-types";
    let dxc = ["-T", "cs_6_2", half, "-E", "main", "-Fo", "/dev/null"];
    if has("dxc", false) {
        for file in files(&folder("hlsl"), "hlsl") {
            let wrong = faults("dxc", &dxc, from_ref(&file));
            assert_eq!(wrong, None, "{}", file.display());
        }
    }
    let metal = ["-sdk", "macosx", "metal", "-fsyntax-only"];
    if has("xcrun", false) {
        for file in files(&folder("msl"), "metal") {
            let wrong = faults("xcrun", &metal, from_ref(&file));
            assert_eq!(wrong, None, "{}", file.display());
        }
    }
}

/// What the program says when it can do nothing.
fn refused(arguments: &[&str]) -> String {
    let ran = refrain(&[&["kernels"], arguments].concat());
    assert!(!ran.status.success() && ran.stdout.is_empty(), "{ran:?}");
    let said = String::from_utf8(ran.stderr).expect("UTF-8");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn wrong_arguments_are_refused_in_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("UTF-8");
    let mut said = String::new();
    let mut note = |arguments: &[&str]| {
        let line = refused(arguments).replace(out, "OUT");
        write!(said, "{line}").expect("written");
    };
    note(&["--lang", "cg", "--out", out]);
    note(&["--lang", "msl"]);
    note(&["--lang", "msl", "--out", out, "--head-dim", "20"]);
    let file = folder.path().join("kept");
    fs::write(&file, "kept").expect("writable");
    note(&["--lang", "msl", "--out", out]);
    note(&["--lang", "msl", "--out", file.to_str().expect("UTF-8")]);
    let names = files(folder.path(), "metal");
    assert!(names.is_empty(), "{names:?}");

    let ran = refrain(&[
        "kernels",
        "--lang",
        "msl",
        "--out",
        out,
        "--force",
        "--head-dim",
        "72",
    ]);
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(text(&file), "kept");
    let names: BTreeSet<_> = files(folder.path(), "metal").into_iter().collect();
    // The table's attention and its 4 variants in one width of 14.
    assert_eq!(names.len(), count("msl") - 5 * 13);
    assert!(names.contains(&folder.path().join("attention.d72.metal")));
    insta::assert_snapshot!(said);
}
