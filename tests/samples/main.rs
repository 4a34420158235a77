//! The samples of `bindings/samples`: built by gcc and clang as a user would, and run, watched by
//! valgrind and by the sanitizers. Faults are planted in copies of them, and must be noticed.

extern crate alloc;

#[path = "../capi/build.rs"]
#[expect(dead_code, reason = "the tests of the C functions use the rest")]
mod build;

use core::sync::atomic::{AtomicU32, Ordering};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use build::{
    C, Library, compilers, decide_layer, folder, link, root, run, stderr, stdout, succeeds, wanted,
    watched,
};
use refrain::{Begin, Call, Lane, Outcome, Policy, Scheduler, Timeline};

const NONE: [&str; 0] = [];
/// What stops a program at the first thing the sanitizers find.
const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// The samples need no more of the library than this.
fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(decide_layer)
}

fn source(name: &str) -> PathBuf {
    root().join("bindings/samples").join(name)
}

/// A sample with one thing changed.
fn changed(name: &str, from: &str, to: &str) -> PathBuf {
    let text = fs::read_to_string(source(name)).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{name}: {from}");
    static CHANGED: AtomicU32 = AtomicU32::new(0);
    let number = CHANGED.fetch_add(1, Ordering::Relaxed);
    let path = folder().join(format!("changed-{number}-{name}"));
    fs::write(&path, text.replace(from, to)).unwrap();
    path
}

fn built(compiler: &str, flags: &[&str], source: &Path, name: &str) -> PathBuf {
    let flags = [&C[..], flags].concat();
    let name = format!("sample-{compiler}-{name}");
    link(library(), compiler, &flags, &[source], &name)
}

/// A policy of `decide_only`, what it computed, and how far it and the plain sampler at the same cost
/// are from the full run.
struct Ran {
    policy: String,
    trace: String,
    error: f64,
    same_cost: f64,
}

fn ran(printed: &str) -> Vec<Ran> {
    let lines: Vec<&str> = printed.lines().collect();
    let read = |part: &[&str]| {
        let [policy, trace, rest] = part else {
            panic!("{printed}")
        };
        let words: Vec<&str> = rest.split([' ', ',']).filter(|w| !w.is_empty()).collect();
        let computed = trace.matches('C').count().to_string();
        assert_eq!([words[0], words[8]], [&computed, &computed], "{rest}");
        Ran {
            policy: (*policy).to_owned(),
            trace: (*trace).to_owned(),
            error: words[6].parse().unwrap(),
            same_cost: words[11].parse().unwrap(),
        }
    };
    lines.chunks(3).map(read).collect()
}

/// What the scheduler decides if nothing is measured.
fn expected(policy: &str) -> String {
    let policy = Policy::parse(policy).unwrap();
    let mut scheduler = Scheduler::new(&policy, Timeline::new(40), [Lane::NEW; 1]).unwrap();
    let mut trace = String::new();
    for step in 0..40 {
        let Begin::Decided(pending) = scheduler.begin(Call::new(step)).unwrap() else {
            panic!("it measures")
        };
        trace.push(pending.decision().action.letter());
        scheduler.commit(pending, Outcome::Done).unwrap();
    }
    trace
}

/// What is wrong with what `decide_only` prints.
fn decide_only_faults(printed: &str) -> Vec<String> {
    let ran = ran(printed);
    assert_eq!(ran.len(), 3, "{printed}");
    let mut faults = Vec::new();
    for Ran {
        policy,
        trace,
        error,
        same_cost,
    } in ran
    {
        let measured = policy.starts_with("teacache");
        let computed = trace.matches('C').count();
        if trace.len() != 40 || !(4..20).contains(&computed) {
            faults.push(format!("{policy}: {trace}"));
        }
        if !measured && trace != expected(&policy) {
            faults.push(format!("{policy}: {trace}, not {}", expected(&policy)));
        }
        // Of the three, the fit over the whole past is no better than fewer steps on this network.
        let most = if policy.starts_with("spectrum") {
            2.0
        } else {
            1.0
        };
        if error > most * same_cost {
            faults.push(format!("{policy}: error {error}, plain {same_cost}"));
        }
    }
    faults
}

