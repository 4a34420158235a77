//! `layer_norm_modulate`.

use core::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::{
    split::{Shared, each, part, tasks},
    tile::{load, store},
};
use crate::kernels::params::NormParams;

/// One layer norm with its modulation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Norm<'a> {
    pub(super) params: NormParams,
    /// Rows × channels.
    pub(super) x: &'a [f32],
    /// Images × stride.
    pub(super) modulation: &'a [f32],
}

impl Norm<'_> {
    /// Writes rows × channels.
    pub(super) fn run(&self, arch: Arch, out: &mut [f32]) {
        let [rows, channels] = [self.params.rows, self.params.channels].map(|n| n as usize);
        if channels == 0 {
            return;
        }
        // Three reads, two of them from the first-level cache.
        let parts = tasks(rows * channels * 4, rows);
        let out = Shared::new(out);
        each(parts, |i| {
            let rows = part(rows, 1, parts, i);
            // SAFETY: the parts are disjoint ranges of rows.
            let out = unsafe { out.range(rows.start * channels..rows.end * channels) };
            arch.dispatch(Block {
                norm: self,
                rows,
                out,
            });
        });
    }
}

struct Block<'a, 'b> {
    norm: &'a Norm<'b>,
    rows: Range<usize>,
    out: &'a mut [f32],
}

impl WithSimd for Block<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Norm {
            params,
            x,
            modulation,
        } = *self.norm;
        let [channels, tokens, stride, shift, scale] = [
            params.channels,
            params.tokens,
            params.stride,
            params.shift_offset,
            params.scale_offset,
        ]
        .map(|n| n as usize);
        for (row, out) in self.rows.zip(self.out.chunks_exact_mut(channels)) {
            let x = &x[row * channels..][..channels];
            let (head, tail) = S::as_simd_f32s(x);
            let mean = sum(simd, head, tail, |x| x) / channels as f32;
            let means = simd.splat_f32s(mean);
            // Lanes beyond the end of the row count as its mean: their deviation is zero.
            let last = (!tail.is_empty()).then(|| {
                let mut lanes = [mean; 64];
                lanes[..tail.len()].copy_from_slice(tail);
                load(simd, &lanes)
            });
            let deviation = |x| simd.sub_f32s(x, means);
            let square = |x| simd.mul_f32s(deviation(x), deviation(x));
            let mut deviations = sum(simd, head, &[], deviation);
            let mut squares = sum(simd, head, &[], square);
            if let Some(last) = last {
                deviations += simd.reduce_sum_f32s(deviation(last));
                squares += simd.reduce_sum_f32s(square(last));
            }
            // What rounding left of the mean matters where it is large beside the deviations.
            let correction = deviations / channels as f32;
            let variance = (squares / channels as f32 - correction * correction).max(0.0);
            let inverse = 1.0 / libm::sqrtf(variance + params.epsilon);
            let corrections = simd.splat_f32s(correction);
            let inverses = simd.splat_f32s(inverse);
            let one = simd.splat_f32s(1.0);
            let shared = row / tokens * stride;
            let shifts = &modulation[shared + shift..][..channels];
            let scales = &modulation[shared + scale..][..channels];
            for at in (0..channels).step_by(S::F32_LANES) {
                let deviation = simd.sub_f32s(deviation(load(simd, &x[at..])), corrections);
                let normal = simd.mul_f32s(deviation, inverses);
                let scale = simd.add_f32s(load(simd, &scales[at..]), one);
                let value = simd.mul_add_e_f32s(normal, scale, load(simd, &shifts[at..]));
                store(simd, &mut out[at..], value);
            }
        }
    }
}

/// Σ of `f` over the whole vectors and the tail, whose missing lanes are zero.
#[inline(always)]
pub(super) fn sum<S: Simd>(
    simd: S,
    head: &[S::f32s],
    tail: &[f32],
    f: impl Fn(S::f32s) -> S::f32s,
) -> f32 {
    // Two sums, so that one addition need not wait for the last.
    let mut even = simd.splat_f32s(0.0);
    let mut odd = even;
    let mut pairs = head.chunks_exact(2);
    for pair in &mut pairs {
        even = simd.add_f32s(even, f(pair[0]));
        odd = simd.add_f32s(odd, f(pair[1]));
    }
    for last in pairs.remainder() {
        even = simd.add_f32s(even, f(*last));
    }
    if !tail.is_empty() {
        odd = simd.add_f32s(odd, f(load(simd, tail)));
    }
    simd.reduce_sum_f32s(simd.add_f32s(even, odd))
}
