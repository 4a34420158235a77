//! `attention`: two matrix products with a softmax between them, by blocks of queries of one head.
//!
//! The scores of a block of queries stay in a scratch of the thread that computes them; keys and
//! values of the head are copied there once, into the panels of the matrix product.

use core::ops::Range;
use std::sync::{Mutex, PoisonError};

use pulp::{Arch, Simd, WithSimd};

use super::{
    lines::Lines,
    math::exp,
    norm::sum,
    split::{Shared, each, part, tasks},
    tile::{Finish, Panels, Rows, load, pack_transposed, panels_len, product, store, width},
};
use crate::kernels::params::AttentionParams;

/// Scores of a block: as many as stay in the second-level cache.
const SCORES: usize = 64 * 1024;

/// Queries of a block, a multiple of a tile's height.
fn block_rows(tokens: usize) -> usize {
    (SCORES / tokens.max(1) / 8).clamp(1, 8) * 8
}

/// Elements of scratch that a thread needs.
pub(super) fn scratch_len(tokens: usize, head_width: usize, panel_width: usize) -> usize {
    let keys = panels_len(head_width, tokens, panel_width);
    let values = panels_len(tokens, head_width, panel_width);
    let scores = block_rows(tokens) * tokens.next_multiple_of(panel_width);
    keys + values + scores + block_rows(tokens)
}

/// One attention layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attention<'a> {
    pub(super) params: AttentionParams,
    /// Channels of a head.
    pub(super) head_width: usize,
    /// Batch × tokens × (3 · heads · head width).
    pub(super) qkv: &'a [f32],
    /// A scratch for each thread of the pool, of at least [`scratch_len`] elements.
    pub(super) scratch: &'a [Mutex<Lines>],
}

impl Attention<'_> {
    /// Writes batch × tokens × (heads · head width). Must be called from a thread of the pool.
    pub(super) fn run(&self, arch: Arch, out: &mut [f32]) {
        let [batch, tokens, heads] =
            [self.params.batch, self.params.tokens, self.params.heads].map(|n| n as usize);
        let groups = batch * heads;
        let blocks = tokens.div_ceil(block_rows(tokens));
        let work = groups * tokens * tokens * self.head_width * 2;
        // Each part of a head packs its keys and values anew: cut heads only to occupy all threads.
        let wanted = tasks(work, groups * blocks);
        let cuts = wanted.div_ceil(groups).min(blocks);
        let out = Shared::new(out);
        each(groups * cuts, |task| {
            let thread = rayon::current_thread_index().unwrap_or(0);
            // A panic elsewhere cannot leave the scratch in a state that matters.
            let mut scratch = self.scratch[thread]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            arch.dispatch(Head {
                attention: self,
                image: task / cuts / heads,
                head: task / cuts % heads,
                rows: part(tokens, block_rows(tokens), cuts, task % cuts),
                scratch: &mut scratch,
                out,
            });
        });
    }
}

/// Some queries of one head of one image.
struct Head<'a, 'b> {
    attention: &'a Attention<'b>,
    image: usize,
    head: usize,
    rows: Range<usize>,
    scratch: &'a mut [f32],
    out: Shared<'a>,
}

impl WithSimd for Head<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Attention {
            params,
            head_width,
            qkv,
            ..
        } = *self.attention;
        let [tokens, heads] = [params.tokens, params.heads].map(|n| n as usize);
        let panel = width::<S>();
        let stride = 3 * heads * head_width;
        let first = self.image * tokens * stride + self.head * head_width;
        let queries = &qkv[first..];
        let keys = &qkv[first + heads * head_width..];
        let values = &qkv[first + 2 * heads * head_width..];

        let (packed_keys, rest) = self
            .scratch
            .split_at_mut(panels_len(head_width, tokens, panel));
        let (packed_values, rest) = rest.split_at_mut(panels_len(tokens, head_width, panel));
        let (inverse_sums, scores) = rest.split_at_mut(block_rows(tokens));
        pack_transposed(keys, stride, head_width, tokens, panel, packed_keys);
        pack_rows(values, stride, tokens, head_width, panel, packed_values);
        let keys = Panels {
            values: packed_keys,
            depth: head_width,
            columns: tokens,
        };
        let values = Panels {
            values: packed_values,
            depth: tokens,
            columns: head_width,
        };
        let score_stride = tokens.next_multiple_of(panel);

        let mut start = self.rows.start;
        while start < self.rows.end {
            let end = (start + block_rows(tokens)).min(self.rows.end);
            let finish = Scores {
                scale: params.scale,
                first_row: start,
                stride: score_stride,
                scores: Shared::new(&mut *scores),
            };
            let queries = Rows {
                values: queries,
                stride,
            };
            product(
                simd,
                queries,
                start..end,
                keys,
                0..tokens.div_ceil(panel),
                &finish,
            );
            for (row, inverse) in inverse_sums[..end - start].iter_mut().enumerate() {
                let scores = &mut scores[row * score_stride..][..tokens];
                *inverse = 1.0 / weights(simd, scores);
            }
            let finish = Output {
                inverse_sums,
                out: self.out,
                first: (self.image * tokens + start) * heads * head_width + self.head * head_width,
                stride: heads * head_width,
            };
            let scores = Rows {
                values: scores,
                stride: score_stride,
            };
            let panels = 0..head_width.div_ceil(panel);
            product(simd, scores, 0..end - start, values, panels, &finish);
            start = end;
        }
    }
}

