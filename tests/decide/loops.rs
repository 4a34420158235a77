//! The crate against the official loops, on random signals.

use proptest::prelude::*;
use refrain::{Policy, Timeline};

use crate::host;
use crate::oracle::{Input, official};
use crate::random;

fn inputs(signals: &[f64], rates: &[f64]) -> Vec<Input> {
    signals
        .iter()
        .enumerate()
        .map(|(step, signal)| Input {
            signals: vec![*signal],
            rates: rates.get(step).copied().into_iter().collect(),
            ..Input::at(step as u32)
        })
        .collect()
}

/// Which calls the crate computes.
fn computed(text: &str, signals: &[f64], rates: &[f64]) -> Vec<bool> {
    let policy = Policy::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut scheduler = host::scheduler(&policy, Timeline::new(signals.len() as u32), 1);
    host::drive(&mut scheduler, &inputs(signals, rates), |_| {})
        .iter()
        .map(|verdict| verdict.action == 'C')
        .collect()
}

fn list(values: &[f64]) -> String {
    values
        .iter()
        .map(f64::to_string)
        .collect::<Vec<_>>()
        .join("/")
}

fn signals() -> impl Strategy<Value = Vec<f64>> {
    // Quarters now and then, so that sums meet thresholds exactly.
    let one = prop_oneof![0.0..0.3, (0_u8..4).prop_map(|v| f64::from(v) / 16.0)];
    prop::collection::vec(one, 2..60)
}

proptest! {
    #![proptest_config(random::cases(500))]

    #[test]
    fn teacache_is_the_official_loop(
        signals in signals(),
        threshold in prop_oneof![0.0..1.0, Just(0.25), Just(0.5)],
        polynomial in prop::collection::vec(-4.0..4.0, 1..=5),
    ) {
        let text = format!("teacache:threshold={threshold},coefficients={}", list(&polynomial));
        prop_assert_eq!(computed(&text, &signals, &[]), official::teacache(&signals, threshold, &polynomial));
        let text = format!("teacache:threshold={threshold}");
        prop_assert_eq!(computed(&text, &signals, &[]), official::teacache(&signals, threshold, &[1.0, 0.0]));
    }

    #[test]
    fn fbcache_is_the_official_loop(signals in signals(), threshold in prop_oneof![0.0..0.3, Just(0.125)], warmup in 0_usize..9) {
        let text = format!("fbcache:threshold={threshold},warmup={warmup},last=0");
        prop_assert_eq!(computed(&text, &signals, &[]), official::fbcache(&signals, threshold, warmup));
    }

    #[test]
    fn easycache_is_the_official_loop(
        steps in prop::collection::vec((0.0..0.5, 0.0..2.0), 2..60),
        threshold in 0.0..1.0,
        warmup in 0_usize..12,
    ) {
        let (signals, mut rates): (Vec<f64>, Vec<f64>) = steps.into_iter().unzip();
        // The first computed call has none before it to compare with.
        rates[0] = f64::NAN;
        let text = format!("easycache:threshold={threshold},warmup={warmup}");
        prop_assert_eq!(computed(&text, &signals, &rates), official::easycache(&signals, &rates, threshold, warmup));
    }

    #[test]
    fn magcache_is_the_official_loop(
        curve in prop::collection::vec(prop_oneof![0.8..1.25, Just(1.0), Just(1.25)], 2..60),
        e in prop_oneof![0.0..0.5, Just(0.25)],
        k in 1_u32..7,
        r in 0.1..1.0,
    ) {
        let text = format!("magcache:curve={},threshold={e},max_run={k},retention={r},warmup=1,last=0", list(&curve));
        // The official code skips a step 0 it has nothing for where the retention rounds to none.
        prop_assume!(r * curve.len() as f64 >= 0.5);
        prop_assert_eq!(computed(&text, &vec![0.0; curve.len()], &[]), official::magcache(&curve, e, k, r));
    }

    #[test]
    fn intervals_are_the_official_loop(calls in 2_usize..80, n in 1_usize..12, enhance in 1_usize..9) {
        for family in ["interval", "taylorseer"] {
            let text = format!("{family}:interval={n},warmup={enhance},last=0");
            prop_assert_eq!(computed(&text, &vec![0.0; calls], &[]), official::interval(calls, n, enhance));
        }
    }

    #[test]
    fn masks_are_followed(mask in prop::collection::vec(any::<bool>(), 1..200)) {
        let text: String = mask.iter().map(|bit| if *bit { '1' } else { '0' }).collect();
        let text = format!("mask:{text},last=0");
        prop_assert_eq!(computed(&text, &vec![0.0; mask.len()], &[]), official::mask(&mask));
    }
}

/// The comparison would notice another rule: the same loops with one number changed.
#[test]
fn another_rule_is_told_apart() {
    let signals: Vec<f64> = (0..40).map(|i| 0.0625 * f64::from(i % 4)).collect();
    let curve: Vec<f64> = signals.iter().map(|v| 1.0 + v).collect();
    let tea = computed("teacache:threshold=0.1875", &signals, &[]);
    assert_eq!(tea, official::teacache(&signals, 0.1875, &[1.0, 0.0]));
    assert_ne!(tea, official::teacache(&signals, 0.187_501, &[1.0, 0.0]));
    let fb = computed("fbcache:threshold=0.125,last=0", &signals, &[]);
    assert_ne!(fb, official::fbcache(&signals, 0.125_001, 1));
    let easy = computed("easycache:threshold=0.125,warmup=2", &signals, &[0.5; 40]);
    assert_eq!(easy, official::easycache(&signals, &[0.5; 40], 0.125, 2));
    assert_ne!(easy, official::easycache(&signals, &[0.5; 40], 0.125, 3));
    let mag = format!("magcache:curve={},threshold=0.25,last=0", list(&curve));
    let mag = computed(&mag, &signals, &[]);
    assert_eq!(mag, official::magcache(&curve, 0.25, 3, 0.2));
    assert_ne!(mag, official::magcache(&curve, 0.25, 3, 0.25));
    assert_ne!(official::interval(40, 4, 3), official::interval(40, 4, 2));
}
