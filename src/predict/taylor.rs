//! TaylorSeer: Liu et al., "From Reusing to Forecasting", 2025 (arXiv 2503.06923), as its code has it.
//!
//! On a computed call with gap g to the computed call before, the table becomes `D0' = F`,
//! `D(i+1)' = (Di' − Di) / g`; a skipped call at distance x predicts `Σ Di xⁱ / i!`. Every order is
//! divided by the latest gap, so this is not the polynomial through the anchors: for evenly spaced
//! anchors the second order misses by `−g·x` on t², which damps the extrapolation.

use super::{MAX_ANCHORS, Weights};

/// Weights of the recurrence over `times`, newest first and distinct.
pub(super) fn weights(times: &[f64], target: f64, out: &mut Weights) {
    // Row i of the table is Di as weights over the anchors, newest first.
    let mut table = [[0.0; MAX_ANCHORS]; MAX_ANCHORS];
    let count = times.len().min(MAX_ANCHORS);
    let mut previous = None;
    for (known, (&time, anchor)) in times.iter().zip(0..count).rev().enumerate() {
        let mut row = [0.0; MAX_ANCHORS];
        if let Some(w) = row.get_mut(anchor) {
            *w = 1.0;
        }
        let gap = time - previous.unwrap_or(time);
        previous = Some(time);
        // Before this anchor the table held `known` rows; each of them gives one order more.
        for old in table.iter_mut().take(known + 1) {
            let mut next = [0.0; MAX_ANCHORS];
            for (n, (new, old)) in next.iter_mut().zip(row.iter().zip(old.iter())) {
                *n = (new - old) / gap;
            }
            *old = row;
            row = next;
        }
    }
    let Some(&newest) = times.first() else { return };
    let distance = target - newest;
    let (mut factor, mut order) = (1.0, 0.0);
    for row in table.iter().take(count) {
        for (w, d) in out.values.iter_mut().zip(row) {
            *w += factor * d;
        }
        order += 1.0;
        factor = factor * distance / order;
    }
    out.len = count;
}

#[cfg(test)]
mod tests {
    use crate::predict::{Predictor, PredictorKind};

    fn predict(order: u32, times: &[f64], target: f64, f: impl Fn(f64) -> f64) -> f64 {
        let weights = Predictor::new(PredictorKind::Taylor, order).weights(times, target);
        times
            .iter()
            .zip(weights.values)
            .map(|(&t, w)| w * f(t))
            .sum()
    }

    #[test]
    fn straight_lines_are_exact_at_every_order() {
        for order in 1..=3 {
            for x in 1..=5 {
                let target = 7.0 + f64::from(x);
                let got = predict(order, &[7.0, 2.0, 1.0, 0.0], target, |s| 3.0 * s + 1.0);
                assert!(
                    (got - (3.0 * target + 1.0)).abs() < 1e-12,
                    "order {order} x {x}: {got}"
                );
            }
        }
    }

    #[test]
    fn parabola_misses_by_the_published_amounts() {
        let published = [-5.4, -11.6, -18.6, -26.4, -35.0];
        for (x, error) in (1..=5).zip(published) {
            let target = 7.0 + f64::from(x);
            let got = predict(2, &[7.0, 2.0, 1.0], target, |s| s * s) - target * target;
            assert!((got - error).abs() < 1e-9, "x {x}: {got} is not {error}");
        }
        let even = predict(2, &[8.0, 4.0, 0.0], 11.0, |s| s * s) - 121.0;
        assert!(
            (even + 12.0).abs() < 1e-9,
            "even spacing 4, distance 3: {even}"
        );
    }

    #[test]
    fn weights_at_interval_six_are_the_published_ones() {
        let weights = Predictor::new(PredictorKind::Taylor, 2).weights(&[12.0, 6.0, 0.0], 17.0);
        for (w, published) in weights.values.into_iter().zip([2.181, -1.528, 0.347]) {
            assert!((w - published).abs() < 5e-4, "{w} is not {published}");
        }
    }
}
