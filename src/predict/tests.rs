//! What each predictor is exact on, and published values.

use super::{Inputs, MAX_ANCHORS, Predictor, PredictorKind, Weights, hermite};

fn given(times: &[f64], target: f64) -> Inputs<'_> {
    Inputs {
        times,
        target,
        gain: 1.0,
        span: 50.0,
        ..Inputs::default()
    }
}

fn at(kind: PredictorKind, order: u32, times: &[f64], target: f64) -> Weights {
    Predictor::new(kind, order).weights(&given(times, target))
}

/// The forecast of `f` from its values at `times`.
fn forecast(weights: &Weights, times: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    times
        .iter()
        .zip(weights.values)
        .map(|(t, w)| w * f(*t))
        .sum()
}

fn size(weights: &Weights) -> f64 {
    weights.values.iter().map(|w| w.abs()).sum()
}

/// A few numbers that follow from a seed.
fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn taylor_is_exact_on_straight_lines_at_every_order() {
    for order in 1..=4 {
        for x in 1..=5 {
            let target = 7.0 + f64::from(x);
            let times = [7.0, 2.0, 1.0, 0.0, -3.0];
            let got = forecast(
                &at(PredictorKind::Taylor, order, &times, target),
                &times,
                |s| 3.0 * s + 1.0,
            );
            assert!(
                (got - (3.0 * target + 1.0)).abs() < 1e-12,
                "order {order} x {x}: {got}"
            );
        }
    }
}

#[test]
fn taylor_misses_a_parabola_by_the_published_amounts() {
    let times = [7.0, 2.0, 1.0];
    for (x, error) in (1..=5).zip([-5.4, -11.6, -18.6, -26.4, -35.0]) {
        let target = 7.0 + f64::from(x);
        let weights = at(PredictorKind::Taylor, 2, &times, target);
        let got = forecast(&weights, &times, |s| s * s) - target * target;
        assert!((got - error).abs() < 1e-9, "x {x}: {got} is not {error}");
        let newton = at(PredictorKind::Newton, 2, &times, target);
        assert!((forecast(&newton, &times, |s| s * s) - target * target).abs() < 1e-9);
    }
    let even = [8.0, 4.0, 0.0];
    let got = forecast(&at(PredictorKind::Taylor, 2, &even, 11.0), &even, |s| s * s) - 121.0;
    assert!((got + 12.0).abs() < 1e-9, "spacing 4, distance 3: {got}");
}

/// Σ|c| at the last skipped call of an interval, TaylorSeer's and Newton's, by order.
#[test]
fn amplification_is_as_published() {
    let published = [
        (3.0, [2.33, 3.22, 3.62, 3.75], [2.33, 4.56, 8.51, 15.75]),
        (5.0, [2.60, 3.88, 4.56, 4.84], [2.60, 5.48, 10.86, 21.07]),
        (6.0, [2.67, 4.06, 4.83, 5.15], [2.67, 5.72, 11.49, 22.56]),
    ];
    for (n, taylor, newton) in published {
        let times = [0.0, -n, -2.0 * n, -3.0 * n, -4.0 * n];
        for order in 1..=4_u32 {
            let i = order as usize - 1;
            let ours = size(&at(PredictorKind::Taylor, order, &times, n - 1.0));
            assert!(
                (ours - taylor[i]).abs() < 0.01,
                "taylor {n} {order}: {ours}"
            );
            let ours = size(&at(PredictorKind::Newton, order, &times, n - 1.0));
            assert!(
                (ours - newton[i]).abs() < 0.01,
                "newton {n} {order}: {ours}"
            );
        }
    }
    let weights = at(PredictorKind::Taylor, 2, &[12.0, 6.0, 0.0], 17.0);
    for (w, published) in weights.values.into_iter().zip([2.181, -1.528, 0.347]) {
        assert!((w - published).abs() < 5e-4, "{w} is not {published}");
    }
}

