//! AB-Cache: "Training-Free Acceleration of Diffusion Models via Adams-Bashforth Cached Feature
//! Reuse", 2025 (arXiv 2504.10540), in the form in which "predictive feature caching" for molecules
//! restates it (arXiv 2510.04646).
//!
//! `Σᵢ₌₁ʲ (−1)ⁱ⁺¹ C(j, i) F(t + i)` over the last j values, forecasts included: the polynomial of degree
//! j − 1 through evenly spaced values, and exact on those. The coefficients of the paper itself were
//! not found.

use super::Weights;

/// Weights over the last values, one for each of `times`.
pub(super) fn weights(times: &[f64], out: &mut Weights) {
    let j = times.len();
    let mut choose = 1.0;
    let mut sign = 1.0;
    for (i, w) in out.values.iter_mut().enumerate().take(j) {
        choose = choose * (j - i) as f64 / (i + 1) as f64;
        *w = sign * choose;
        sign = -sign;
    }
    out.len = j;
}
