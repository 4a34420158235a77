//! The header for systems that this machine is not: clang knows their types without a library of theirs.

use alloc::collections::BTreeSet;
use core::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::build::{compile, folder, stderr, wanted};
use crate::{header, layout};

const SYSTEMS: [&str; 9] = [
    "aarch64-linux-android26",
    "armv7a-linux-androideabi26",
    "arm64-apple-ios15",
    "arm64-apple-macosx12",
    "x86_64-pc-windows-msvc",
    "x86_64-w64-mingw32",
    "i686-linux-gnu",
    "riscv64-linux-gnu",
    "wasm32-unknown-unknown",
];

/// Structs without a pointer or a size in them, and in what they are made of: the same bytes everywhere,
/// so that saved states and configurations may move.
fn of_numbers(header: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (name, fields) in layout::structs(header) {
        let numbers = |declaration: &str| {
            let ty = declaration.trim().trim_start_matches("struct ");
            let ty = ty.split(' ').next().unwrap_or_default();
            let is_struct = declaration.trim().starts_with("struct ");
            !declaration.contains('*') && ty != "size_t" && (!is_struct || found.contains(ty))
        };
        if fields.iter().all(|(declaration, _)| numbers(declaration)) {
            found.insert(name);
        }
    }
    found
}

/// A file that compiles only where those structs are laid out as `measured`, on this machine, says.
fn file(header: &str, measured: &str) -> String {
    let numbers = of_numbers(header);
    let mut text = String::from("#include \"layout.h\"\n");
    for (i, line) in measured.lines().enumerate() {
        let (place, value) = line.split_once(' ').expect("a value");
        let (name, expression) = match place.split_once('.') {
            Some((name, field)) => (name, format!("offsetof({name}, {field})")),
            None => (place, format!("sizeof({place})")),
        };
        if numbers.contains(name) {
            writeln!(
                text,
                "typedef char as_here_{i}[{expression} == {value} ? 1 : -1];"
            )
            .unwrap();
        }
    }
    text
}

fn refusals(header: &str, measured: &str, name: &str) -> Vec<String> {
    let folder = folder().join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("layout.h"), header).unwrap();
    let source = folder.join("systems.c");
    fs::write(&source, file(header, measured)).unwrap();
    let mut refusals = Vec::new();
    for system in SYSTEMS {
        let target = format!("--target={system}");
        for language in [["-x", "c", "-std=c99"], ["-x", "c++", "-std=c++17"]] {
            let strict = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"];
            // Freestanding: the compiler's own stddef.h and stdint.h.
            let alone = [target.as_str(), "-ffreestanding", "-nostdlibinc"];
            let flags = [&strict[..], &alone, &language].concat();
            let out = compile("clang", &flags, &[&source], Path::new("/dev/null"));
            if !out.status.success() {
                refusals.push(format!("{system}, {}: {}", language[2], stderr(&out)));
            }
        }
    }
    refusals
}

#[test]
fn structs_of_numbers_are_the_same_everywhere() {
    if !wanted("REFRAIN_CLANG", "clang") {
        return;
    }
    let header = header::text();
    let measured = layout::rust();
    let numbers = of_numbers(&header);
    assert!(numbers.contains("refrain_policy") && numbers.contains("refrain_event"));
    assert!(!numbers.contains("refrain_text") && !numbers.contains("refrain_kernel"));
    assert_eq!(
        refusals(&header, &measured, "systems"),
        Vec::<String>::new()
    );

    // It has four bytes on 32-bit systems and on Windows, and eight on the others.
    let planted = header.replacen("double time;", "long time;", 1);
    assert_ne!(planted, header);
    let seen = refusals(&planted, &measured, "systems-planted");
    let long = ["armv7a-", "-windows-", "-mingw32", "i686-", "wasm32-"];
    assert_eq!(seen.len(), 2 * long.len(), "{seen:?}");
    assert!(
        long.iter()
            .all(|system| seen.iter().any(|refusal| refusal.contains(system))),
        "{seen:?}"
    );
}
