//! Twin of `shaders/attention.wgsl`.

use alloc::{vec, vec::Vec};

use super::Call;
use crate::kernels::params::{ATTENTION_ROWS, AttentionParams};

const ROWS: usize = ATTENTION_ROWS as usize;
/// Keys of a tile.
const KEYS: usize = 32;
/// Below every score.
const LOWEST: f32 = -1e30;

/// Twin of `attention`.
pub fn attention(call: &mut Call<'_, '_>) {
    let params: AttentionParams = call.params();
    let width = call.constant("HEAD_DIM") as usize;
    let [tiles, heads, batch] = call.workgroups.map(|n| n as usize);
    let ([qkv], out) = call.bindings();
    let stride = params.heads as usize * width;
    for (b, head) in (0..batch).flat_map(|b| (0..heads).map(move |head| (b, head))) {
        let first_token = b * params.tokens as usize;
        let head = Head {
            qkv,
            first_token,
            params,
            width,
            column: head * width,
            stride,
        };
        for tile in 0..tiles {
            let first = tile * ROWS;
            for (i, row) in head.queries(first).iter().enumerate() {
                let to = (first_token + first + i) * stride + head.column;
                out[to..to + width].copy_from_slice(row);
            }
        }
    }
}

/// One head of one image.
struct Head<'a> {
    qkv: &'a [f32],
    first_token: usize,
    params: AttentionParams,
    width: usize,
    column: usize,
    stride: usize,
}

impl Head<'_> {
    /// Part 0 is q, 1 is k, 2 is v.
    fn vector(&self, token: usize, part: usize) -> &[f32] {
        let first = ((self.first_token + token) * 3 + part) * self.stride + self.column;
        &self.qkv[first..first + self.width]
    }

    /// The output of up to [`ROWS`] queries.
    fn queries(&self, first: usize) -> Vec<Vec<f32>> {
        let tokens = self.params.tokens as usize;
        let rows = ROWS.min(tokens.saturating_sub(first));
        let mut sums = vec![vec![0.0; self.width]; rows];
        let mut highest = [LOWEST; ROWS];
        let mut total = [0.0; ROWS];
        for first_key in (0..tokens).step_by(KEYS) {
            let keys = KEYS.min(tokens - first_key);
            for row in 0..rows {
                let mut scores = [LOWEST; KEYS];
                for (j, score) in scores.iter_mut().enumerate().take(keys) {
                    let q = self.vector(first + row, 0);
                    let k = self.vector(first_key + j, 1);
                    *score = q.iter().zip(k).fold(0.0, |sum, (q, k)| sum + q * k);
                    *score *= self.params.scale;
                }
                let higher = scores.iter().fold(highest[row], |m, score| m.max(*score));
                let rescale = libm::expf(highest[row] - higher);
                highest[row] = higher;
                total[row] *= rescale;
                for sum in &mut sums[row] {
                    *sum *= rescale;
                }
                for (j, score) in scores.iter().enumerate().take(keys) {
                    let weight = libm::expf(score - higher);
                    total[row] += weight;
                    for (sum, v) in sums[row].iter_mut().zip(self.vector(first_key + j, 2)) {
                        *sum += weight * v;
                    }
                }
            }
        }
        for (row, total) in sums.iter_mut().zip(total) {
            for sum in row {
                *sum /= total;
            }
        }
        sums
    }
}
