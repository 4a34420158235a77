//! What each family decides on made-up signals, as tables for a reader, and one hash over it all.

use core::fmt::Write;

use refrain::Policy;
use refrain::policy::GaugeKind;
use refrain::text::Named;

#[path = "../nostd/scenario.rs"]
mod scenario;

use scenario::{DECISIONS_HASH, Hash, SETTINGS, SIGNALS, TIMELINES};

/// One line a run: the trace of its first lane, or of both together.
fn table(texts: &[&str]) -> String {
    let mut table = String::new();
    for text in texts {
        let policy = Policy::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        writeln!(table, "{text}").expect("a string");
        // What is not measured is the same under every signal.
        let measured = policy.gauge.kind == GaugeKind::Signal;
        for (name, kind) in SIGNALS.into_iter().take(if measured { 4 } else { 1 }) {
            let name = if measured { name } else { "unmeasured" };
            for timeline in TIMELINES {
                let (mut events, mut hash) = (Vec::new(), Hash::NEW);
                scenario::run(&policy, timeline, kind, &mut |decision, event| {
                    hash.decision(decision, event);
                    events.extend((event.lane == 0).then_some(*event));
                })
                .expect("calls are in order");
                if events.is_empty() {
                    continue;
                }
                let trace: String = events.iter().map(|event| event.action.letter()).collect();
                let longest = trace.split('C').map(str::len).max().unwrap_or(0);
                let reasons = refrain::Reason::ALL.iter().filter_map(|reason| {
                    let count = events
                        .iter()
                        .filter(|event| event.reason == *reason)
                        .count();
                    (count > 0).then(|| format!("{reason} {count}"))
                });
                writeln!(
                    table,
                    "  {name:11} {:2}x{}  {trace}  {:2}/{} run {longest:2}  {:016x}  {}",
                    timeline.0,
                    timeline.1,
                    trace.matches('C').count(),
                    trace.len(),
                    hash.0,
                    reasons.collect::<Vec<_>>().join(", ")
                )
                .expect("a string");
            }
        }
    }
    table
}

#[test]
fn every_family_decides_as_recorded() {
    for (family, texts) in SETTINGS {
        insta::assert_snapshot!(family, table(texts));
    }
}

#[test]
fn all_decisions_together_hash_to_the_constant() {
    let found = scenario::decisions_hash();
    assert_eq!(
        found, DECISIONS_HASH,
        "{found:#018x}: if decisions were meant to change, set DECISIONS_HASH to it"
    );
}

#[test]
fn every_setting_runs_and_every_family_is_there() {
    let mut families: Vec<_> = SETTINGS.iter().map(|(family, _)| *family).collect();
    families.sort_unstable();
    let mut all: Vec<_> = refrain::policy::Method::ALL
        .iter()
        .map(|f| f.name())
        .collect();
    all.sort_unstable();
    assert_eq!(families, all);
    for text in SETTINGS.iter().flat_map(|(_, texts)| *texts) {
        let mut calls = 0;
        let policy = Policy::parse(text).expect("valid");
        for timeline in TIMELINES {
            let kind = SIGNALS[0].1;
            scenario::run(&policy, timeline, kind, &mut |_, _| calls += 1).expect("in order");
        }
        assert!(calls >= 14, "{text} never ran");
    }
}

#[test]
fn the_hash_notices_one_bit() {
    let policy = Policy::parse("teacache:threshold=0.3").expect("valid");
    let hash = |flip: f64| {
        let mut hash = Hash::NEW;
        scenario::run(
            &policy,
            TIMELINES[0],
            SIGNALS[0].1,
            &mut |decision, event| {
                let mut event = *event;
                if event.call == 9 && event.lane == 1 {
                    event.spent += flip;
                }
                hash.decision(decision, &event);
            },
        )
        .expect("calls are in order");
        hash.0
    };
    assert_eq!(hash(0.0), hash(0.0));
    assert_ne!(hash(0.0), hash(1e-15));
}
