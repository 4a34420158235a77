//! What stands in for a skipped call, worked out on feature values.

use super::{Fault, Settings};

/// One call of a lane: when it was, and what the site gave or what stood in for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) step: u32,
    pub(crate) position: f64,
    pub(crate) computed: bool,
    pub(crate) value: f64,
}

/// What is asked: the forecast for `target`, at `step` of `steps`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) steps: u32,
    pub(crate) step: u32,
    pub(crate) target: f64,
    /// DiCache's factor.
    pub(crate) factor: Option<f64>,
}

/// The order used and the forecast, from all calls of the lane.
pub(crate) fn forecast(s: &Settings, points: &[Point], wanted: Wanted) -> (usize, f64) {
    let computed: Vec<Point> = points.iter().filter(|p| p.computed).copied().collect();
    let newest = computed[computed.len() - 1];
    let mut wanted = wanted;
    let distance = wanted.target - newest.position;
    if s.horizon > 0.0 && distance.abs() > s.horizon && s.fault != Some(Fault::HorizonIgnored) {
        wanted.target = newest.position + s.horizon.copysign(distance);
    }
    let (order, value) = unblended(s, points, &computed, wanted);
    let share = if s.fault == Some(Fault::BlendIgnored) {
        1.0
    } else {
        s.blend
    };
    let rolls = rolls(s) && s.fault != Some(Fault::NotRolling);
    let held = if rolls {
        points[points.len() - 1].value
    } else {
        newest.value
    };
    match s.predictor.as_str() {
        "chebyshev" | "table" => (order, value),
        _ => (order, share * value + (1.0 - share) * held),
    }
}

/// Whether the forecast is the newest feature, whatever the features are.
pub(crate) fn holds(s: &Settings, points: &[Point], wanted: Wanted) -> bool {
    let newest = if rolls(s) {
        points.len() - 1
    } else {
        points
            .iter()
            .rposition(|p| p.computed)
            .expect("there is one")
    };
    (0..points.len()).all(|one| {
        let mut unit = points.to_vec();
        unit[one].value = 1.0;
        let weight = forecast(s, &unit, wanted).1 as f32;
        weight == f32::from(u8::from(one == newest))
    })
}

/// Whether forecasts take a place among the features.
fn rolls(s: &Settings) -> bool {
    s.predictor == "adams-bashforth" || s.predictor == "gradient" && s.rolling
}

fn unblended(s: &Settings, points: &[Point], computed: &[Point], wanted: Wanted) -> (usize, f64) {
    let newest_first = |of: &[Point]| -> Vec<f64> { of.iter().rev().map(|p| p.value).collect() };
    let rolling = rolls(s) && s.fault != Some(Fault::NotRolling);
    let f = newest_first(if rolling { points } else { computed });
    let warmup = if s.fault == Some(Fault::NoGate) {
        0
    } else {
        s.warmup(wanted.steps)
    };
    let share = f64::from(wanted.step) / f64::from(wanted.steps);
    let two = f.len() >= 2;
    match s.predictor.as_str() {
        "taylor" if s.fault == Some(Fault::TrueDifferences) => {
            newton(s.order, computed, wanted.target)
        }
        "taylor" => taylor(s.order, warmup, computed, wanted.target),
        "newton" => newton(s.order, computed, wanted.target),
        "hermite" => {
            let sigma = if s.fault == Some(Fault::HermiteUnscaled) {
                0.5_f64.sqrt()
            } else {
                s.sigma
            };
            hermite(s.order, sigma, warmup, computed, wanted.target)
        }
        "adams-bashforth" => adams_bashforth(s.order, &f),
        "foca" => foca(s, points, computed, wanted.target),
        "gradient" if two => {
            let eta = gain(s, share);
            let value = f[0] + eta * (f[0] - f[1]);
            (usize::from(eta != 0.0), value)
        }
        "aligned" if two => {
            let factor = wanted.factor.expect("asked for");
            let most = if s.fault == Some(Fault::FactorUnclipped) {
                f64::INFINITY
            } else {
                s.gain
            };
            let factor = factor.clamp(1.0, most);
            (usize::from(factor != 1.0), f[1] + factor * (f[0] - f[1]))
        }
        "rk2" if f.len() >= 3 => (2, 1.5 * f[0] - 0.5 * f[2]),
        "forward" if two => (1, 2.0 * f[0] - f[1]),
        "bdf2" if two => (1, 4.0 / 3.0 * f[0] - f[1] / 3.0),
        "ab2" if f.len() >= 3 => (2, 2.5 * f[0] - 2.0 * f[1] + 0.5 * f[2]),
        "adams-moulton" if f.len() >= 3 => {
            let predicted = 2.5 * f[0] - 2.0 * f[1] + 0.5 * f[2];
            let slope = 5.0 / 12.0 * (predicted - f[0]) + 2.0 / 3.0 * (f[0] - f[1]);
            (2, f[0] + slope - (f[1] - f[2]) / 12.0)
        }
        // The line, where the third feature is missing.
        "rk2" | "ab2" | "adams-moulton" if two => (1, 2.0 * f[0] - f[1]),
        "chebyshev" => chebyshev(s, computed, wanted),
        "table" => table(s, &f, wanted.step),
        "dmd" => dmd(computed, wanted.target),
        _ => (0, f[0]),
    }
}

