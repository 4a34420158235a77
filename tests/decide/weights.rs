//! What every predictor's weights must be, for any anchors and any target.

use proptest::prelude::*;
use refrain::predict::{Axis, Inputs, MAX_ANCHORS, Predictor, PredictorKind, Weights};
use refrain::{Begin, Call, Lane, Outcome, Policy, Scheduler, Timeline};

use crate::oracle::forecast;
use crate::random;

fn weigh(predictor: Predictor, times: &[f64], target: f64) -> Weights {
    predictor.weights(&Inputs {
        times,
        target,
        hat: false,
        gain: predictor.gain,
        row: &[],
        moments: &[],
        span: 1.0,
    })
}

/// Distinct times, newest first, at gaps of any size within a factor of a hundred.
fn times() -> impl Strategy<Value = Vec<f64>> {
    (
        -100.0..100.0,
        prop::collection::vec(0.1..10.0, 1..=MAX_ANCHORS),
        any::<bool>(),
    )
        .prop_map(|(first, gaps, falling)| {
            let mut at: f64 = first;
            let sign = if falling { -1.0 } else { 1.0 };
            gaps.iter()
                .map(|gap| {
                    at -= sign * gap;
                    at
                })
                .collect()
        })
}

fn kinds() -> impl Strategy<Value = PredictorKind> {
    prop_oneof![
        Just(PredictorKind::Hold),
        Just(PredictorKind::Taylor),
        Just(PredictorKind::Newton)
    ]
}

fn point(position: f64, value: f64) -> forecast::Point {
    forecast::Point {
        step: 0,
        position,
        computed: true,
        value,
    }
}

/// The blend of `f` at the anchors, and how large its parts are.
fn blend(weights: &Weights, times: &[f64], f: impl Fn(f64) -> f64) -> (f64, f64) {
    let parts = times.iter().zip(weights.values).map(|(t, w)| w * f(*t));
    parts.fold((0.0, 0.0), |(sum, size), part| {
        (sum + part, size + part.abs())
    })
}

/// Whether the weights give `f` at `target`, to within rounding.
fn exact(weights: &Weights, times: &[f64], target: f64, f: impl Fn(f64) -> f64) -> bool {
    let (found, size) = blend(weights, times, &f);
    (found - f(target)).abs() <= 1e-10 * (size + f(target).abs())
}

