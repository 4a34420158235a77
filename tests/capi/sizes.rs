//! Programs built against an older and a newer header.

use std::fs;
use std::path::{Path, PathBuf};

use crate::build::{C, folder, link_in, succeeds};
use crate::{HEADS, header, small_model};

/// The header with one of its structs cut before a field, as it was in an earlier version.
fn cut(header: &str, name: &str, field: &str) -> String {
    let end = format!("}} {name};");
    let (before, after) = header.split_once(&end).expect("the struct is there");
    let start = before
        .rfind(&format!("typedef struct {name} {{"))
        .expect("its start");
    let at = before[start..]
        .find(&format!("{field};"))
        .expect("the field is there")
        + start;
    // With the comment of the field.
    let at = before[..at].rfind("    /**").expect("every field has one");
    format!("{}{end}{after}", &before[..at])
}

/// The header with a field more at the end of the structs.
fn grown(header: &str, names: &[&str]) -> String {
    names.iter().fold(header.to_owned(), |header, name| {
        let end = format!("}} {name};");
        assert!(header.contains(&end), "{name}");
        header.replacen(&end, &format!("    uint64_t planted;\n{end}"), 1)
    })
}

fn program(name: &str, header: &str, defines: &[&str]) -> PathBuf {
    let include = folder().join(name);
    fs::create_dir_all(&include).expect("writable");
    fs::write(include.join("refrain.h"), header).expect("writable");
    let flags = [&C[..], defines].concat();
    link_in(
        &include,
        "cc",
        &flags,
        &[Path::new("c/sizes.c")],
        &format!("sizes-{name}"),
    )
}

/// The bytes of a struct by a header.
fn size(name: &str, header: &str, of: &str) -> usize {
    let include = folder().join(name);
    fs::create_dir_all(&include).expect("writable");
    fs::write(include.join("refrain.h"), header).expect("writable");
    let source = include.join("size.c");
    let text = format!(
        "#include <refrain.h>\n#include <stdio.h>\n\
         int main(void) {{ return printf(\"%d\\n\", (int)sizeof({of})) < 0; }}\n"
    );
    fs::write(&source, text).expect("writable");
    let exe = link_in(&include, "cc", &C, &[&source], &format!("size-{name}"));
    succeeds::<&str>(&exe, &[])
        .trim()
        .parse()
        .expect("a number")
}

#[test]
fn older_and_newer_programs_run_the_same() {
    let now = header::text();
    let older = cut(&now, "refrain_settings", "latents");
    let newer = grown(
        &now,
        &[
            "refrain_settings",
            "refrain_policy",
            "refrain_model_options",
        ],
    );
    let bytes = |name, header: &str| size(name, header, "refrain_settings");
    let sizes = [
        bytes("older-size", &older),
        bytes("now-size", &now),
        bytes("newer-size", &newer),
    ];
    assert!(sizes[0] < sizes[1] && sizes[1] < sizes[2], "{sizes:?}");

    let model = small_model();
    let arguments = [model.to_str().unwrap(), HEADS];
    let expected = succeeds(&program("now", &now, &[]), &arguments);
    assert!(expected.starts_with("interval"), "{expected}");
    assert_eq!(
        succeeds(&program("older", &older, &[]), &arguments),
        expected
    );
    let exe = program("newer", &newer, &[]);
    assert_eq!(succeeds(&exe, &arguments), expected);
    let exe = program("planted", &newer, &["-DPLANTED"]);
    assert_eq!(succeeds(&exe, &arguments), "refused\n");
}
