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

/// Which calls the crate computes of these.
fn run(text: &str, inputs: &[Input]) -> Vec<bool> {
    let policy = Policy::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut scheduler = host::scheduler(&policy, Timeline::new(inputs.len() as u32), 1);
    let verdicts = host::drive(&mut scheduler, inputs, |_| {});
    verdicts
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
    fn static_schedules_are_the_official_loops(steps in 2_usize..80, n in 1_usize..12, gate in 2_usize..12, warm_up in 0_usize..4) {
        let none = vec![0.0; steps];
        prop_assert_eq!(computed(&format!("fora:interval={n},last=0"), &none, &[]), official::fora(steps, n));
        prop_assert_eq!(computed(&format!("deepcache:interval={n},last=0"), &none, &[]), official::deepcache(steps, n));
        let [cross, own] = official::tgate(steps, gate, n, warm_up);
        prop_assert_eq!(computed(&format!("tgatecross:warmup={gate},last=0"), &none, &[]), cross);
        let text = format!("tgate:interval={n},warmup={},end={},last=0", warm_up + 1, gate - 1);
        prop_assert_eq!(computed(&text, &none, &[]), own);
    }

    #[test]
    fn pab_is_the_official_loop(steps in 2_u32..60, n in 1_usize..9, start in 0_u32..500, end in 500_u32..1000) {
        let timesteps: Vec<f64> = (0..steps).map(|i| f64::from(1000 - i * (1000 / steps))).collect();
        let inputs: Vec<_> = (0..steps).zip(&timesteps).map(|(step, time)| Input { time: *time, ..Input::at(step) }).collect();
        let text = format!("pab:interval={n},start={start},end={end},last=0");
        prop_assert_eq!(run(&text, &inputs), official::pab(&timesteps, n, (start.into(), end.into())));
    }

    #[test]
    fn adacache_is_the_official_loop(metrics in prop::collection::vec(prop_oneof![0.0..2.0, Just(0.25)], 4..60)) {
        let book = [(0.08, 6), (0.16, 5), (0.25, 4), (0.32, 3), (0.4, 2), (1.0, 1)];
        let mut rates = metrics.clone();
        rates[0] = f64::NAN;
        let text = "adacache:codebook=0.08/6/0.16/5/0.25/4/0.32/3/0.4/2/1/1";
        prop_assert_eq!(computed(text, &vec![0.0; rates.len()], &rates), official::adacache(&metrics, &book));
    }

    #[test]
    fn dbcache_is_the_official_loop(
        diffs in prop::collection::vec(prop_oneof![0.0..0.3, Just(0.125)], 2..60),
        warmup in 1_usize..9,
        max_cached in 1_i64..20,
        max_continuous in 1_i64..6,
        most in prop_oneof![0.5..3.0, Just(100.0)],
    ) {
        let text = format!(
            "dbcache:threshold=0.125,warmup={warmup},max_total={max_cached},max_run={max_continuous},\
             run_count=cache-dit,max_spent={most},last=0"
        );
        let official = official::dbcache(&diffs, 0.125, warmup, max_cached, max_continuous, Some(most));
        prop_assert_eq!(computed(&text, &diffs, &[]), official);
    }

    #[test]
    fn late_values_are_the_published_loops(
        values in prop::collection::vec(prop_oneof![0.001..0.4, Just(0.125)], 8..60),
        interval in 1_usize..6,
        warmup in 1_usize..7,
        gamma in 0.1..2.0,
    ) {
        let none = vec![0.0; values.len()];
        let text = format!("foresight:retention=0,warmup={warmup},threshold={gamma},interval={interval},last=0");
        prop_assert_eq!(computed(&text, &none, &values), official::foresight(&values, warmup, gamma, interval));
        let text = format!("bwcache:threshold=0.125,interval={},last=0", interval + 1);
        prop_assert_eq!(computed(&text, &none, &values), official::bwcache(&values, 0.125, interval));
    }

    #[test]
    fn ucache_is_the_official_loop(steps in prop::collection::vec((0.01..0.5, 0.1..2.0), 8..60), threshold in 0.1..2.0, decay in 0.0..1.0, reset: bool) {
        let (changes, rates): (Vec<f64>, Vec<f64>) = steps.into_iter().unzip();
        let text = format!("ucache:threshold={threshold},decay={decay},reset={},last=0", u8::from(reset));
        let official = official::ucache(&changes, &rates, threshold, decay, reset, (0.15, 0.95));
        prop_assert_eq!(computed(&text, &changes, &rates), official);
    }

    #[test]
    fn dicache_is_the_official_loop(changes in prop::collection::vec(0.0..0.4, 4..60), threshold in 0.05..1.0, ret in 0.1..0.5) {
        let inputs: Vec<_> = inputs(&changes, &[]).into_iter().map(|input| Input { factors: vec![1.25], ..input }).collect();
        let text = format!("dicache:threshold={threshold},retention={ret},warmup=2");
        prop_assert_eq!(run(&text, &inputs), official::dicache(&changes, threshold, ret));
    }

    #[test]
    fn sencache_is_the_official_loop(calls in prop::collection::vec((0.01..0.5, 0.0..0.01, 0.0..0.5, 0.5..30.0), 4..60), k in 1_usize..6) {
        let n = calls.len();
        let pick = |f: fn(&(f64, f64, f64, f64)) -> f64| calls.iter().map(f).collect::<Vec<f64>>();
        let (jx, jt, distances, gaps) = (pick(|c| c.0), pick(|c| c.1), pick(|c| c.2), pick(|c| c.3));
        let times: Vec<f64> = gaps.iter().scan(1000.0, |t, gap| { *t -= gap; Some(*t) }).collect();
        let inputs: Vec<_> = inputs(&distances, &[]).into_iter().zip(&times).map(|(input, time)| Input { time: *time, ..input }).collect();
        let text = format!("sencache:curve={}/{},early_factor=0.5,max_run={k},last=0", list(&jx), list(&jt));
        prop_assert_eq!(run(&text, &inputs), official::sencache((&jx, &jt), &distances, &times, (0.035, 0.07), k), "{}", n);
    }

    #[test]
    fn speca_is_the_official_loop(errors in prop::collection::vec(0.0..0.2, 4..60), min in 1_usize..4, max in 2_usize..8, first in 0_usize..6) {
        let n = errors.len();
        let thresholds: Vec<f64> = (0..n).map(|i| f64::max(0.1 * 0.01_f64.powf(i as f64 / n as f64), 0.01)).collect();
        let inputs: Vec<_> = (0..n).map(|step| Input { error: errors[step], ..Input::at(step as u32) }).collect();
        let text = format!("speca:enhance={first},max_run={max},verify_from={},last=0", min + 1);
        prop_assert_eq!(run(&text, &inputs), official::speca(&errors, &thresholds, first, min, max));
    }

    #[test]
    fn spectrum_is_the_official_loop(steps in 2_usize..80, warmup in 1_usize..9, window in 1_u32..5, alpha in 0.0..4.0) {
        let text = format!("spectrum:interval={window},growth={alpha},warmup={warmup},last=0");
        prop_assert_eq!(computed(&text, &vec![0.0; steps], &[]), official::spectrum(steps, warmup, window.into(), alpha));
    }

    #[test]
    fn magcache_of_flux_and_framepack(curve in prop::collection::vec(prop_oneof![0.8..1.25, Just(1.0)], 13..60), e in 0.01..0.5, k in 1_u32..7, most in 0.02..0.3) {
        let n = curve.len();
        let flux = format!("magcache:curve={},threshold={e},max_run={k},retention=0.2,warmup=0,last=0,protect=11", list(&curve));
        let up = (0.2 * n as f64 + 0.5) as usize;
        prop_assert_eq!(computed(&flux, &vec![0.0; n], &[]), official::magcache_of_models(&curve, (e, k, up), Some(11), 9.0));
        let pack = format!("magcache:curve={},threshold={e},max_run={k},retention=0.2,rounding=down,last=0,max_cost={most}", list(&curve));
        let down = (0.2 * n as f64) as usize;
        prop_assert_eq!(computed(&pack, &vec![0.0; n], &[]), official::magcache_of_models(&curve, (e, k, down), None, most));
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
    let none = [0.0; 40];
    assert_ne!(
        computed("fora:interval=4,last=0", &none, &[]),
        official::deepcache(40, 4)
    );
    assert_ne!(
        computed("tgatecross:last=0", &none, &[]),
        official::tgate(40, 11, 5, 2)[0]
    );
    let late = computed("bwcache:threshold=0.125,last=0", &none, &signals);
    assert_eq!(late, official::bwcache(&signals, 0.125, 5));
    assert_ne!(late, official::bwcache(&signals, 0.126, 5));
    let text = "dbcache:threshold=0.125,warmup=1,max_run=1,last=0";
    assert_ne!(
        computed(text, &none, &[]),
        official::dbcache(&none, 0.125, 1, -1, 1, None)
    );
    assert_ne!(
        computed("spectrum:last=0", &none, &[]),
        official::spectrum(40, 5, 2.0, 0.7)
    );
}
