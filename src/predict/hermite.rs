//! HiCache: "Training-free Acceleration of Diffusion Models via Hermite Polynomial-based Feature
//! Caching", 2025 (arXiv 2508.16984).
//!
//! TaylorSeer's table with scaled Hermite polynomials in place of powers: `F + Σ Di · σⁱ Hᵢ(σx) / i!`,
//! H the physicists' polynomials (H₀ = 1, H₁ = 2x, Hₙ₊₁ = 2x Hₙ − 2n Hₙ₋₁). The slope is 2σ² times
//! TaylorSeer's: half of it at the published σ = 0.5, all of it, and so exact on straight lines, at
//! σ = 1/√2. It does not interpolate: at x = 0 the second order leaves −σ² D2. σ above 1/√2
//! amplifies. Distances are in units of the axis and keep their sign, so ascending and descending
//! clocks agree; an implementation that took −x for x fell back to reuse and nobody noticed.

use super::{Weights, taylor};

/// Weights over `times`, newest first and distinct.
pub(super) fn weights(times: &[f64], target: f64, sigma: f64, out: &mut Weights) {
    let Some(&newest) = times.first() else { return };
    let x = target - newest;
    taylor::combine(times, |order| factor(order, sigma, x), out);
}

/// `σⁿ Hₙ(σx) / n!`
pub(super) fn factor(order: usize, sigma: f64, x: f64) -> f64 {
    let argument = sigma * x;
    // Of σⁿ Hₙ / n! the recurrence is 2σ (argument · fₙ − σ fₙ₋₁) / (n + 1).
    let (mut before, mut now) = (0.0, 1.0);
    for n in 0..order {
        let next = 2.0 * sigma * (argument * now - sigma * before) / (n + 1) as f64;
        (before, now) = (now, next);
    }
    now
}
