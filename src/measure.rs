//! What a policy may ask for, measured on slices; the blend of anchors, and their running sums.
//!
//! Plain loops that add up in double precision, for hosts whose features lie in ordinary memory.
//! They need `core` alone. Slices that belong together have one length; what is longer is left out.

use crate::numeric::sqrt;
use crate::predict::MAX_ANCHORS;
use crate::signal::Metric;

/// How much a tensor has changed, in that metric: 0 or more.
///
/// Infinite or NaN, which a scheduler takes for unknown, if a relative change has a reference that
/// is all zeros, a value is not finite, or there are none.
#[must_use]
pub fn change(metric: Metric, reference: &[f32], now: &[f32]) -> f64 {
    let count = reference.len().min(now.len()) as f64;
    if count == 0.0 {
        return f64::NAN;
    }
    match metric {
        Metric::RelativeL1 => {
            let [change, size] = sums(reference, now, |r, n| [(n - r).abs(), r.abs()]);
            change / size
        }
        Metric::RelativeL2 => {
            let [change, size] = sums(reference, now, |r, n| [(n - r) * (n - r), r * r]);
            sqrt(change / size)
        }
        Metric::Cosine => {
            let [dot, r2, n2] = sums(reference, now, |r, n| [r * n, r * r, n * n]);
            let distance = 1.0 - dot / sqrt(r2 * n2);
            // Rounding may leave less than nothing, which would be no distance at all.
            if distance < 0.0 { 0.0 } else { distance }
        }
        Metric::MeanAbsolute => {
            let [change] = sums(reference, now, |r, n| [(n - r).abs()]);
            change / count
        }
        Metric::MeanSquare => {
            let [change] = sums(reference, now, |r, n| [(n - r) * (n - r)]);
            change / count
        }
        Metric::L2 => {
            let [change] = sums(reference, now, |r, n| [(n - r) * (n - r)]);
            sqrt(change)
        }
    }
}

/// Sums over the pairs of two slices.
fn sums<const N: usize>(a: &[f32], b: &[f32], of: impl Fn(f64, f64) -> [f64; N]) -> [f64; N] {
    let mut sums = [0.0; N];
    for (a, b) in a.iter().zip(b) {
        for (sum, term) in sums.iter_mut().zip(of(f64::from(*a), f64::from(*b))) {
            *sum += term;
        }
    }
    sums
}

/// Transformation rate of the network, as EasyCache takes it from two computed calls:
/// `mean|v − v'| / mean|x − x'| / mean|v|`, where v' and v are the network's output at the computed
/// call before and now, and `input` is the [`change`] of its input between those calls, as a
/// [mean](Metric::MeanAbsolute).
#[must_use]
pub fn rate(input: f64, output_before: &[f32], output: &[f32]) -> f64 {
    let [change, size] = sums(output, output_before, |v, v_before| {
        [(v - v_before).abs(), v.abs()]
    });
    change / input / size
}

/// How far a probe has moved since the older of the last two computed calls, as a multiple of how
/// far it had moved between them: `mean|probe − older| / mean|newest − older|`, the factor of an
/// aligned prediction (DiCache).
#[must_use]
pub fn alignment(probe: &[f32], newest: &[f32], older: &[f32]) -> f64 {
    let [moved] = sums(probe, older, |p, o| [(p - o).abs()]);
    let [before] = sums(newest, older, |n, o| [(n - o).abs()]);
    moved / before
}

/// Inner product of two features, as the fit of DMD wants it.
#[must_use]
pub fn product(a: &[f32], b: &[f32]) -> f64 {
    let [product] = sums(a, b, |a, b| [a * b]);
    product
}

/// Running sums of computed features: `sumₖ = weightₖ · feature` if they are `fresh`, what a
/// decision with [`SET_SLOTS`](crate::scheduler::SET_SLOTS) asks for, else `sumₖ += weightₖ ·
/// feature`, as with [`ADD_TO_SLOTS`](crate::scheduler::ADD_TO_SLOTS).
pub fn accumulate(fresh: bool, weights: &[f32], feature: &[f32], sums: &mut [&mut [f32]]) {
    for (weight, sum) in weights.iter().zip(sums) {
        let weight = f64::from(*weight);
        for (to, from) in sum.iter_mut().zip(feature) {
            let before = if fresh { 0.0 } else { f64::from(*to) };
            *to = (before + weight * f64::from(*from)) as f32;
        }
    }
}

/// `out = base + Σ weightₖ · anchorₖ`, each element added up in double precision.
///
/// An anchor whose weight is 0 is not read and may be empty.
pub fn blend(weights: &[f32], base: &[f32], anchors: &[&[f32]], out: &mut [f32]) {
    for (to, from) in out.iter_mut().zip(base) {
        *to = *from;
    }
    blend_onto(weights, anchors, out);
}

