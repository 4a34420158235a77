//! What a policy may ask for, measured on slices; and the blend of anchors.
//!
//! Plain loops that add up in double precision, for hosts whose features lie in ordinary memory.
//! They need `core` alone. Slices that belong together have one length; what is longer is left out.

use crate::predict::MAX_ANCHORS;

/// Relative L1 change `mean|now − reference| / mean|reference|`, as TeaCache and FBCache ask for it.
/// Infinite or NaN, which a scheduler takes for unknown, if the reference is all zeros or a value
/// is not finite.
#[must_use]
pub fn relative_l1(reference: &[f32], now: &[f32]) -> f64 {
    let (change, size) = sums(reference, now);
    change / size
}

/// `Σ|now − reference|` and `Σ|reference|`.
fn sums(reference: &[f32], now: &[f32]) -> (f64, f64) {
    let (mut change, mut size) = (0.0, 0.0);
    for (r, n) in reference.iter().zip(now) {
        let (r, n) = (f64::from(*r), f64::from(*n));
        change += (n - r).abs();
        size += r.abs();
    }
    (change, size)
}

/// Mean absolute change `mean|now − reference|`, as EasyCache asks for it. NaN if there are no
/// values.
#[must_use]
pub fn mean_change(reference: &[f32], now: &[f32]) -> f64 {
    let count = reference.len().min(now.len());
    let changes = reference.iter().zip(now);
    let sum: f64 = changes
        .map(|(r, n)| (f64::from(*n) - f64::from(*r)).abs())
        .sum();
    sum / count as f64
}

/// Transformation rate of the network, as EasyCache takes it from two computed calls:
/// `mean|v − v'| / mean|x − x'| / mean|v|`, where `change` is the network's output at the computed
/// call before and now, and `input` the change of its input between those calls,
/// [`mean_change`]`(x', x)`.
#[must_use]
pub fn rate(input: f64, output_before: &[f32], output: &[f32]) -> f64 {
    let (change, size) = sums(output, output_before);
    change / input / size
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

    const BEFORE: [f32; 4] = [1.0, -2.0, 3.0, -4.0];
    const NOW: [f32; 4] = [1.5, -2.0, 2.0, -5.0];

    #[test]
    fn changes() {
        // |0.5| + |0| + |−1| + |−1| over 1 + 2 + 3 + 4.
        assert_eq!(relative_l1(&BEFORE, &NOW), 0.25);
        assert_eq!(mean_change(&BEFORE, &NOW), 0.625);
        // mean|v − v'| = 0.625, mean|v| = 2.625, mean|x − x'| = 0.5.
        assert_eq!(rate(0.5, &BEFORE, &NOW), 0.625 / 0.5 / 2.625 + 0.0);
    }

    #[test]
    fn nothing_to_compare_with_is_unusable() {
        assert!(!relative_l1(&[0.0; 2], &NOW).is_finite());
        assert!(!relative_l1(&[], &[]).is_finite());
        assert!(!mean_change(&[], &[]).is_finite());
        assert!(!rate(0.0, &BEFORE, &NOW).is_finite());
    }

    #[test]
    fn blend_leaves_out_weight_zero() {
        let mut out = [0.0; 4];
        blend(&[2.0, 0.0, -1.0], &NOW, &[&BEFORE, &[], &NOW], &mut out);
        assert_eq!(out, BEFORE.map(|v| 2.0 * v));
    }
}
