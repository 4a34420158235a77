//! `mix_tokens` and `gated_add`.

use core::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::{
    split::{Shared, each, part, tasks},
    tile::{load, store},
};
use crate::kernels::params::{GatedAddParams, MixParams};

/// `out[b, i, c] = Σⱼ m[i, j] · x[b, j, c]`, j in ascending order but for pictures of one channel.
pub(super) fn mix_tokens(arch: Arch, params: &MixParams, m: &[f32], x: &[f32], out: &mut [f32]) {
    let [batch, rows, channels] = [params.batch, params.rows, params.channels].map(|n| n as usize);
    let all = batch * rows;
    let parts = tasks(all * channels * params.tokens as usize, all);
    let out = Shared::new(out);
    each(parts, |i| {
        let rows = part(all, 1, parts, i);
        // SAFETY: the parts are disjoint ranges of rows.
        let out = unsafe { out.range(rows.start * channels..rows.end * channels) };
        arch.dispatch(Mix {
            params,
            m,
            x,
            rows,
            out,
        });
    });
}

struct Mix<'a> {
    params: &'a MixParams,
    m: &'a [f32],
    x: &'a [f32],
    /// Of all images.
    rows: Range<usize>,
    out: &'a mut [f32],
}

impl WithSimd for Mix<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [tokens, channels, each] =
            [self.params.tokens, self.params.channels, self.params.rows].map(|n| n as usize);
        for (row, out) in self.rows.zip(self.out.chunks_exact_mut(channels)) {
            let weights = &self.m[row % each * tokens..][..tokens];
            let image = &self.x[row / each * tokens * channels..][..tokens * channels];
            if channels == 1 {
                out[0] = dot(simd, weights, image);
                continue;
            }
            for at in (0..channels).step_by(S::F32_LANES) {
                let mut sum = simd.splat_f32s(0.0);
                let here = (channels - at).min(S::F32_LANES);
                for (weight, x) in weights.iter().zip(image.chunks_exact(channels)) {
                    let x = load(simd, &x[at..at + here]);
                    sum = simd.mul_add_e_f32s(simd.splat_f32s(*weight), x, sum);
                }
                store(simd, &mut out[at..at + here], sum);
            }
        }
    }
}

#[inline(always)]
fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let mut sum = simd.splat_f32s(0.0);
    for at in (0..a.len()).step_by(S::F32_LANES) {
        sum = simd.mul_add_e_f32s(load(simd, &a[at..]), load(simd, &b[at..]), sum);
    }
    simd.reduce_sum_f32s(sum)
}

/// `residual + gate · x`, rounded as the fused linear layer rounds it.
pub(super) struct GatedAdd<'a> {
    pub(super) params: &'a GatedAddParams,
    pub(super) x: &'a [f32],
    pub(super) gate: &'a [f32],
    pub(super) residual: &'a [f32],
}

impl GatedAdd<'_> {
    /// Writes rows × channels.
    pub(super) fn run(&self, arch: Arch, out: &mut [f32]) {
        let [rows, channels] = [self.params.rows, self.params.channels].map(|n| n as usize);
        let parts = tasks(rows * channels * 3, rows);
        let out = Shared::new(out);
        each(parts, |i| {
            let rows = part(rows, 1, parts, i);
            // SAFETY: the parts are disjoint ranges of rows.
            let out = unsafe { out.range(rows.start * channels..rows.end * channels) };
            let add = self;
            arch.dispatch(GatedRows { add, rows, out });
        });
    }
}

struct GatedRows<'a, 'b> {
    add: &'a GatedAdd<'b>,
    rows: Range<usize>,
    out: &'a mut [f32],
}

impl WithSimd for GatedRows<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let GatedAdd {
            params,
            x,
            gate,
            residual,
        } = *self.add;
        let [channels, tokens, stride, offset] =
            [params.channels, params.tokens, params.stride, params.offset].map(|n| n as usize);
        for (row, out) in self.rows.zip(self.out.chunks_exact_mut(channels)) {
            let x = &x[row * channels..][..channels];
            let residual = &residual[row * channels..][..channels];
            let gate = &gate[row / tokens * stride + offset..][..channels];
            for at in (0..channels).step_by(S::F32_LANES) {
                let [gate, x, residual] = [gate, x, residual].map(|from| load(simd, &from[at..]));
                store(simd, &mut out[at..], simd.mul_add_e_f32s(gate, x, residual));
            }
        }
    }
}
