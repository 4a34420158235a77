//! The header: read, and compiled in several languages.

use alloc::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::build::{C, compile, compilers, folder, root, stderr};

/// One function of the header.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Parameters that are pointers and must not be NULL.
    pub(crate) needed: Vec<String>,
    /// Parameters that are pointers and may be NULL.
    pub(crate) optional: Vec<String>,
}

pub(crate) fn text() -> String {
    fs::read_to_string(root().join("include/refrain.h")).expect("the header is there")
}

/// The comment and the declaration of a function.
fn declared(item: &str) -> Option<(&str, &str)> {
    let experimental = || item.split_once("\nREFRAIN_EXPERIMENTAL");
    item.split_once("\nREFRAIN_API").or_else(experimental)
}

/// The functions of a header, with what their comments call optional.
pub(crate) fn functions(header: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    for item in header.split("\n\n") {
        let Some((comment, declaration)) = declared(item) else {
            continue;
        };
        let Some((head, parameters)) = declaration.split_once('(') else {
            continue;
        };
        if !comment.starts_with("/**") {
            continue;
        }
        let name = head.split([' ', '*', '\n']).next_back().expect("a name");
        let (needed, optional) = parameters
            .trim_end_matches(|c| c != ')')
            .trim_end_matches(')')
            .split(',')
            .filter(|parameter| parameter.contains('*'))
            .map(|parameter| parameter.split([' ', '*']).next_back().expect("a name"))
            .map(str::to_owned)
            .partition(|parameter| !is_optional(comment, parameter));
        functions.push(Function {
            name: name.to_owned(),
            needed,
            optional,
        });
    }
    functions
}

fn is_optional(comment: &str, parameter: &str) -> bool {
    let entry = comment.split(" - `").find(|entry| {
        entry
            .split(':')
            .next()
            .is_some_and(|names| names.split(['`', ',', ' ']).any(|name| name == parameter))
    });
    let entry = entry.unwrap_or_else(|| panic!("`{parameter}` is not described: {comment}"));
    entry.contains("optional")
}

/// Pointers that no row of `tests/c/errors*.c` sets to NULL.
fn without_row(functions: &[Function], rows: &BTreeSet<String>) -> Vec<String> {
    let all = functions.iter().flat_map(|function| {
        let needed = function.needed.iter();
        needed.map(move |parameter| format!("{}.{parameter}", function.name))
    });
    all.filter(|row| !rows.contains(row)).collect()
}

/// Those programs print a row for each pointer it sets to NULL.
pub(crate) fn check_null_rows(printed: &str) {
    let rows = printed
        .lines()
        .filter_map(|line| line.strip_prefix("NULL "));
    let mut rows: BTreeSet<String> = rows
        .map(|line| line.split(' ').next().expect("a word").to_owned())
        .collect();
    let functions = functions(&text());
    assert!(functions.len() > 40, "the header was not read");
    assert_eq!(without_row(&functions, &rows), Vec::<String>::new());

    let planted = "refrain_scheduler_begin.call";
    assert!(rows.remove(planted));
    assert_eq!(without_row(&functions, &rows), [planted]);
}

#[test]
fn optional_pointers_are_recognised() {
    let functions = functions(&text());
    let commit = functions
        .iter()
        .find(|f| f.name == "refrain_scheduler_commit");
    let commit = commit.expect("it is there");
    assert_eq!(commit.needed, ["scheduler", "values"]);
    assert_eq!(commit.optional, ["event_out"]);
    let parse = functions.iter().find(|f| f.name == "refrain_policy_parse");
    assert_eq!(parse.expect("it is there").optional, ["message"]);
}

/// Alone, in every language it is for; and a header with a fault in it is refused.
#[test]
fn compiles_alone_in_every_language() {
    let good = folder().join("alone.h");
    let bad = folder().join("fault.h");
    fs::write(&good, text()).expect("writable");
    fs::write(&bad, text() + "\ntypedef refrain_call refrain_event;\n").expect("writable");
    let standards = ["c99", "c11", "c17", "c++11", "c++17", "c++20"];
    for (standard, (cc, cxx)) in standards.iter().flat_map(|standard| {
        let compilers = compilers();
        compilers.into_iter().map(move |pair| (*standard, pair))
    }) {
        let (compiler, language) = match standard.starts_with("c++") {
            true => (cxx, "c++"),
            false => (cc, "c"),
        };
        let standard = format!("-std={standard}");
        let flags = [&C[1..], &["-x", language, &standard, "-fsyntax-only"]].concat();
        let compiles = |file: &Path| compile(compiler, &flags, &[file], Path::new("/dev/null"));
        let out = compiles(&good);
        assert!(out.status.success(), "{standard}: {}", stderr(&out));
        assert!(
            !compiles(&bad).status.success(),
            "{standard}: planted fault"
        );
    }
}

/// Parameters that no comment describes, functions that do not say what they return, and names in
/// comments that the header does not define.
fn gaps(header: &str) -> Vec<String> {
    let mut gaps = Vec::new();
    for item in header.split("\n\n") {
        let Some((comment, declaration)) = declared(item) else {
            continue;
        };
        let Some((head, parameters)) = declaration.split_once('(') else {
            continue;
        };
        if !comment.starts_with("/**") {
            continue;
        }
        if head.trim_start().starts_with("refrain_status") {
            if !comment.contains("Returns ") {
                gaps.push(format!("{head}: no word on what it returns"));
            }
            let names = parameters.trim_end().trim_end_matches(");").split(',');
            for name in names.filter_map(|p| p.split([' ', '*']).next_back()) {
                if !comment.contains(&format!("`{name}`")) {
                    gaps.push(format!("{head}: {name} is not described"));
                }
            }
        }
        let words = comment.split(|c: char| !c.is_alphanumeric() && c != '_');
        for word in words.filter(|word| word.starts_with("REFRAIN_") && !word.ends_with('_')) {
            let defined = [
                format!("    {word} = "),
                format!("#define {word} "),
                format!("#define {word}("),
            ];
            if !defined.iter().any(|definition| header.contains(definition)) {
                gaps.push(format!("{head}: {word} is not defined"));
            }
        }
    }
    gaps
}

#[test]
fn comments_are_complete() {
    let header = text();
    assert_eq!(gaps(&header), Vec::<String>::new());
    for (text, planted) in [
        ("- `lanes`: in, streams", "- lanes: in, streams"),
        (
            "Returns REFRAIN_OK; REFRAIN_E_CAPACITY",
            "REFRAIN_OK; REFRAIN_E_CAPACITY",
        ),
        (
            "REFRAIN_E_RANGE for an unknown method",
            "REFRAIN_E_RANG for an unknown method",
        ),
    ] {
        assert_eq!(
            gaps(&header.replacen(text, planted, 1)).len(),
            1,
            "{planted}"
        );
    }
}

/// Functions that no program of `tests/c` calls.
fn not_called(functions: &[Function]) -> Vec<&str> {
    let entries = fs::read_dir(root().join("tests/c")).expect("readable");
    let programs: String = entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "c"))
        .map(|path| fs::read_to_string(path).expect("readable"))
        .collect();
    let names = functions.iter().map(|function| function.name.as_str());
    let called = |name: &str| programs.contains(&format!("{name}("));
    names.filter(|name| !called(name)).collect()
}

#[test]
fn every_function_is_called() {
    let mut functions = functions(&text());
    assert_eq!(not_called(&functions), Vec::<&str>::new());
    functions.push(Function {
        name: "refrain_planted".to_owned(),
        needed: Vec::new(),
        optional: Vec::new(),
    });
    assert_eq!(not_called(&functions), ["refrain_planted"]);
}
