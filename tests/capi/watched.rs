//! The programs with every access to memory watched.

use std::path::Path;

use crate::build::{C, compilers, folder, library, link, program, run, stderr, wanted, watched};
use crate::{HEADS, emoji, small_model};

/// The programs and what they are called with; those under valgrind, which is slow, do less.
fn programs(orders: &'static str) -> Vec<(&'static str, Vec<String>)> {
    let (model, emoji) = (small_model(), emoji());
    let model = || vec![model.display().to_string(), HEADS.to_owned()];
    let out = folder().join("watched.ppm").display().to_string();
    let few = ["interval:interval=2,last=0", "2", "1", "1", "2"];
    let picture = [emoji.display().to_string(), out];
    vec![
        ("readme", vec![]),
        ("drive_scheduler", vec![]),
        ("errors", vec![]),
        ("errors_cpu", vec![]),
        ("errors_peers", vec![]),
        ("peers", vec![]),
        ("errors_run", model()),
        ("errors_program", model()),
        ("errors_objects", model()),
        ("orders", vec![orders.to_owned()]),
        ("listen", model()),
        ("heap", model()),
        ("sizes", model()),
        (
            "generate",
            picture.into_iter().chain(few.map(str::to_owned)).collect(),
        ),
    ]
}

/// The program that is careless on purpose, by what it does wrong.
fn careless(faults: [&str; 2]) -> [Vec<String>; 2] {
    let model = small_model().display().to_string();
    faults.map(|fault| vec![fault.to_owned(), model.clone(), HEADS.to_owned()])
}

/// `REFRAIN_VALGRIND=required` makes its absence a failure, `none` leaves it out.
#[test]
fn valgrind_finds_nothing() {
    if !wanted("REFRAIN_VALGRIND", "valgrind") {
        return;
    }
    for (name, arguments) in programs("2") {
        let out = watched(&program(name), &arguments);
        assert!(out.status.success(), "{name}: {}", stderr(&out));
    }
    for arguments in careless(["leak", "overrun"]) {
        let out = watched(&program("careless"), &arguments);
        assert_eq!(
            out.status.code(),
            Some(99),
            "{arguments:?}: {}",
            stderr(&out)
        );
    }
}

/// The sanitizers of both compilers: memory, leaks and what C leaves undefined.
#[test]
fn sanitizers_find_nothing() {
    for (cc, _) in compilers() {
        let build = |name: &str| {
            let source = format!("c/{name}.c");
            let checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
            let flags = [&C[..], &checks].concat();
            let exe = format!("{name}-sanitized-{cc}");
            link(library(), cc, &flags, &[Path::new(&source)], &exe)
        };
        for (name, arguments) in programs("3") {
            let out = run(&build(name), &arguments);
            assert!(out.status.success(), "{cc} {name}: {}", stderr(&out));
        }
        // What the library reads is not seen: it is not compiled with them.
        for arguments in careless(["leak", "beyond"]) {
            let out = run(&build("careless"), &arguments);
            let said = stderr(&out);
            assert!(
                !out.status.success() && said.contains("Sanitizer"),
                "{cc} {arguments:?}: {said}"
            );
        }
    }
}