#[test]
fn newton_is_exact_to_its_order_on_unequal_spacing_in_both_directions() {
    for direction in [1.0, -1.0] {
        let times = [7.0, 2.0, 1.0, -0.5, -4.0].map(|t| direction * t);
        let target = direction * 9.5;
        for order in 0..=4_u32 {
            let f = |t: f64| (0..=order).fold(0.0, |sum, _| sum * t + 1.25);
            let weights = at(PredictorKind::Newton, order, &times, target);
            assert_eq!(weights.len, order as usize + 1);
            let got = forecast(&weights, &times, f);
            assert!(
                (got - f(target)).abs() < 1e-8 * f(target).abs(),
                "order {order}: {got}"
            );
        }
        // One degree more is not exact: the test can fail.
        let cube = forecast(&at(PredictorKind::Newton, 2, &times, target), &times, |t| {
            t.powi(3)
        });
        assert!((cube - target.powi(3)).abs() > 1.0);
    }
    let weights = at(PredictorKind::Newton, 2, &[3.0, 3.0, 1.0], 4.0);
    assert_eq!(
        (weights.len, weights.values[0]),
        (1, 1.0),
        "anchors at one time"
    );
}

#[test]
fn hermite_factors_are_the_published_ones() {
    let root = 0.5_f64.sqrt();
    for (order, sigma, x, value) in [
        (1, 0.5, 3.0, 1.5),
        (2, 0.5, 2.0, 0.25),
        (2, 0.5, 5.0, 2.875),
        (2, 0.5, 1.0, -0.125),
        (3, 0.5, 3.0, 0.1875),
        (3, 0.5, 5.0, 1.979_166_666_666_666_7),
        (2, root, 2.0, 1.5),
        (3, root, 5.0, 18.333_333_333_333_332),
        (2, 0.71, 8.0, 32.02),
    ] {
        let ours = hermite::factor(order, sigma, x);
        let close = if sigma == 0.71 { 0.01 } else { 1e-12 };
        assert!(
            (ours - value).abs() < close,
            "H{order}({sigma}, {x}) is {ours}"
        );
    }
    // At the newest anchor the second order leaves −σ² of the second difference.
    let weights = at(PredictorKind::Hermite, 2, &[0.0, -1.0, -2.0], 0.0);
    assert!((forecast(&weights, &[0.0, -1.0, -2.0], |t| t * t) + 0.5).abs() < 1e-12);
    let damped = [0.0, -5.0, -10.0, -15.0];
    assert!((size(&at(PredictorKind::Hermite, 3, &damped, 4.0)) - 2.1).abs() < 0.1);
}

#[test]
fn hermite_goes_the_right_way_whichever_way_the_clock_runs() {
    for direction in [1.0, -1.0] {
        let times = [7.0, 2.0, 1.0].map(|t| direction * t);
        let predictor = Predictor {
            sigma: 0.5_f64.sqrt(),
            ..Predictor::new(PredictorKind::Hermite, 1)
        };
        let weights = predictor.weights(&given(&times, direction * 10.0));
        let got = forecast(&weights, &times, |t| 4.0 * t - 1.0);
        assert!((got - (40.0 * direction - 1.0)).abs() < 1e-9, "{got}");
    }
}

/// FoCa as its code has it, call by call.
fn foca_recursion(f: impl Fn(f64) -> f64, full: &[u32], last: u32) -> Vec<f64> {
    let mut rolling: Vec<(f64, f64)> = Vec::new();
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let mut used = Vec::new();
    for step in 0..=last {
        let s = f64::from(step);
        let value = if full.contains(&step) || kept.len() < 2 {
            kept.push((s, f(s)));
            f(s)
        } else {
            let [(t1, f1), (t2, f2)] = [rolling[rolling.len() - 2], rolling[rolling.len() - 1]];
            let [(a1, g1), (a2, g2)] = [kept[kept.len() - 2], kept[kept.len() - 1]];
            let (h, d) = (s - t2, (f2 - f1) / (t2 - t1));
            let bdf = 4.0 / 3.0 * f2 - f1 / 3.0 + 2.0 * h / 3.0 * d;
            let end = (3.0 * bdf - 4.0 * f2 + f1) / (2.0 * h);
            f2 + h / 2.0 * ((g2 - g1) / (a2 - a1) + end)
        };
        rolling.push((s, value));
        used.push(value);
    }
    used
}

