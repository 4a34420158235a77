//! HyCa: "Let Features Decide Their Own Solvers: Hybrid Feature Caching for Diffusion Transformers",
//! ICLR 2026 (arXiv 2510.04188), from third-party code that cites its appendix.
//!
//! Fixed combinations of the last three computed features, whatever the distance: `rk2` 1.5 F₀ − 0.5
//! F₂, `ab2` 2.5 F₀ − 2 F₁ + 0.5 F₂, `forward` 2 F₀ − F₁, `bdf2` 4/3 F₀ − 1/3 F₁, `adams-moulton` a step of
//! ab2 corrected. All but bdf2 are exact on straight lines at a distance of one gap, none on
//! parabolas; bdf2 has a third of the slope. The method picks one for each cluster of channels, which
//! is a table of the host's.

use super::{PredictorKind, Weights};

/// Weights over up to three of `times`; with fewer than a solver needs, those of `forward`.
pub(super) fn weights(kind: PredictorKind, times: &[f64], out: &mut Weights) {
    let all: &[f64] = match (kind, times.len()) {
        (_, 0 | 1) => return out.hold(times),
        (PredictorKind::Bdf2, _) => &[4.0 / 3.0, -1.0 / 3.0],
        (PredictorKind::Rk2, 3..) => &[1.5, 0.0, -0.5],
        (PredictorKind::Ab2, 3..) => &[2.5, -2.0, 0.5],
        (PredictorKind::AdamsMoulton, 3..) => &[55.0 / 24.0, -19.0 / 12.0, 7.0 / 24.0],
        _ => &[2.0, -1.0],
    };
    for (w, value) in out.values.iter_mut().zip(all) {
        *w = *value;
    }
    out.len = all.len();
}
