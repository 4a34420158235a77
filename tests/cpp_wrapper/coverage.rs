//! What the wrapper covers, from its text.

use alloc::collections::BTreeSet;
use core::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::build::{compile, folder, root, stderr};
use crate::{WARNINGS, compilers};

/// Functions that the wrapper has no use for, and why.
const LEFT_OUT: [(&str, &str); 1] = [(
    "refrain_policy_size",
    "for languages that do not read the header; here sizeof is known",
)];

/// Lines of a file at most.
const LINES: usize = 600;

fn files() -> Vec<PathBuf> {
    let cpp = root().join("bindings/cpp");
    let parts = fs::read_dir(cpp.join("refrain")).expect("the wrapper is there");
    let mut files: Vec<PathBuf> = parts.map(|part| part.unwrap().path()).collect();
    files.sort();
    files.insert(0, cpp.join("refrain.hpp"));
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Names that begin with `refrain_` and are called.
fn called(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices("refrain_") {
        let rest = &text[at..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        // A destructor is handed on by its name.
        if rest[end..].starts_with('(') || rest[..end].ends_with("_destroy") {
            names.insert(rest[..end].to_owned());
        }
    }
    names
}

/// The functions of the header.
fn declared(header: &str) -> BTreeSet<String> {
    let code = header.split_once("extern \"C\"").expect("declarations").1;
    let mut names = BTreeSet::new();
    let mut in_comment = false;
    let mut text = String::new();
    for line in code.lines() {
        in_comment |= line.starts_with("/*");
        if !in_comment {
            writeln!(text, "{line}").unwrap();
        }
        in_comment &= !line.ends_with("*/");
    }
    names.extend(called(&text));
    names
}

/// What of the header the wrapper does not reach.
fn missing(header: &str, wrapper: &str) -> Vec<String> {
    let (functions, reached) = (declared(header), called(wrapper));
    let left_out = |name: &str| LEFT_OUT.iter().any(|(one, _)| *one == name);
    let mut missing: Vec<String> = functions.difference(&reached).cloned().collect();
    missing.retain(|name| !left_out(name));
    missing
}

#[test]
fn every_function_is_reached() {
    let header = read(&root().join("include/refrain.h"));
    let wrapper: String = files().iter().map(|path| read(path)).collect();
    let functions = declared(&header);
    assert!(functions.len() > 90, "only {} functions", functions.len());
    assert_eq!(missing(&header, &wrapper), [""; 0]);
    for (name, _) in LEFT_OUT {
        assert!(functions.contains(name), "{name} is gone");
        assert!(!called(&wrapper).contains(name), "{name} is reached");
    }
    // Planted: a function of the header that nothing calls, and one that is no more called.
    let more = header.replace(
        "REFRAIN_API uint32_t refrain_abi_version",
        "REFRAIN_API void refrain_new(void);\nREFRAIN_API uint32_t refrain_abi_version",
    );
    assert_eq!(missing(&more, &wrapper), ["refrain_new"]);
    let fewer = wrapper.replace("refrain_scheduler_abandon(", "(");
    assert_eq!(missing(&header, &fewer), ["refrain_scheduler_abandon"]);
}

/// Public items without a comment: lines at the indentation of a member, behind `public:`.
fn bare(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut public, mut before) = (true, "");
    let mut inner = false;
    for line in text.lines() {
        inner = line == "namespace detail {" || inner && line != "} // namespace detail";
        match line.trim() {
            "public:" => public = true,
            "private:" => public = false,
            _ => {}
        }
        public |= line == "};";
        let item = [
            "class ",
            "struct ",
            "template ",
            "inline ",
            "static ",
            "explicit ",
            "Result<",
            "enum ",
        ]
        .iter()
        .any(|start| line.trim_start().starts_with(start));
        let outer = line.len() - line.trim_start().len() <= 4
            && item
            && !line.ends_with(';')
            && !line.contains("namespace");
        // An overload right behind another shares its comment.
        let said = before.ends_with("*/")
            || before.ends_with('}')
            || before.ends_with("= delete;")
            || before.trim_start().starts_with("template");
        if public && outer && !said && !inner {
            found.push(line);
        }
        before = line.trim_end();
    }
    found
}

#[test]
fn every_item_is_described() {
    for path in files() {
        let text = read(&path);
        let bare: Vec<&str> = bare(&text);
        assert!(bare.is_empty(), "{}: {bare:#?}", path.display());
        let lines = text.lines().count();
        assert!(lines < LINES, "{} has {lines} lines", path.display());
    }
    let plain =
        "/** A. */\nclass A {\n  public:\n    /** One. */\n    A();\n\n    static int two() {\n";
    assert_eq!(self::bare(plain), ["    static int two() {"], "planted");
}

/// Every file may be included alone, and twice.
#[test]
fn every_file_stands_alone() {
    let object = folder().join("cpp_alone.o");
    let source = folder().join("cpp_alone.cpp");
    for path in files() {
        let name = path.display();
        fs::write(
            &source,
            format!("#include \"{name}\"\n#include \"{name}\"\n"),
        )
        .unwrap();
        for (compiler, standard) in compilers().into_iter().zip(["-std=c++17", "-std=c++20"]) {
            let flags = [&WARNINGS[..], &[standard, "-fsyntax-only"]].concat();
            let out = compile(compiler, &flags, &[&source], &object);
            assert!(out.status.success(), "{name}: {}", stderr(&out));
        }
    }
}
