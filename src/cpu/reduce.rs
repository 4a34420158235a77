//! `absolute_sums`, `square_sums`, `products` and `sum_partials`.

use pulp::{Arch, Simd, WithSimd};

use super::{
    split::{Shared, each, part, tasks},
    tile::load,
};
use crate::kernels::params::ReduceParams;

/// What is added up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pair {
    /// |b − a| and |a|.
    Absolute,
    /// (b − a)² and a².
    Square,
    /// a·b and a².
    Product,
}

/// The pair of sums of every slice of both tensors.
pub(super) fn slices(
    arch: Arch,
    pair: Pair,
    params: &ReduceParams,
    [a, b]: [&[f32]; 2],
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
            let (a, b) = (&a[elements.clone()], &b[elements]);
            sums.copy_from_slice(&arch.dispatch(Slice { pair, a, b }));
        }
    });
}

struct Slice<'a> {
    pair: Pair,
    a: &'a [f32],
    b: &'a [f32],
}

impl WithSimd for Slice<'_> {
    type Output = [f32; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f32; 2] {
        match self.pair {
            Pair::Absolute => self.sum(simd, |a, b| {
                [simd.abs_f32s(simd.sub_f32s(b, a)), simd.abs_f32s(a)]
            }),
            Pair::Square => self.sum(simd, |a, b| {
                let change = simd.sub_f32s(b, a);
                [simd.mul_f32s(change, change), simd.mul_f32s(a, a)]
            }),
            Pair::Product => self.sum(simd, |a, b| [simd.mul_f32s(a, b), simd.mul_f32s(a, a)]),
        }
    }
}

impl Slice<'_> {
    #[inline(always)]
    fn sum<S: Simd>(&self, simd: S, pair: impl Fn(S::f32s, S::f32s) -> [S::f32s; 2]) -> [f32; 2] {
        let mut sums = [simd.splat_f32s(0.0); 2];
        for at in (0..self.a.len()).step_by(S::F32_LANES) {
            let terms = pair(load(simd, &self.a[at..]), load(simd, &self.b[at..]));
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum = simd.add_f32s(*sum, term);
            }
        }
        sums.map(|sum| simd.reduce_sum_f32s(sum))
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