proptest! {
    #![proptest_config(random::cases(500))]

    #[test]
    fn they_sum_to_one_and_ramp_up(kind in kinds(), order in 0_u32..4, times in times(), ahead in -20.0..20.0) {
        let weights = weigh(Predictor::new(kind, order), &times, times[0] + ahead);
        let most = if kind == PredictorKind::Hold { 1 } else { order as usize + 1 };
        prop_assert_eq!(weights.len, times.len().min(most));
        prop_assert!(weights.values[weights.len..].iter().all(|w| *w == 0.0));
        prop_assert!(exact(&weights, &times, 0.0, |_| 1.0), "{:?}", weights);
    }

    #[test]
    fn lines_are_exact_from_the_second_anchor_on(order in 1_u32..4, times in times(), ahead in -20.0..20.0, slope in -5.0..5.0) {
        prop_assume!(times.len() > 1);
        for kind in [PredictorKind::Taylor, PredictorKind::Newton] {
            let target = times[0] + ahead;
            let weights = weigh(Predictor::new(kind, order), &times, target);
            prop_assert!(exact(&weights, &times, target, |t| slope * t + 2.0), "{kind}: {weights:?}");
        }
    }

    #[test]
    fn newton_is_exact_to_its_order(times in times(), ahead in -20.0..20.0, order in 0_u32..4, c in prop::array::uniform4(-3.0..3.0)) {
        let target = times[0] + ahead;
        let weights = weigh(Predictor::new(PredictorKind::Newton, order), &times, target);
        // Around the newest anchor, so that the test measures the weights and not cancellation.
        let polynomial = |t: f64| c[..weights.len].iter().rev().fold(0.0, |sum, c| sum * (t - times[0]) + c);
        prop_assert!(exact(&weights, &times, target, polynomial), "{weights:?}");
    }

    #[test]
    fn they_are_the_published_recurrences(times in times(), ahead in -20.0..20.0, order in 0_u32..4, features in prop::array::uniform8(-3.0..3.0)) {
        let target = times[0] + ahead;
        let points = times.iter().zip(features).rev();
        let history: Vec<_> = points.map(|(t, f)| point(*t, f)).collect();
        for (kind, (_, expected)) in [
            (PredictorKind::Taylor, forecast::taylor(order as usize, 0, &history, target)),
            (PredictorKind::Newton, forecast::newton(order as usize, &history, target)),
        ] {
            let weights = weigh(Predictor::new(kind, order), &times, target);
            let parts = weights.values.iter().zip(features).map(|(w, f)| w * f);
            let (found, size) = parts.fold((0.0, 0.0), |(sum, size): (f64, f64), part| (sum + part, size + part.abs()));
            prop_assert!((found - expected).abs() <= 1e-9 * (1.0 + size), "{kind}: {found} is not {expected}");
        }
    }

    #[test]
    fn they_are_finite_whatever_the_times(kind in kinds(), order in 0_u32..4, times in prop::collection::vec(any::<f64>(), 0..12), target: f64) {
        let weights = weigh(Predictor::new(kind, order), &times, target);
        prop_assert!(weights.values.iter().all(|w| (*w as f32).is_finite()), "{weights:?}");
        prop_assert_eq!(weights.len == 0, times.is_empty());
        prop_assert!(weights.len <= order as usize + 1);
    }

    #[test]
    fn a_scheduler_hands_out_finite_weights_whatever_the_time(times in prop::collection::vec(any::<f64>(), 8), order in 1_u32..4, newton: bool) {
        let mut policy = Policy::parse("interval:interval=5,warmup=4,last=0").expect("valid");
        policy.predictor = Predictor { axis: Axis::Time, ..Predictor::new(if newton { PredictorKind::Newton } else { PredictorKind::Taylor }, order) };
        let mut scheduler = Scheduler::new(&policy, Timeline::new(8), [Lane::NEW; 1]).expect("valid");
        for (step, time) in times.iter().enumerate() {
            let time = if time.is_finite() { *time } else { 0.0 };
            let Begin::Decided(pending) = scheduler.begin(Call { time, ..Call::new(step as u32) }).expect("in order") else {
                unreachable!("nothing is measured")
            };
            let weights = pending.decision().weights;
            prop_assert!(weights.iter().all(|w| w.is_finite()), "{weights:?}");
            prop_assert!(!pending.decision().action.skips() || weights.iter().any(|w| *w != 0.0));
            scheduler.commit(pending, Outcome::Done).expect("decided");
        }
    }
}

#[test]
fn weights_that_are_not_exact_are_noticed() {
    let times = [7.0, 2.0, 1.0];
    let weights = weigh(Predictor::new(PredictorKind::Newton, 2), &times, 9.0);
    assert!(exact(&weights, &times, 9.0, |t| t * t));
    assert!(
        !exact(&weights, &times, 9.0, |t| t * t * t),
        "a cube needs order 3"
    );
    assert!(
        !exact(&weights, &times, 9.1, |t| t * t),
        "the target is another one"
    );
    let taylor = weigh(Predictor::new(PredictorKind::Taylor, 2), &times, 9.0);
    assert!(
        !exact(&taylor, &times, 9.0, |t| t * t),
        "TaylorSeer damps itself"
    );
    let mut spoilt = weights;
    spoilt.values[1] += 1e-8;
    assert!(!exact(&spoilt, &times, 9.0, |t| t * t));
    let uneven = [point(0.0, 1.0), point(1.0, 2.0), point(3.0, 0.0)];
    // Divided differences over two gaps are not differences over the latest gap.
    assert_ne!(
        forecast::taylor(2, 0, &uneven, 4.0).1,
        forecast::newton(2, &uneven, 4.0).1
    );
}

#[test]
fn debug_dmd() {
    let f = [-78.0, -70.3, -62.1, -55.2, -47.9, -41.4];
    for n in 4..=6 {
        let times: Vec<f64> = (0..n).map(|i| 20.0 - i as f64).collect();
        let mut moments = Vec::new();
        for i in 0..n {
            for j in i..n {
                moments.push(f[i] * f[j]);
            }
        }
        let p = Predictor::new(PredictorKind::Dmd, 0);
        let w = p.weights(&Inputs {
            times: &times,
            target: 21.0,
            hat: false,
            gain: 0.0,
            row: &[],
            moments: &moments,
            span: 1.0,
        });
        println!("{n} {w:?}");
        let rounded: Vec<f64> = moments.iter().map(|m| f64::from(*m as f32)).collect();
        let w = p.weights(&Inputs {
            times: &times,
            target: 21.0,
            hat: false,
            gain: 0.0,
            row: &[],
            moments: &rounded,
            span: 1.0,
        });
        println!("f32 {n} {w:?}");
    }
}
