//! Kernels whose output elements depend on few inputs: subtract, the guide family, condition
//! and timestep features.

use pulp::{Arch, Simd, WithSimd};

use super::{
    math::silu,
    split::{Shared, each, part, tasks},
    tile::{load, store},
};
use crate::kernels::params::{ConditionParams, GuideParams, TimestepParams};

/// Calls `body` with parts of `out` and where each starts, on vectors and threads.
pub(super) fn parts(
    arch: Arch,
    out: &mut [f32],
    work_each: usize,
    body: impl Fn(usize, &mut [f32]) + Send + Sync,
) {
    let len = out.len();
    let parts = tasks(len * work_each, len);
    let out = Shared::new(out);
    each(parts, |i| {
        let range = part(len, 64, parts, i);
        // SAFETY: the parts are disjoint.
        let out = unsafe { out.range(range.clone()) };
        arch.dispatch(
            #[inline(always)]
            || body(range.start, out),
        );
    });
}

/// A copy.
pub(super) fn copy(arch: Arch, from: &[f32], out: &mut [f32]) {
    parts(arch, out, 1, |start, out| {
        out.copy_from_slice(&from[start..start + out.len()]);
    });
}

/// `a - b`.
pub(super) fn subtract(arch: Arch, a: &[f32], b: &[f32], out: &mut [f32]) {
    parts(arch, out, 1, |start, out| {
        for ((out, a), b) in out.iter_mut().zip(&a[start..]).zip(&b[start..]) {
            *out = a - b;
        }
    });
}

/// Classifier-free guidance: `u + scale · (c - u)`.
pub(super) fn guide(arch: Arch, params: &GuideParams, output: &[f32], guided: &mut [f32]) {
    let [batch, channels, out_channels, pixels] = [
        params.batch,
        params.channels,
        params.out_channels,
        params.pixels,
    ]
    .map(|n| n as usize);
    let scale = params.scale;
    let (conditional, unconditional) = output.split_at(batch * out_channels * pixels);
    arch.dispatch(
        #[inline(always)]
        || {
            let kept = channels * pixels;
            for (b, guided) in guided[..batch * kept].chunks_exact_mut(kept).enumerate() {
                let from = b * out_channels * pixels..b * out_channels * pixels + kept;
                let pairs = conditional[from.clone()].iter().zip(&unconditional[from]);
                for (guided, (c, u)) in guided.iter_mut().zip(pairs) {
                    *guided = u + scale * (c - u);
                }
            }
        },
    );
}

/// `u − c`, of the channels that are kept.
pub(super) fn guide_difference(params: &GuideParams, output: &[f32], difference: &mut [f32]) {
    let [batch, channels, out_channels, pixels] = [
        params.batch,
        params.channels,
        params.out_channels,
        params.pixels,
    ]
    .map(|n| n as usize);
    let (kept, given) = (channels * pixels, out_channels * pixels);
    let (conditional, unconditional) = output.split_at(batch * given);
    let rows = conditional
        .chunks_exact(given)
        .zip(unconditional.chunks_exact(given));
    for (out, (c, u)) in difference.chunks_exact_mut(kept).zip(rows) {
        for (out, (c, u)) in out.iter_mut().zip(c.iter().zip(u)) {
            *out = u - c;
        }
    }
}

/// Guidance without the unconditional rows: `c + (1 − scale) · difference`.
pub(super) fn guide_kept(
    params: &GuideParams,
    output: &[f32],
    difference: &[f32],
    guided: &mut [f32],
) {
    let [channels, out_channels, pixels] =
        [params.channels, params.out_channels, params.pixels].map(|n| n as usize);
    let (kept, given) = (channels * pixels, out_channels * pixels);
    let factor = 1.0 - params.scale;
    let rows = output
        .chunks_exact(given)
        .zip(difference.chunks_exact(kept));
    let rows = guided.chunks_exact_mut(kept).zip(rows);
    for (out, (c, difference)) in rows.take(params.batch as usize) {
        for (out, (c, difference)) in out.iter_mut().zip(c.iter().zip(difference)) {
            *out = c + factor * difference;
        }
    }
}

/// `silu(time + table[label])`.
pub(super) struct Condition<'a> {
    pub(super) params: &'a ConditionParams,
    pub(super) time: &'a [f32],
    pub(super) table: &'a [f32],
    pub(super) label: &'a [f32],
    pub(super) out: &'a mut [f32],
}

impl WithSimd for Condition<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [batch, channels, labels] =
            [self.params.batch, self.params.channels, self.params.labels].map(|n| n as usize);
        for row in 0..batch {
            let label = self.label[row];
            let known = label >= 0.0 && label < labels as f32;
            let index = if known { label as usize } else { labels - 1 };
            let time = &self.time[row * channels..][..channels];
            let embedding = &self.table[index * channels..][..channels];
            let out = &mut self.out[row * channels..][..channels];
            for at in (0..channels).step_by(S::F32_LANES) {
                let sum = simd.add_f32s(load(simd, &time[at..]), load(simd, &embedding[at..]));
                store(simd, &mut out[at..], silu(simd, sum));
            }
        }
    }
}

/// Cosines, then sines. A row whose timestep equals that of the row before is copied: in sampling
/// they all do.
pub(super) fn timestep_features(params: &TimestepParams, t: &[f32], features: &mut [f32]) {
    let width = params.features as usize;
    let half = width / 2;
    for row in 0..params.batch as usize {
        if row > 0 && t[row].to_bits() == t[row - 1].to_bits() {
            features.copy_within((row - 1) * width..row * width, row * width);
            continue;
        }
        for (i, feature) in features[row * width..][..width].iter_mut().enumerate() {
            let is_sine = i >= half;
            let k = if is_sine { i - half } else { i };
            let exponent = -libm::logf(params.max_period) * k as f32 / half as f32;
            let angle = t[row] * libm::expf(exponent);
            *feature = if is_sine {
                libm::sinf(angle)
            } else {
                libm::cosf(angle)
            };
        }
    }
}