/// FasterCache's w, or GOC's η, at that share of the run.
fn gain(s: &Settings, share: f64) -> f64 {
    let within = share >= s.gain_start && share <= s.gain_end;
    if !within && s.fault != Some(Fault::GainWindowIgnored) {
        return 0.0;
    }
    if s.ramp && s.fault != Some(Fault::RampIgnored) {
        // From activation to the end of the run.
        s.gain * (share - s.gain_start) / (1.0 - s.gain_start)
    } else {
        s.gain
    }
}

/// TaylorSeer's table, as the official code keeps it: on every computed step the differences to
/// the old table, each divided by the latest spacing; none are formed before the end of the
/// warm-up (`step > first_enhance − 2`).
fn differences(order: usize, warmup: u32, computed: &[Point]) -> Vec<f64> {
    let mut table: Vec<f64> = Vec::new();
    let mut at = 0.0;
    for point in computed {
        let spacing = point.position - at;
        let mut new = vec![point.value];
        if point.step + 1 >= warmup {
            for (i, old) in table.iter().enumerate().take(order) {
                new.push((new[i] - old) / spacing);
            }
        }
        table = new;
        at = point.position;
    }
    table
}

/// TaylorSeer: the sum of the table's orders.
pub(crate) fn taylor(order: usize, warmup: u32, computed: &[Point], target: f64) -> (usize, f64) {
    let table = differences(order, warmup, computed);
    let x = target - computed[computed.len() - 1].position;
    let (mut value, mut term) = (0.0, 1.0);
    for (i, derivative) in table.iter().enumerate() {
        if i > 0 {
            term *= x / i as f64;
        }
        value += derivative * term;
    }
    (table.len() - 1, value)
}

/// HiCache: the same table on the basis σⁱ Hᵢ(σx), H of the physicists.
pub(crate) fn hermite(
    order: usize,
    sigma: f64,
    warmup: u32,
    computed: &[Point],
    target: f64,
) -> (usize, f64) {
    let table = differences(order, warmup, computed);
    let x = sigma * (target - computed[computed.len() - 1].position);
    let mut h = vec![1.0, 2.0 * x];
    for n in 1..table.len() {
        h.push(2.0 * x * h[n] - 2.0 * n as f64 * h[n - 1]);
    }
    let (mut value, mut factor) = (table[0], 1.0);
    for (i, derivative) in table.iter().enumerate().skip(1) {
        factor *= sigma / i as f64;
        value += derivative * factor * h[i];
    }
    (table.len() - 1, value)
}

/// The polynomial through the newest points, by Newton's divided differences.
pub(crate) fn newton(order: usize, computed: &[Point], target: f64) -> (usize, f64) {
    let points: Vec<_> = computed.iter().rev().take(order + 1).collect();
    let mut differences: Vec<f64> = points.iter().map(|point| point.value).collect();
    for level in 1..points.len() {
        for i in (level..points.len()).rev() {
            let width = points[i].position - points[i - level].position;
            differences[i] = (differences[i] - differences[i - 1]) / width;
        }
    }
    let (mut value, mut product) = (0.0, 1.0);
    for (difference, point) in differences.iter().zip(&points) {
        value += difference * product;
        product *= target - point.position;
    }
    (points.len() - 1, value)
}

/// AB-Cache: Σ (−1)^(i+1) C(j, i) F(t + i) over the newest j features, forecasts among them.
fn adams_bashforth(order: usize, f: &[f64]) -> (usize, f64) {
    let j = (order + 1).min(f.len());
    let (mut value, mut binomial) = (0.0, 1.0);
    for i in 1..=j {
        binomial *= (j + 1 - i) as f64 / i as f64;
        let sign = if i % 2 == 1 { 1.0 } else { -1.0 };
        value += sign * binomial * f[i - 1];
    }
    (j - 1, value)
}