#[test]
fn foca_is_its_own_recursion_and_has_the_published_values() {
    let f = |s: f64| (0.21 * s).sin() + 0.03 * s * s;
    let full = [0, 1, 2, 7, 12, 17];
    let used = foca_recursion(f, &full, 21);
    for (step, published) in [(8, 3.048_622), (11, 4.382_651), (21, 11.594_206)] {
        let recursive: f64 = used[step];
        assert!((recursive - published).abs() < 1e-6, "{step}: {recursive}");
    }
    for step in 3..=21_u32 {
        if full.contains(&step) {
            continue;
        }
        let before: Vec<u32> = full.iter().copied().filter(|s| *s < step).collect();
        let [older, newest] = before[before.len() - 2..] else {
            unreachable!()
        };
        let hat = !full.contains(&(newest - 1));
        let times = [f64::from(newest), f64::from(older)];
        let weights = Predictor::new(PredictorKind::Foca, 0).weights(&Inputs {
            hat,
            ..given(&times, step.into())
        });
        assert_eq!(weights.len, if hat { 3 } else { 2 });
        let last = if hat { used[newest as usize - 1] } else { 0.0 };
        let got = forecast(&weights, &times, f) + weights.values[2] * last;
        assert!((got - used[step as usize]).abs() < 1e-9, "{step}: {got}");
    }
}

#[test]
fn adams_bashforth_has_the_published_coefficients() {
    let times = [9.0, 8.0, 7.0, 6.0];
    let weights = |order| at(PredictorKind::AdamsBashforth, order, &times, 10.0).values;
    assert_eq!(weights(1)[..3], [2.0, -1.0, 0.0]);
    assert_eq!(weights(2)[..4], [3.0, -3.0, 1.0, 0.0]);
    let cubic = at(PredictorKind::AdamsBashforth, 3, &times, 10.0);
    assert!((forecast(&cubic, &times, |t| t.powi(3)) - 1000.0).abs() < 1e-9);
    assert!((forecast(&cubic, &times, |t| t.powi(4)) - 10_000.0).abs() > 1.0);
}

#[test]
fn hyca_solvers_have_the_published_sizes_and_exactness() {
    let times = [0.0, -1.0, -2.0];
    for (kind, published, exact) in [
        (PredictorKind::Rk2, 2.0, true),
        (PredictorKind::Ab2, 5.0, true),
        (PredictorKind::Forward, 3.0, true),
        (PredictorKind::Bdf2, 1.667, false),
        (PredictorKind::AdamsMoulton, 4.167, true),
    ] {
        let weights = at(kind, 0, &times, 1.0);
        assert!((size(&weights) - published).abs() < 1e-3, "{kind}");
        let line = forecast(&weights, &times, |t| t);
        assert_eq!((line - 1.0).abs() < 1e-12, exact, "{kind}: {line}");
        assert!(
            (forecast(&weights, &times, |t| t * t) - 1.0).abs() > 0.1,
            "{kind}"
        );
        if kind == PredictorKind::Bdf2 {
            assert!((line - 1.0 / 3.0).abs() < 1e-12);
        }
    }
    // Before there are three, all but bdf2 go straight on.
    let two = at(PredictorKind::Ab2, 0, &times[..2], 1.0).values;
    assert_eq!(two, at(PredictorKind::Forward, 0, &times, 1.0).values);
}

#[test]
fn gradient_and_aligned() {
    let with = |kind, gain| {
        let inputs = Inputs {
            gain,
            ..given(&[5.0, 2.0, 1.0], 8.0)
        };
        Predictor::new(kind, 0).weights(&inputs).values
    };
    assert_eq!(with(PredictorKind::Gradient, 1.25)[..3], [2.25, -1.25, 0.0]);
    assert_eq!(with(PredictorKind::Gradient, 0.0)[..2], [1.0, 0.0]);
    assert_eq!(with(PredictorKind::Aligned, 1.5)[..2], [1.5, -0.5]);
    assert_eq!(with(PredictorKind::Aligned, 1.0)[..2], [1.0, 0.0]);
}

#[test]
fn the_gain_rises_within_its_share_of_the_run() {
    let mut predictor = Predictor {
        gain: 0.8,
        gain_start: 0.25,
        gain_end: 0.75,
        ..Predictor::new(PredictorKind::Gradient, 0)
    };
    let gains = |p: &Predictor| [0.2, 0.25, 0.5, 0.75, 0.8].map(|share| p.gain_at(share));
    assert_eq!(gains(&predictor), [0.0, 0.8, 0.8, 0.8, 0.0]);
    predictor.ramp = 1;
    assert_eq!(gains(&predictor)[..3], [0.0, 0.0, 0.8 * 0.25 / 0.75]);
}

