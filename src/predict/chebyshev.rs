//! Spectrum: "Adaptive Spectral Feature Forecasting for Diffusion Sampling Acceleration", 2026 (arXiv
//! 2603.01623).
//!
//! A ridge-regularised fit of Chebyshev polynomials T₀ … Tₘ over every computed feature of the run,
//! τ = 2t / span − 1. The fit needs the features only as `Aₘ = Σ Tₘ(τ) F`: m + 1 running sums instead of
//! the whole history, and the forecast is `Σ yₘ Aₘ`, y = (XᵀX + λI)⁻¹ T(τ*). The matrix follows from
//! the sums of T₀ … T₂ₘ, since TᵢTⱼ = (Tᵢ₊ⱼ + T|ᵢ₋ⱼ|) / 2. Weights do not sum to one: λ pulls towards
//! zero. Near-exact on polynomials of degree m for small λ. The official code fixes the span at 50;
//! here it is the run's. Its optional blend with a local slope (off by default) is not here.

use super::{MAX_ANCHORS, Weights};
use crate::predict::linear::solve;

/// Running sums of a fit of order 4, the highest.
const MOST: usize = 5;

/// T₀ … at time `t`: what a computed feature counts in each running sum.
pub(super) fn basis(t: f64, span: f64, count: usize) -> [f64; MAX_ANCHORS] {
    let tau = 2.0 * t / span - 1.0;
    let mut basis = [0.0; MAX_ANCHORS];
    let (mut now, mut next) = (1.0, tau);
    for value in basis.iter_mut().take(count) {
        *value = now;
        (now, next) = (next, 2.0 * tau * next - now);
    }
    basis
}

/// Weights of the running sums, if the sums of the polynomials are known.
pub(super) fn weights(moments: &[f64], target: f64, span: f64, ridge: f64, out: &mut Weights) {
    let count = moments.len().div_ceil(2).min(MOST);
    let moment = |n: usize| moments.get(n).copied().unwrap_or(0.0);
    let mut matrix = [[0.0; MOST]; MOST];
    for (i, row) in matrix.iter_mut().enumerate().take(count) {
        for (j, value) in row.iter_mut().enumerate().take(count) {
            *value = 0.5 * (moment(i + j) + moment(i.abs_diff(j)));
            if i == j {
                *value += ridge;
            }
        }
    }
    let basis = basis(target, span, count);
    let mut right = [0.0; MOST];
    for (to, from) in right.iter_mut().zip(basis) {
        *to = from;
    }
    if !solve(&mut matrix, &mut right, count) {
        return;
    }
    for (w, value) in out.values.iter_mut().zip(right).take(count) {
        *w = value;
    }
    out.len = count;
}
