//! TaylorSeer: Liu et al., "From Reusing to Forecasting", ICCV 2025 (arXiv 2503.06923), as its code
//! has it.
//!
//! On a computed call with gap g to the computed call before, the table becomes `D0' = F`,
//! `D(i+1)' = (Di' − Di) / g`; a skipped call at distance x predicts `Σ Di xⁱ / i!`. Exact on
//! straight lines at any order and spacing. Every order is divided by the latest gap, so this is not
//! the polynomial through the anchors: for evenly spaced anchors the second order misses by `−g·x` on
//! t², which damps the extrapolation.
//!
//! Implementations disagree on when the first difference is formed (the scheduler follows the
//! official code: from the warm-up's last step but one) and on what is kept: diffusers keeps the
//! attention outputs alone, stable-diffusion.cpp updates a table that nothing reads.

use super::{MAX_ANCHORS, Weights};

/// Row i is Di as weights over the anchors, newest first; as many rows as anchors are in use.
pub(super) type Table = [[f64; MAX_ANCHORS]; MAX_ANCHORS];

/// The table over `times`, newest first and distinct.
pub(super) fn table(times: &[f64]) -> Table {
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
    table
}

/// `Σ factorᵢ · Di` over `times`, newest first and distinct.
pub(super) fn combine(times: &[f64], factor: impl Fn(usize) -> f64, out: &mut Weights) {
    let count = times.len().min(MAX_ANCHORS);
    for (order, row) in table(times).iter().enumerate().take(count) {
        let factor = factor(order);
        for (w, d) in out.values.iter_mut().zip(row) {
            *w += factor * d;
        }
    }
    out.len = count;
}

/// Weights of the recurrence over `times`, newest first and distinct.
pub(super) fn weights(times: &[f64], target: f64, out: &mut Weights) {
    let Some(&newest) = times.first() else { return };
    let distance = target - newest;
    let power = |order: usize| (1..=order).fold(1.0, |power, i| power * distance / i as f64);
    combine(times, power, out);
}