/// A ridge fit of T₀ … T₄ over the anchors themselves, solved by Gauss–Jordan.
fn ridge_fit(times: &[f64], target: f64, ridge: f64, f: impl Fn(f64) -> f64) -> f64 {
    let basis = |t: f64| {
        let tau = 2.0 * t / 50.0 - 1.0;
        let angle = tau.clamp(-1.0, 1.0).acos();
        [0.0, 1.0, 2.0, 3.0, 4.0].map(|m: f64| (m * angle).cos())
    };
    let mut system = [[0.0_f64; 6]; 5];
    for (i, row) in system.iter_mut().enumerate() {
        for t in times {
            let b = basis(*t);
            (0..5).for_each(|j| row[j] += b[i] * b[j]);
            row[5] += b[i] * f(*t);
        }
        row[i] += ridge;
    }
    for i in 0..5 {
        let pivot = system[i][i];
        (0..6).for_each(|j| system[i][j] /= pivot);
        for k in 0..5 {
            let factor = if k == i { 0.0 } else { system[k][i] };
            (0..6).for_each(|j| system[k][j] -= factor * system[i][j]);
        }
    }
    basis(target)
        .iter()
        .zip(&system)
        .map(|(b, row)| b * row[5])
        .sum()
}

#[test]
fn spectrum_by_running_sums_is_the_fit_over_all_anchors() {
    let f = |t: f64| (0.11 * t).sin() + 0.002 * t * t - 0.3;
    let times = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 15.0];
    let predictor = Predictor::new(PredictorKind::Chebyshev, 4);
    let (mut moments, mut sums) = ([0.0; 9], [0.0; MAX_ANCHORS]);
    for t in times {
        let wide = Predictor::new(PredictorKind::Chebyshev, 7).update(t, 50.0);
        for (m, b) in moments.iter_mut().zip(wide) {
            *m += b;
        }
        let tau: f64 = 2.0 * t / 50.0 - 1.0;
        moments[8] += (8.0 * tau.acos()).cos();
        for (sum, w) in sums.iter_mut().zip(predictor.update(t, 50.0)) {
            *sum += w * f(t);
        }
    }
    for target in [16.0, 19.5] {
        let weights = predictor.weights(&Inputs {
            moments: &moments,
            ..given(&[15.0], target)
        });
        assert_eq!(weights.len, 5);
        let got: f64 = sums.iter().zip(weights.values).map(|(a, w)| a * w).sum();
        let fit = ridge_fit(&times, target, 0.1, f);
        assert!((got - fit).abs() < 1e-10, "{target}: {got} is not {fit}");
        assert!(
            (got - ridge_fit(&times, target, 0.2, f)).abs() > 1e-4,
            "the test can fail"
        );
    }
}

/// Inner products of features with themselves and those older.
fn products(features: &[Vec<f64>]) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let pairs = (0..features.len()).flat_map(|i| (i..features.len()).map(move |j| (i, j)));
    pairs
        .map(|(i, j)| dot(&features[i], &features[j]))
        .collect()
}

#[test]
fn dynamic_modes_are_exact_on_what_they_are_made_for() {
    type Modes = fn(f64) -> Vec<f64>;
    let one: Modes = |t| {
        vec![2.0, -1.0, 0.5]
            .into_iter()
            .map(|v| v * 0.9_f64.powf(t))
            .collect()
    };
    let two: Modes = |t| {
        let (a, b) = (0.95_f64.powf(t), 0.6_f64.powf(t));
        vec![a + b, 2.0 * a - b, 0.5 * b]
    };
    let wave: Modes = |t| {
        let r = 0.97_f64.powf(t);
        vec![
            r * (0.4 * t).cos(),
            r * (0.4 * t).sin(),
            2.0 * r * (0.4 * t + 1.0).cos(),
        ]
    };
    for (name, f, anchors) in [("one", one, 4), ("two", two, 6), ("wave", wave, 6)] {
        for gap in [1.0, -3.0] {
            let times: Vec<f64> = (0..anchors).map(|i| 10.0 - gap * f64::from(i)).collect();
            let place = |t: f64| (t - 10.0) / gap;
            let features: Vec<_> = times.iter().map(|t| f(place(*t))).collect();
            let moments = products(&features);
            let target = 10.0 + 0.6 * gap;
            let weights = Predictor::new(PredictorKind::Dmd, 0).weights(&Inputs {
                moments: &moments,
                ..given(&times, target)
            });
            let wanted = f(0.6);
            for (k, wanted) in wanted.iter().enumerate() {
                let parts = weights.values.iter().zip(&features);
                let got: f64 = parts.map(|(w, feature)| w * feature[k]).sum();
                assert!(
                    (got - wanted).abs() < 1e-4,
                    "{name} {gap}: {got} is not {wanted}"
                );
            }
            // A straight line is not exact here: the test can fail.
            let line = at(PredictorKind::Taylor, 1, &times, target);
            let parts = line.values.iter().zip(&features);
            let got: f64 = parts.map(|(w, feature)| w * feature[0]).sum();
            assert!((got - wanted[0]).abs() > 1e-4, "{name}");
        }
    }
    // Uneven spacing and unknown products: a straight line.
    let uneven = [9.0, 7.0, 6.0, 5.0, 4.0];
    let dmd = at(PredictorKind::Dmd, 0, &uneven, 10.0);
    assert_eq!(dmd, at(PredictorKind::Taylor, 1, &uneven, 10.0));
}

