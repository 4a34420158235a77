//! Data flows one way: which module may name which. Reads the sources for `crate::module`.

extern crate alloc;

use alloc::collections::BTreeSet;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A module and what it may name besides itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("numeric", &[]),
    ("hash", &[]),
    ("timeline", &[]),
    ("signal", &["text"]),
    ("predict", &["text", "numeric"]),
    ("measure", &["numeric", "signal", "predict"]),
    (
        "policy",
        &["text", "numeric", "signal", "timeline", "predict"],
    ),
    (
        "scheduler",
        &["text", "hash", "signal", "timeline", "predict", "policy"],
    ),
    ("trace", &["scheduler"]),
    ("kernels", &["text"]),
    (
        "decide",
        &[
            "text",
            "signal",
            "timeline",
            "predict",
            "policy",
            "scheduler",
        ],
    ),
    ("executor", &["kernels"]),
    ("cpu", &["text", "kernels", "executor"]),
    (
        "gpu",
        &[
            "text",
            "timeline",
            "predict",
            "policy",
            "scheduler",
            "decide",
            "kernels",
            "executor",
        ],
    ),
    (
        "dit",
        &[
            "text", "hash", "kernels", "executor", "policy", "predict", "signal",
        ],
    ),
    ("sampler", &["text", "dit"]),
    (
        "run",
        &[
            "text",
            "hash",
            "timeline",
            "signal",
            "predict",
            "policy",
            "scheduler",
            "trace",
            "kernels",
            "executor",
            "cpu",
            "decide",
            "gpu",
            "dit",
            "sampler",
        ],
    ),
];

/// Modules that may name everything and that nothing may name.
const TOP: &[&str] = &["capi", "cli"];

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Modules that a text names, not counting comments and unit tests.
fn named(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.flat_map(|line| [line, "\n"]).collect();
    let mut names = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        match rest.strip_prefix('{') {
            // `use crate::{a::…, b::…}`: the names that follow `{` or `,` at depth one.
            Some(group) => {
                let (mut depth, mut fresh) = (1, true);
                for (i, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 1 => fresh = true,
                        c if fresh && c.is_alphabetic() => {
                            names.insert(word(&group[i..]));
                            fresh = false;
                        }
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            None => {
                names.insert(word(rest));
            }
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// What is wrong with a file of that module.
fn faults(module: &str, text: &str) -> Vec<String> {
    if TOP.contains(&module) {
        return Vec::new();
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
        return vec![format!("module `{module}` is not in the table")];
    };
    let modules = || {
        ALLOWED
            .iter()
            .map(|(name, _)| *name)
            .chain(TOP.iter().copied())
    };
    named(text)
        .into_iter()
        .filter(|name| name != module && modules().any(|m| m == name))
        .filter(|name| !allowed.contains(&name.as_str()))
        .map(|name| format!("`{module}` names `{name}`"))
        .collect()
}

#[test]
fn modules_name_only_what_lies_below_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 30, "the sources were not found");
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).expect("inside");
        let module = inside
            .iter()
            .next()
            .and_then(|first| first.to_str())
            .expect("a name");
        let module = module.trim_end_matches(".rs");
        if module == "lib" || module == "bin" {
            continue;
        }
        let text = fs::read_to_string(&file).expect("readable");
        wrong.extend(
            faults(module, &text)
                .iter()
                .map(|f| format!("{}: {f}", inside.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn planted_faults_are_found() {
    assert_eq!(
        faults("policy", "use crate::scheduler::Lane;"),
        ["`policy` names `scheduler`"]
    );
    let group = "use crate::{\n    executor::{Executor, Run},\n    gpu::GpuDevice,\n};";
    assert_eq!(faults("cpu", group), ["`cpu` names `gpu`"]);
    assert_eq!(
        faults("run", "crate::capi::guard()"),
        ["`run` names `capi`"]
    );
    assert_eq!(faults("lost", "").len(), 1);
    assert!(
        faults(
            "policy",
            "// crate::scheduler decides\nuse crate::text::Named;"
        )
        .is_empty()
    );
}
