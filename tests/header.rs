//! `include/refrain.h` must be what cbindgen makes of `src/capi`.
//!
//! `REFRAIN_UPDATE=1 cargo test --features capi --test header` rewrites it.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The core's enums, whose numbers C shares.
const CORE: [&str; 22] = [
    "policy/budget.rs",
    "policy/gauge.rs",
    "policy/guards.rs",
    "policy/methods/mod.rs",
    "policy/mod.rs",
    "policy/peers/mod.rs",
    "policy/place.rs",
    "policy/schedule.rs",
    "policy/site.rs",
    "policy/split.rs",
    "policy/verify.rs",
    "predict/mod.rs",
    "scheduler/decision.rs",
    "scheduler/mod.rs",
    "signal.rs",
    "kernels/anchors.rs",
    "kernels/kernel.rs",
    "kernels/export/mod.rs",
    "dit/config.rs",
    "run/device.rs",
    "run/log.rs",
    "sampler/mod.rs",
];

/// The files of the C functions, in the order of the header. Files of a module behind it follow by
/// themselves.
const FILES: [&str; 16] = [
    "status",
    "library",
    "names",
    "policy/parts",
    "policy/mod",
    "scheduler/mod",
    "predictor",
    "cpu",
    "kernels/mod",
    "model",
    "engine",
    "sampling/mod",
    "forward",
    "sampler",
    "program/mod",
    "allocator",
];

/// What the core's comments have beyond ASCII.
const SPELLED: [(char, &str); 15] = [
    ('≤', "<="),
    ('−', "-"),
    ('·', "*"),
    ('‖', "||"),
    ('–', "-"),
    ('√', "sqrt "),
    ('²', "^2"),
    ('⌊', "floor("),
    ('⌋', ")"),
    ('½', "1/2"),
    ('…', "..."),
    ('γ', "g"),
    ('λ', "lambda"),
    ('Δ', "Delta"),
    ('Π', "product of"),
];

/// What a static library needs on Linux; `tests/capi.rs` compares it with the compiler's own list.
const LIBRARIES: &str = include_str!("c/libraries.txt");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn preamble(program: &str) -> String {
    let text = fs::read_to_string(root().join("include/preamble.txt")).unwrap();
    let program: String = program
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    let text = text
        .replace("@PROGRAM@", program.trim_end())
        .replace("@LIBRARIES@", LIBRARIES.trim());
    let lines = text
        .lines()
        .map(|line| format!(" * {line}").trim_end().to_owned() + "\n");
    format!("/*\n{} */", lines.collect::<String>())
}

fn macros() -> String {
    let part = |name, value| format!("#define REFRAIN_VERSION_{name} {value}\n");
    let version = [
        part("MAJOR", env!("CARGO_PKG_VERSION_MAJOR")),
        part("MINOR", env!("CARGO_PKG_VERSION_MINOR")),
        part("PATCH", env!("CARGO_PKG_VERSION_PATCH")),
    ]
    .concat();
    format!(
        "\n{version}{}",
        include_str!("../include/macros.txt").trim_end()
    )
}

fn generate(files: &[PathBuf]) -> String {
    let mut config = cbindgen::Config::from_file(root().join("include/cbindgen.toml")).unwrap();
    let program = fs::read_to_string(root().join("tests/c/readme.c")).unwrap();
    assert!(!program.contains("*/"), "the preamble would end with it");
    config.header = Some(preamble(&program));
    config.after_includes = Some(macros());
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in files {
        builder = builder.with_src(file);
    }
    let mut out = Vec::new();
    builder.generate().unwrap().write(&mut out);
    tidy(&String::from_utf8(out).unwrap())
}

/// What the functions from the named one on are about.
const SECTIONS: [(&str, &str); 13] = [
    ("refrain_status_name", "The library"),
    ("refrain_policy_default", "Policies"),
    ("refrain_scheduler_size", "Schedulers"),
    ("refrain_predictor_weights", "Predictors"),
    (
        "refrain_cpu_change",
        "Measurements, running sums and the blend on buffers of the CPU",
    ),
    (
        "refrain_kernel_count",
        "Kernels; only with the feature kernels",
    ),
    (
        "refrain_model_open",
        "Models; only with the feature cpu or gpu",
    ),
    (
        "refrain_engine_create",
        "Engines; only with the feature cpu or gpu",
    ),
    (
        "refrain_sampling_create",
        "Runs; only with the feature cpu or gpu",
    ),
    (
        "refrain_forward_create",
        "Single evaluations; only with the feature cpu or gpu",
    ),
    (
        "refrain_sampler_steps",
        "Samplers; only with the feature cpu or gpu",
    ),
    (
        "refrain_allocator_set",
        "The heap; only with the feature allocator",
    ),
    (
        "refrain_program_create",
        "Programs, for a device of the host's; only with the feature cpu or gpu",
    ),
];