#[test]
fn a_table_is_taken_as_it_is() {
    let inputs = Inputs {
        row: &[1.5, -0.25, 0.125],
        ..given(&[3.0, 2.0], 5.0)
    };
    let weights = Predictor::new(PredictorKind::Table, 2).weights(&inputs);
    assert_eq!(
        (weights.len, &weights.values[..3]),
        (2, &[1.5, -0.25, 0.0][..])
    );
}

#[test]
fn blend_and_horizon() {
    let times = [10.0, 6.0, 2.0];
    for kind in [
        PredictorKind::Taylor,
        PredictorKind::Newton,
        PredictorKind::Hermite,
    ] {
        let free = Predictor::new(kind, 2);
        let near = Predictor {
            horizon: 3.0,
            ..free
        };
        let target = |p: &Predictor, t| p.weights(&given(&times, t));
        assert_eq!(target(&near, 12.5), target(&free, 12.5), "{kind}");
        assert_eq!(target(&near, 30.0), target(&free, 13.0), "{kind}");
        assert_ne!(target(&near, 30.0), target(&free, 30.0), "{kind}");
        let half = Predictor { blend: 0.5, ..free };
        let (full, half) = (target(&free, 13.0), target(&half, 13.0));
        assert_eq!(half.values[0], 0.5 * full.values[0] + 0.5);
        assert_eq!(half.values[1], 0.5 * full.values[1]);
    }
    // Whichever way the clock runs.
    let back = Predictor {
        horizon: 3.0,
        ..Predictor::new(PredictorKind::Taylor, 1)
    };
    let times = [-10.0, -6.0];
    assert_eq!(
        back.weights(&given(&times, -30.0)),
        back.weights(&given(&times, -13.0))
    );
}

#[test]
fn weights_sum_to_one_and_the_order_ramps_up() {
    for seed in 0..500 {
        let mut number = random(seed);
        let direction = if seed % 2 == 0 { 1.0 } else { -1.0 };
        let mut place = 0.0;
        let mut times: Vec<f64> = (0..8)
            .map(|_| {
                place += direction * (0.5 + 4.0 * number());
                place
            })
            .collect();
        times.reverse();
        let target = times[0] + direction * 5.0 * number();
        for kind in [
            PredictorKind::Hold,
            PredictorKind::Taylor,
            PredictorKind::Newton,
            PredictorKind::Hermite,
            PredictorKind::AdamsBashforth,
            PredictorKind::Foca,
            PredictorKind::Gradient,
            PredictorKind::Aligned,
            PredictorKind::Rk2,
            PredictorKind::Ab2,
            PredictorKind::Forward,
            PredictorKind::Bdf2,
            PredictorKind::AdamsMoulton,
        ] {
            for held in 0..=times.len() {
                let inputs = Inputs {
                    gain: 1.0 + number(),
                    hat: seed % 3 == 0,
                    ..given(&times[..held], target)
                };
                let predictor = Predictor {
                    blend: if seed % 5 == 0 { number() } else { 1.0 },
                    ..Predictor::new(kind, (seed % 5) as u32)
                };
                let weights = predictor.weights(&inputs);
                assert!(
                    weights.len <= held + usize::from(inputs.hat),
                    "{kind} {held}"
                );
                assert_eq!(weights.len == 0, held == 0, "{kind}");
                let sum: f64 = weights.values.iter().sum();
                let wanted = if held == 0 { 0.0 } else { 1.0 };
                assert!(
                    (sum - wanted).abs() < 1e-9 * (1.0 + size(&weights)),
                    "{kind} {held}: {sum}"
                );
            }
        }
    }
}
