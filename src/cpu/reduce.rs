//! `absolute_sums` and `sum_partials`.

use pulp::{Arch, Simd, WithSimd};

use super::{
    split::{Shared, each, part, tasks},
    tile::load,
};
use crate::kernels::params::ReduceParams;

/// Σ|now − reference| and Σ|reference| of every slice.
pub(super) fn absolute_sums(
    arch: Arch,
    params: &ReduceParams,
    reference: &[f32],
    now: &[f32],
    partials: &mut [f32],
) {
    let [len, slice] = [params.len, params.slice].map(|n| n as usize);
    let slices = len.div_ceil(slice);
    let parts = tasks(len * 2, slices);
    let partials = Shared::new(partials);
    each(parts, |i| {
        let range = part(slices, 1, parts, i);
        // SAFETY: the parts are disjoint ranges of slices.
        let sums = unsafe { partials.range(2 * range.start..2 * range.end) };
        for (slice_index, sums) in range.zip(sums.chunks_exact_mut(2)) {
            let elements = slice_index * slice..((slice_index + 1) * slice).min(len);
            let [difference, magnitude] = arch.dispatch(Slice {
                reference: &reference[elements.clone()],
                now: &now[elements],
            });
            sums[0] = difference;
            sums[1] = magnitude;
        }
    });
}

struct Slice<'a> {
    reference: &'a [f32],
    now: &'a [f32],
}

impl WithSimd for Slice<'_> {
    type Output = [f32; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f32; 2] {
        let mut difference = simd.splat_f32s(0.0);
        let mut magnitude = difference;
        for at in (0..self.reference.len()).step_by(S::F32_LANES) {
            let reference = load(simd, &self.reference[at..]);
            let now = load(simd, &self.now[at..]);
            let change = simd.abs_f32s(simd.sub_f32s(now, reference));
            difference = simd.add_f32s(difference, change);
            magnitude = simd.add_f32s(magnitude, simd.abs_f32s(reference));
        }
        [difference, magnitude].map(|sum| simd.reduce_sum_f32s(sum))
    }
}

/// The sum of all pairs, into pair `slot` of `sums`; the others keep their values.
pub(super) fn sum_partials(params: &ReduceParams, partials: &[f32], sums: &mut [f32]) {
    let mut total = [0.0f64; 2];
    for pair in partials[..2 * params.len as usize].chunks_exact(2) {
        total[0] += f64::from(pair[0]);
        total[1] += f64::from(pair[1]);
    }
    let at = 2 * params.slot as usize;
    sums[at..at + 2].copy_from_slice(&total.map(|sum| sum as f32));
}
