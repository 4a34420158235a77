//! Structs and numbers that another language writes down, compared with those of the header.

use core::fmt::Write;
use std::fs;

use crate::build::{C, compile, folder, root, run, stderr, stdout};

/// What C says of the lines: `STRUCT SIZE`, `STRUCT.FIELD OFFSET`, `NAME = NUMBER` of an enum, `NAME
/// NUMBER` of a constant. Returns those that C contradicts.
pub(crate) fn contradicted(lines: &str, name: &str) -> Vec<String> {
    let mut body = String::new();
    for line in lines.lines() {
        let (what, number) = line.rsplit_once(' ').expect("two words");
        let what = what.trim_end_matches(" =");
        let c = match what.split_once('.') {
            Some((of, field)) => format!("offsetof({of}, {field})"),
            None if what.starts_with("refrain_") => format!("sizeof({what})"),
            None => what.to_owned(),
        };
        // Configuration structs may be older or newer than the library's: their size is told.
        let right = match what {
            "refrain_settings" => format!("{c} <= {number}"),
            _ => format!("(long long)({c}) == {number}LL"),
        };
        writeln!(body, "    if (!({right})) puts(\"{line}\");").unwrap();
    }
    let source = folder().join(format!("{name}.c"));
    let exe = folder().join(name);
    let head = "#include <refrain.h>\n#include <stdio.h>\nint main(void) {\n";
    fs::write(&source, format!("{head}{body}    return 0;\n}}\n")).unwrap();
    let out = compile("cc", &C, &[&source], &exe);
    assert!(out.status.success(), "{}", stderr(&out));
    let out = run::<&str>(&exe, &[]);
    stdout(&out).lines().map(str::to_owned).collect()
}

/// Members of an enum of the header that the lines leave out, for every enum of which they name one.
pub(crate) fn forgotten(lines: &str) -> Vec<String> {
    let header = fs::read_to_string(root().join("include/refrain.h")).unwrap();
    let named = |name: &str| lines.lines().any(|l| l.starts_with(&format!("{name} = ")));
    let mut forgotten = Vec::new();
    for item in header.split("\nenum refrain_").skip(1) {
        let body = item.split("\n};").next().expect("an end");
        let members: Vec<&str> = body
            .lines()
            .filter_map(|line| line.trim().split_once(" = ").map(|(name, _)| name))
            .collect();
        if members.iter().any(|name| named(name)) {
            let missing = members.iter().filter(|name| !named(name));
            forgotten.extend(missing.map(|name| (*name).to_owned()));
        }
    }
    forgotten
}