/// FoCa step by step: a BDF2 forecast from the rolling pair, corrected by Heun's rule with the slope
/// between the computed features.
fn foca(s: &Settings, points: &[Point], computed: &[Point], target: f64) -> (usize, f64) {
    let full = computed[computed.len() - 1];
    let [.., before, _] = computed else {
        return (0, full.value);
    };
    let anchor_slope = (full.value - before.value) / (full.position - before.position);
    let at = points
        .iter()
        .rposition(|p| p.computed)
        .expect("there are some");
    let previous = if s.fault == Some(Fault::FocaForgets) {
        *before
    } else {
        points[at - 1]
    };
    let (mut new, mut old) = (full.value, previous.value);
    let (mut position, mut gap) = (full.position, full.position - previous.position);
    while position < target {
        let h = 1.0_f64.min(target - position);
        let slope = (new - old) / gap;
        let bdf2 = 4.0 / 3.0 * new - old / 3.0 + 2.0 * h / 3.0 * slope;
        let end_slope = (3.0 * bdf2 - 4.0 * new + old) / (2.0 * h);
        let next = new + h / 2.0 * (anchor_slope + end_slope);
        (old, new) = (new, next);
        (position, gap) = (position + h, h);
    }
    (1 + usize::from(!previous.computed), new)
}

/// Spectrum: ridge regression on Chebyshev polynomials over all computed features.
fn chebyshev(s: &Settings, computed: &[Point], wanted: Wanted) -> (usize, f64) {
    let basis = |position: f64| -> Vec<f64> {
        let tau = 2.0 * position / f64::from(wanted.steps) - 1.0;
        let mut t = vec![1.0, tau];
        for m in 2..=s.order {
            t.push(2.0 * tau * t[m - 1] - t[m - 2]);
        }
        t.truncate(s.order + 1);
        t
    };
    let ridge = if s.fault == Some(Fault::RidgeIgnored) {
        1e-6
    } else {
        s.ridge
    };
    let n = s.order + 1;
    // (XᵀX + λ) c = Xᵀ F, solved by elimination.
    let mut rows = vec![vec![0.0; n + 1]; n];
    for (i, row) in rows.iter_mut().enumerate() {
        row[i] = ridge;
    }
    for point in computed {
        let t = basis(point.position);
        for i in 0..n {
            for j in 0..n {
                rows[i][j] += t[i] * t[j];
            }
            rows[i][n] += t[i] * point.value;
        }
    }
    for i in 0..n {
        for below in i + 1..n {
            let factor = rows[below][i] / rows[i][i];
            let above = rows[i].clone();
            let pairs = rows[below].iter_mut().zip(above);
            pairs.for_each(|(under, above)| *under -= factor * above);
        }
    }
    let mut c = vec![0.0; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| rows[i][j] * c[j]).sum();
        c[i] = (rows[i][n] - known) / rows[i][i];
    }
    let t = basis(wanted.target);
    (s.order, c.iter().zip(t).map(|(c, t)| c * t).sum())
}

/// L2P: the weights of the step, newest feature first.
fn table(s: &Settings, f: &[f64], step: u32) -> (usize, f64) {
    let width = s.order + 1;
    let row = &s.curve[step as usize * width..][..width];
    let used = f.len().min(width);
    (used - 1, row.iter().zip(f).map(|(w, f)| w * f).sum())
}

/// HiCache++ on one number: its growth from computed feature to computed feature, where at least four
/// are evenly spaced; else the line.
fn dmd(computed: &[Point], target: f64) -> (usize, f64) {
    let newest = computed[computed.len() - 1];
    let kept = &computed[computed.len().saturating_sub(6)..];
    let [.., before, _] = kept else {
        return (0, newest.value);
    };
    let spacing = newest.position - before.position;
    let even = kept
        .windows(2)
        .rev()
        .take_while(|pair| (pair[1].position - pair[0].position - spacing).abs() < 1e-9);
    let tail = &kept[kept.len() - 1 - even.count()..];
    if tail.len() < 4 {
        let slope = (newest.value - before.value) / spacing;
        return (1, newest.value + slope * (target - newest.position));
    }
    let (mut ahead, mut own) = (0.0, 0.0);
    for pair in tail.windows(2) {
        ahead += pair[0].value * pair[1].value;
        own += pair[0].value * pair[0].value;
    }
    let growth: f64 = ahead / own;
    let horizon = (target - newest.position) / spacing;
    (0, newest.value * growth.powf(horizon))
}