/// [`blend`] in place: `out += Σ weightₖ · anchorₖ`.
pub fn blend_onto(weights: &[f32], anchors: &[&[f32]], out: &mut [f32]) {
    let mut used: [(f64, &[f32]); MAX_ANCHORS] = [(0.0, &[]); MAX_ANCHORS];
    let mut count = 0;
    let some = weights.iter().zip(anchors).filter(|(w, _)| **w != 0.0);
    for (slot, (weight, anchor)) in used.iter_mut().zip(some) {
        *slot = (f64::from(*weight), anchor);
        count += 1;
    }
    for (i, out) in out.iter_mut().enumerate() {
        let mut sum = f64::from(*out);
        for (weight, anchor) in used.iter().take(count) {
            sum += weight * anchor.get(i).map_or(0.0, |a| f64::from(*a));
        }
        *out = sum as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Named;

    const BEFORE: [f32; 4] = [1.0, -2.0, 3.0, -4.0];
    const NOW: [f32; 4] = [1.5, -2.0, 2.0, -5.0];

    #[test]
    fn changes() {
        // Changes 0.5, 0, −1, −1; squares 0.25, 0, 1, 1 over 1, 4, 9, 16.
        let close = |metric, expected: f64| {
            let found = change(metric, &BEFORE, &NOW);
            assert!((found - expected).abs() < 1e-15, "{metric}: {found}");
        };
        close(Metric::RelativeL1, 0.25);
        close(Metric::RelativeL2, (2.25_f64 / 30.0).sqrt());
        close(
            Metric::Cosine,
            1.0 - (1.5 + 4.0 + 6.0 + 20.0) / (30.0 * 35.25_f64).sqrt(),
        );
        close(Metric::MeanAbsolute, 0.625);
        close(Metric::MeanSquare, 0.5625);
        close(Metric::L2, 1.5);
        // mean|v − v'| = 0.625, mean|v| = 2.625, mean|x − x'| = 0.5.
        assert_eq!(rate(0.5, &BEFORE, &NOW), 0.625 / 0.5 / 2.625);
    }

    #[test]
    fn a_tensor_that_stays_has_not_changed() {
        let tensor = [0.1, 0.7, -0.3, 1e-3];
        for metric in Metric::ALL {
            let found = change(*metric, &tensor, &tensor);
            assert!((0.0..1e-15).contains(&found), "{metric}: {found}");
        }
        assert!(change(Metric::Cosine, &NOW, &NOW.map(|v| 3.0 * v)) >= 0.0);
    }

    #[test]
    fn nothing_to_compare_with_is_unusable() {
        for metric in Metric::ALL {
            assert!(!change(*metric, &[], &[]).is_finite(), "{metric}");
            let broken = change(*metric, &BEFORE, &[f32::NAN; 4]);
            assert!(!broken.is_finite(), "{metric}");
        }
        for metric in [Metric::RelativeL1, Metric::RelativeL2, Metric::Cosine] {
            assert!(!change(metric, &[0.0; 2], &NOW).is_finite(), "{metric}");
        }
        assert!(!rate(0.0, &BEFORE, &NOW).is_finite());
        assert!(!alignment(&NOW, &BEFORE, &BEFORE).is_finite());
    }

    #[test]
    fn an_alignment_is_a_ratio_of_distances() {
        assert_eq!(alignment(&NOW, &NOW, &BEFORE), 1.0);
        assert_eq!(alignment(&BEFORE, &NOW, &BEFORE), 0.0);
        let further = [2.0, -2.0, 1.0, -6.0];
        assert_eq!(alignment(&further, &NOW, &BEFORE), 2.0);
    }

    #[test]
    fn products_and_running_sums() {
        assert_eq!(product(&BEFORE, &NOW), 1.5 + 4.0 + 6.0 + 20.0);
        let (mut a, mut b) = ([9.0; 4], [9.0; 4]);
        accumulate(true, &[2.0, 0.0], &BEFORE, &mut [&mut a, &mut b]);
        assert_eq!((a, b), (BEFORE.map(|v| 2.0 * v), [0.0; 4]));
        accumulate(false, &[-2.0, 1.0], &BEFORE, &mut [&mut a, &mut b]);
        assert_eq!((a, b), ([0.0; 4], BEFORE));
    }

    #[test]
    fn blend_leaves_out_weight_zero() {
        let mut out = [0.0; 4];
        blend(&[2.0, 0.0, -1.0], &NOW, &[&BEFORE, &[], &NOW], &mut out);
        assert_eq!(out, BEFORE.map(|v| 2.0 * v));
    }

    #[test]
    fn blend_takes_as_many_anchors_as_a_ring_has() {
        let mut out = [0.0; 4];
        blend(&[0.125; 8], &[0.0; 4], &[&NOW[..]; 8], &mut out);
        assert_eq!(out, NOW);
    }
}
