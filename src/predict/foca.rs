//! FoCa: "Forecast then Calibrate: Feature Caching as ODE for Efficient Diffusion Transformers",
//! AAAI 2026 (arXiv 2508.16211).
//!
//! A BDF2 forecast and a Heun corrector, applied call by call to the last two values, forecasts
//! included. The BDF2 stage gives back the slope that it was fed with, and the recursion has the closed
//! form `F + k a + (d − a)(1 − 2⁻ᵏ)` at distance k from the newest computed feature F, where a is the
//! slope between the last two computed features and d what the refresh changed: F less the forecast
//! made one call before. So it is a straight line and a correction that fades by half with every call.
//! Exact on straight lines. cache-dit forgets to divide the slope by the gap, and clamps the distance.

use super::Weights;
use crate::numeric::powf;

/// Weights of the newest computed feature, the one before, and the forecast made just before the
/// newest. Along the step axis.
pub(super) fn weights(times: &[f64], target: f64, hat: bool, out: &mut Weights) {
    let [newest, older, ..] = *times else {
        return out.hold(times);
    };
    let (gap, k) = (newest - older, target - newest);
    // Without a forecast before it, the refresh was no surprise.
    let fade = if hat { 1.0 - powf(0.5, k) } else { 0.0 };
    let slope = (k - fade) / gap;
    let all = [1.0 + slope + fade, -slope, -fade];
    for (w, value) in out.values.iter_mut().zip(all) {
        *w = value;
    }
    out.len = if hat { 3 } else { 2 };
}
