//! What the installed libraries need and offer, read from the files.

extern crate alloc;

use alloc::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::tools::{command, consumer, done, not_prelinked, prefix, refused, root, wanted};

/// What the decide layer may ask of the C library.
const CORE_NEEDS: [&str; 7] = [
    "abort", "bcmp", "memcmp", "memcpy", "memmove", "memset", "strlen",
];

/// What would show that more than `core` is in it.
const NEVER: [&str; 6] = ["malloc", "free", "pthread", "_Unwind", "__rust", "rust_eh"];

/// Functions that a part of the header declares.
fn declared(header: &str) -> BTreeSet<String> {
    let lines = header
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()));
    let names = lines.filter_map(|line| {
        let before = &line[..line.find('(')?];
        let name = before.rsplit([' ', '*']).next()?;
        name.starts_with("refrain_").then(|| name.to_owned())
    });
    names.collect()
}

/// The header up to what needs a feature, and all of it.
fn header() -> (BTreeSet<String>, BTreeSet<String>) {
    let header = fs::read_to_string(root().join("include/refrain.h")).expect("the header");
    let core = header
        .split("only with the feature")
        .next()
        .expect("a part");
    (declared(core), declared(&header))
}

/// Names in the symbol table of a file, by the letters that `nm` gives them.
fn symbols(file: &Path, arguments: &[&str]) -> BTreeSet<String> {
    let mut nm = Command::new("nm");
    let printed = done(nm.args(arguments).arg(file));
    let names = printed
        .lines()
        .filter(|line| line.contains(' '))
        .filter_map(|line| line.split(' ').next_back());
    names
        .map(|name| name.split('@').next().expect("a name").to_owned())
        .collect()
}

fn needs(file: &Path) -> BTreeSet<String> {
    symbols(file, &["--undefined-only"])
}

fn offers(file: &Path) -> BTreeSet<String> {
    symbols(file, &["--defined-only", "--extern-only"])
}

/// What a library needs beyond the decide layer's allowance.
fn too_much(file: &Path) -> Vec<String> {
    let allowed = |name: &String| CORE_NEEDS.contains(&name.as_str());
    needs(file)
        .into_iter()
        .filter(|name| !allowed(name))
        .collect()
}

#[test]
fn the_core_needs_six_functions_of_c() {
    if !wanted() {
        return;
    }
    let core = prefix().join("lib/librefrain_core.a");
    assert_eq!(too_much(&core), Vec::<String>::new());
    let all = symbols(&core, &[]);
    for never in NEVER {
        assert!(
            !needs(&core).iter().any(|name| name.contains(never)),
            "{never}"
        );
    }
    assert!(all.len() > 50, "the table was not read: {all:?}");
    // The full library is caught by both.
    let full = prefix().join("lib/librefrain.a");
    assert!(too_much(&full).len() > 50);
    assert!(needs(&full).iter().any(|name| name.contains("pthread")));
}

#[test]
fn the_libraries_offer_what_the_header_declares() {
    if !wanted() {
        return;
    }
    let (core, full) = header();
    assert!(core.len() >= 45 && full.len() > core.len() && full.is_superset(&core));
    let lib = prefix().join("lib");
    assert_eq!(offers(&lib.join("librefrain_core.a")), core);
    let full: BTreeSet<String> = full
        .into_iter()
        .filter(|name| cfg!(feature = "export") || name != "refrain_kernel_translate")
        .collect();
    assert_eq!(offers(&lib.join("librefrain.a")), full);
    assert_eq!(
        symbols(&lib.join("librefrain.so"), &["-D", "--defined-only"]),
        full
    );
    let more = offers(&not_prelinked());
    assert!(
        more.len() > full.len() + 100,
        "Rust's symbols are hidden without prelinking"
    );
}

#[test]
fn the_shared_library_is_named_after_its_interface() {
    if !wanted() {
        return;
    }
    let lib = prefix().join("lib");
    let printed = done(
        Command::new("objdump")
            .arg("-p")
            .arg(lib.join("librefrain.so")),
    );
    let soname = printed
        .lines()
        .find_map(|line| line.trim().strip_prefix("SONAME"))
        .map(str::trim);
    let abi = refrain::capi::library::REFRAIN_ABI_VERSION;
    assert_eq!(soname, Some(format!("librefrain.so.{abi}").as_str()));
    let link = fs::read_link(lib.join("librefrain.so")).expect("a link");
    assert_eq!(link, Path::new(&format!("librefrain.so.{abi}")));
}

/// A library that lost a function is noticed where it is linked and where it is checked.
#[test]
fn a_missing_function_is_noticed() {
    if !wanted() {
        return;
    }
    let folder = consumer();
    let folder = folder.path();
    let whole = prefix().join("lib/librefrain_core.a").display().to_string();
    let hide = [
        "--localize-symbol=refrain_scheduler_begin",
        &whole,
        "hidden.a",
    ];
    done(&mut command(folder, "objcopy", &hide));
    let include = format!("-I{}", prefix().join("include").display());
    let link = |archive: &str| {
        command(
            folder,
            "cc",
            &["decide.c", &include, archive, "-o", "decide"],
        )
    };
    done(&mut link(&whole));
    assert!(
        refused(&mut link("hidden.a")).contains("undefined reference to `refrain_scheduler_begin'")
    );
    let missing: Vec<String> = header()
        .0
        .difference(&offers(&folder.join("hidden.a")))
        .cloned()
        .collect();
    assert_eq!(missing, ["refrain_scheduler_begin"]);
}
