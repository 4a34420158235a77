//! The last change once more, and a place between two features.
//!
//! `gradient`: `F₀ + g (F₀ − F₁)`, whatever the distance. GOC, "Accelerating Diffusion Transformer via
//! Gradient-Optimized Cache", ICCV 2025 (arXiv 2503.05156), has g = 1.2 at chosen steps, and its F are
//! what was used, forecasts included; FasterCache, ICLR 2025 (arXiv 2410.19355), has g rising from 0 to
//! 1 over the run in its paper, and a constant 0.3 or 0.5 in its code, over computed features. Exact on
//! constants.
//!
//! `aligned`: `F₁ + γ (F₀ − F₁)` with γ ≥ 1 measured on a probe. DiCache, "Let Diffusion Model Determine
//! Its Own Cache", ICLR 2026 (arXiv 2508.17356). Exact where the feature moves along a line as far as
//! the probe says.

use super::Weights;

/// Weights of the newest feature and the one before it, if the newest is worth `newest` of the two.
fn pair(times: &[f64], newest: f64, out: &mut Weights) {
    if times.len() < 2 || newest == 1.0 {
        return out.hold(times);
    }
    let [first, second, ..] = &mut out.values;
    (*first, *second) = (newest, 1.0 - newest);
    out.len = 2;
}

/// `F₀ + gain (F₀ − F₁)`
pub(super) fn gradient(times: &[f64], gain: f64, out: &mut Weights) {
    pair(times, 1.0 + gain, out);
}

/// `F₁ + gamma (F₀ − F₁)`
pub(super) fn aligned(times: &[f64], gamma: f64, out: &mut Weights) {
    pair(times, gamma, out);
}