/// Headings between the functions of one object and the next.
fn sectioned(header: &str) -> String {
    let mut header = header.to_owned();
    for (function, title) in SECTIONS {
        let code = header.find("#define REFRAIN_H").unwrap();
        let place = code + header[code..].find(&format!("{function}(")).unwrap();
        let comment = header[..place].rfind("/**").unwrap();
        let rule = "-".repeat(100 - 8 - title.len());
        header.insert_str(comment, &format!("/* -- {title} {rule} */\n\n"));
    }
    header
}

/// Comments of one line on one line, and none that end in an empty line.
fn tidy(header: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in sectioned(header).lines() {
        let mut ascii = line.to_owned();
        for (letter, plain) in SPELLED {
            ascii = ascii.replace(letter, plain);
        }
        lines.push(ascii.trim_end().to_owned());
        if line.trim() != "*/" {
            continue;
        }
        while let [.., blank, _] = &lines[..]
            && blank.trim() == "*"
        {
            lines.remove(lines.len() - 2);
        }
        if let [.., open, text, _] = &lines[..]
            && open.trim() == "/**"
            && let Some(text) = text.trim().strip_prefix("* ")
            && open.len() + text.len() + 4 <= 100
        {
            let joined = format!("{open} {text} */");
            lines.truncate(lines.len() - 3);
            lines.push(joined);
        }
    }
    lines.join("\n") + "\n"
}

fn sources() -> Vec<PathBuf> {
    let src = root().join("src");
    let core = CORE.iter().map(|file| src.join(file));
    let capi = FILES
        .iter()
        .map(|file| src.join("capi").join(file).with_extension("rs"));
    core.chain(capi).collect()
}

#[test]
fn is_current() {
    let new = generate(&sources());
    let path = root().join("include/refrain.h");
    if env::var_os("REFRAIN_UPDATE").is_some() {
        fs::write(&path, new).unwrap();
        return;
    }
    let old = fs::read_to_string(&path).unwrap_or_default();
    let line = old
        .lines()
        .zip(new.lines())
        .position(|(old, new)| old != new);
    assert!(
        old == new,
        "include/refrain.h is stale from line {}; run: REFRAIN_UPDATE=1 cargo test --features capi --test header",
        line.map_or(old.lines().count().min(new.lines().count()), |i| i) + 1,
    );
}

/// Functions that a header declares more than once.
fn repeated(header: &str) -> Vec<&str> {
    let mut names: Vec<&str> = ["\nREFRAIN_API", "\nREFRAIN_EXPERIMENTAL"]
        .iter()
        .flat_map(|marker| header.split(marker).skip(1))
        .filter_map(|declared| {
            declared
                .split('(')
                .next()?
                .split([' ', '\n', '*'])
                .next_back()
        })
        .collect();
    assert!(names.len() > 100, "{names:?}");
    names.sort_unstable();
    let pairs = names.windows(2).filter(|pair| pair[0] == pair[1]);
    pairs.map(|pair| pair[0]).collect()
}

#[test]
fn declares_every_function_once() {
    let mut files = sources();
    assert_eq!(repeated(&generate(&files)), Vec::<&str>::new());
    files.push(root().join("src/capi/policy/table.rs"));
    let planted = generate(&files);
    assert_eq!(
        repeated(&planted),
        ["refrain_policy_apply_table", "refrain_table_field"]
    );
}

/// Everything a program sees has the library's name in front, no Rust shows through, and it is ASCII.
#[test]
fn has_only_names_of_its_own() {
    let header = generate(&sources());
    assert_eq!(foreign(&header), Vec::<String>::new());

    for (own, planted) in [
        ("REFRAIN_MAX_CURVE", "MAX_CURVE"),
        ("enum refrain_axis", "enum Axis"),
        ("} refrain_event;", "} Event;"),
        ("/** Zero. */", "/** See [`Policy`]. */"),
        ("Zero", "Ζero"),
    ] {
        let header = header.replacen(own, planted, 1);
        assert_ne!(foreign(&header), Vec::<String>::new(), "{planted}");
    }
}

fn foreign(header: &str) -> Vec<String> {
    let code = header.split_once("#define REFRAIN_H").unwrap().1;
    let mut found: Vec<String> = Vec::new();
    for line in code.lines().map(str::trim) {
        let comment = line.starts_with('*') || line.starts_with('/');
        if !line.is_ascii() || comment && line.contains("[`") {
            found.push(line.to_owned());
        }
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        let name = match words.next() {
            Some("define") => words.next(),
            _ if line.starts_with("#define") => line.split([' ', '(']).nth(1),
            Some("enum") => words.next(),
            // A function's type has its name before its parameters.
            Some("typedef") if line.contains("(*") => line
                .split("(*")
                .nth(1)
                .and_then(|rest| rest.split(')').next()),
            Some("typedef") => words.rfind(|word| !word.is_empty()),
            _ if line.starts_with('}') && line.ends_with(';') => {
                words.rfind(|word| !word.is_empty())
            }
            _ => None,
        };
        let own = |name: &str| name.is_empty() || name.to_lowercase().starts_with("refrain");
        found.extend(name.filter(|name| !own(name)).map(str::to_owned));
    }
    found
}
