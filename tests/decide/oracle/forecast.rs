//! What stands in for a skipped call, worked out on feature values.

use super::{Fault, Settings};

/// The order used and the forecast at `target`, from every computed `(step, position, feature)`.
pub(crate) fn forecast(
    s: &Settings,
    warmup: u32,
    computed: &[(u32, f64, f64)],
    target: f64,
) -> (usize, f64) {
    match s.predictor.as_str() {
        "taylor" if s.fault == Some(Fault::TrueDifferences) => newton(s.order, computed, target),
        "taylor" => {
            let gated = s.fault != Some(Fault::NoGate);
            taylor(s.order, if gated { warmup } else { 0 }, computed, target)
        }
        "newton" => newton(s.order, computed, target),
        _ => (0, computed[computed.len() - 1].2),
    }
}

/// TaylorSeer's table, as the official code keeps it: on every computed step the differences to
/// the old table, each divided by the latest spacing; none are formed before the end of the
/// warm-up (`step > first_enhance − 2`).
pub(crate) fn taylor(
    order: usize,
    warmup: u32,
    computed: &[(u32, f64, f64)],
    target: f64,
) -> (usize, f64) {
    let mut table: Vec<f64> = Vec::new();
    let mut at = 0.0;
    for (step, position, feature) in computed {
        let spacing = position - at;
        let mut new = vec![*feature];
        if *step + 1 >= warmup {
            for (i, old) in table.iter().enumerate().take(order) {
                new.push((new[i] - old) / spacing);
            }
        }
        table = new;
        at = *position;
    }
    let x = target - at;
    let (mut value, mut term) = (0.0, 1.0);
    for (i, derivative) in table.iter().enumerate() {
        if i > 0 {
            term *= x / i as f64;
        }
        value += derivative * term;
    }
    (table.len() - 1, value)
}

/// The polynomial through the newest points, by Newton's divided differences.
pub(crate) fn newton(order: usize, computed: &[(u32, f64, f64)], target: f64) -> (usize, f64) {
    let points: Vec<_> = computed.iter().rev().take(order + 1).collect();
    let mut differences: Vec<f64> = points.iter().map(|point| point.2).collect();
    for level in 1..points.len() {
        for i in (level..points.len()).rev() {
            let width = points[i].1 - points[i - level].1;
            differences[i] = (differences[i] - differences[i - 1]) / width;
        }
    }
    let (mut value, mut product) = (0.0, 1.0);
    for (difference, point) in differences.iter().zip(&points) {
        value += difference * product;
        product *= target - point.1;
    }
    (points.len() - 1, value)
}