#[test]
fn an_engine_with_kernels_of_its_own() {
    let name = "decide_only.c";
    for (compiler, _) in compilers() {
        let exe = built(compiler, &["-O2"], &source(name), "decide_only");
        let printed = succeeds(&exe, &NONE);
        assert_eq!(decide_only_faults(&printed), NONE, "{printed}");
        let full = ran(&succeeds(&exe, &["full"])).remove(0);
        assert_eq!((full.error, full.trace), (0.0, "C".repeat(40)));
        for (policy, why) in [
            ("teacache:treshold=1", "treshold"),
            ("easycache", "this engine cannot do that"),
            ("mask:1101", "40"),
        ] {
            let out = run(&exe, &[policy]);
            assert_eq!(out.status.code(), Some(1), "{policy}");
            assert!(stderr(&out).contains(why), "{}", stderr(&out));
        }
    }
    for (from, to) in [
        ("hidden[i] = base[i] + feature[i]", "hidden[i] = feature[i]"),
        ("c->slots[todo.slot], feature", "c->slots[0], feature"),
        (
            "refrain_cpu_change(todo.metric, past, hidden, VALUES, &measured[0]);",
            "measured[0] = NAN * past[0];",
        ),
    ] {
        let exe = built("cc", &[], &changed(name, from, to), "decide_only-planted");
        let printed = succeeds(&exe, &NONE);
        assert_ne!(decide_only_faults(&printed), NONE, "{to}: {printed}");
    }
}

#[test]
fn a_game_that_is_rolled_back() {
    let name = "rollback.c";
    for (compiler, _) in compilers() {
        let exe = built(compiler, &["-O2"], &source(name), "rollback");
        let printed = succeeds(&exe, &NONE);
        assert_eq!(printed.lines().count(), 5, "{printed}");
        for (line, end) in printed
            .lines()
            .zip(["", "the same", "differs", "", "the same"])
        {
            assert!(line.ends_with(end), "{printed}");
            assert!(line.contains('C') && line.contains('p'), "{printed}");
        }
    }
    for (from, to, code) in [
        (
            "TRY(refrain_scheduler_restore(",
            "(void)sizeof(refrain_scheduler_restore(",
            1,
        ),
        (
            "g->now = from->all;",
            "g->now.rival_x = from->all.rival_x;",
            2,
        ),
        ("memset(right + LATE, 'R', 12);", "", 3),
        (
            "save(g, tick);",
            "save(g, tick); if (tick >= ARRIVED) { static int n; g->now.rival_x += 1e-3f * (float)n++; }",
            4,
        ),
    ] {
        let exe = built("cc", &[], &changed(name, from, to), "rollback-planted");
        let out = run(&exe, &NONE);
        assert_eq!(out.status.code(), Some(code), "{to}: {}", stdout(&out));
    }
}

/// Faults that a watched program must stop at: an overrun, a leak, and arithmetic without a meaning.
const PLANTS: [(&str, &str, &str); 3] = [
    (
        "decide_only.c",
        "malloc(VALUES * sizeof(float))",
        "malloc(VALUES * sizeof(float) - 4)",
    ),
    (
        "decide_only.c",
        "free(c->scheduler);",
        "c->scheduler = NULL;",
    ),
    (
        "rollback.c",
        "(float)(i * k % 29)",
        "(float)((i + 2000000000) * k % 29)",
    ),
];

#[test]
fn valgrind_finds_nothing() {
    if !wanted("REFRAIN_VALGRIND", "valgrind") {
        return;
    }
    for name in ["decide_only", "rollback"] {
        let file = source(&format!("{name}.c"));
        let out = watched(&built("cc", &[], &file, &format!("{name}-watched")), &NONE);
        assert!(out.status.success(), "{name}: {}", stderr(&out));
    }
    for (name, from, to) in &PLANTS[..2] {
        let exe = built("cc", &[], &changed(name, from, to), "watched-planted");
        assert_eq!(watched(&exe, &NONE).status.code(), Some(99), "{to}");
    }
}

#[test]
fn sanitizers_find_nothing() {
    for (compiler, _) in compilers() {
        for name in ["decide_only", "rollback"] {
            let file = source(&format!("{name}.c"));
            let exe = built(compiler, &SANITIZERS, &file, &format!("{name}-sanitized"));
            succeeds(&exe, &NONE);
        }
        for (name, from, to) in PLANTS {
            let file = changed(name, from, to);
            let exe = built(compiler, &SANITIZERS, &file, "sanitized-planted");
            let out = run(&exe, &NONE);
            assert!(!out.status.success(), "{compiler}: {to}");
            let said = stderr(&out);
            let found = said.contains("Sanitizer") || said.contains("runtime error");
            assert!(found, "{compiler}: {to}: {said}");
        }
    }
}