/// Copies `rows` rows of `columns` values into panels.
fn pack_rows(
    from: &[f32],
    stride: usize,
    rows: usize,
    columns: usize,
    width: usize,
    to: &mut [f32],
) {
    for (i, panel) in to.chunks_exact_mut(width * rows).enumerate() {
        let here = (columns - i * width).min(width);
        for (row, line) in panel.chunks_exact_mut(width).enumerate() {
            line[..here].copy_from_slice(&from[row * stride + i * width..][..here]);
        }
    }
}

/// Turns scores into `exp(score - highest score)`, and returns their sum.
#[inline(always)]
fn weights<S: Simd>(simd: S, scores: &mut [f32]) -> f32 {
    let lowest = simd.splat_f32s(f32::NEG_INFINITY);
    let (head, tail) = S::as_mut_simd_f32s(scores);
    let mut highest = head.iter().fold(lowest, |high, x| simd.max_f32s(high, *x));
    let mut last = [f32::NEG_INFINITY; 64];
    if !tail.is_empty() {
        last[..tail.len()].copy_from_slice(tail);
        highest = simd.max_f32s(highest, load(simd, &last));
    }
    let highest = simd.splat_f32s(simd.reduce_max_f32s(highest));
    for x in head.iter_mut() {
        *x = exp(simd, simd.sub_f32s(*x, highest));
    }
    if !tail.is_empty() {
        store(
            simd,
            tail,
            exp(simd, simd.sub_f32s(load(simd, &last), highest)),
        );
    }
    sum(simd, head, tail, |x| x)
}

/// Stores scaled scores.
struct Scores<'a> {
    scale: f32,
    first_row: usize,
    stride: usize,
    scores: Shared<'a>,
}

impl Finish for Scores<'_> {
    #[inline(always)]
    fn finish<S: Simd, const NV: usize>(
        &self,
        simd: S,
        sums: [S::f32s; NV],
        row: usize,
        column: usize,
        _columns: usize,
    ) {
        let at = (row - self.first_row) * self.stride + column;
        // SAFETY: only this thread has the scratch, and `product` finishes each tile once.
        let out = unsafe { self.scores.range(at..at + NV * S::F32_LANES) };
        let scale = simd.splat_f32s(self.scale);
        for (v, sum) in sums.into_iter().enumerate() {
            store(
                simd,
                &mut out[v * S::F32_LANES..],
                simd.mul_f32s(sum, scale),
            );
        }
    }
}

/// Stores weighted sums of values, divided by the sum of the weights.
struct Output<'a> {
    inverse_sums: &'a [f32],
    out: Shared<'a>,
    first: usize,
    stride: usize,
}

impl Finish for Output<'_> {
    #[inline(always)]
    fn finish<S: Simd, const NV: usize>(
        &self,
        simd: S,
        sums: [S::f32s; NV],
        row: usize,
        column: usize,
        columns: usize,
    ) {
        let at = self.first + row * self.stride + column;
        // SAFETY: each task has its own queries of its own head.
        let out = unsafe { self.out.range(at..at + columns) };
        let inverse = simd.splat_f32s(self.inverse_sums[row]);
        for (v, sum) in sums.into_iter().enumerate() {
            store(
                simd,
                &mut out[v * S::F32_LANES..],
                simd.mul_f32s(sum, inverse),
            );
        }
    }
}
