//! Twins of `shaders/blend.wgsl`, `shaders/subtract.wgsl` and `shaders/gated_add.wgsl`.

use super::Call;
use crate::kernels::{
    anchors::half_value,
    params::{BlendParams, GatedAddParams, SubtractParams},
};

/// Twin of `subtract`.
pub fn subtract(call: &mut Call<'_, '_>) {
    let params: SubtractParams = call.params();
    let workgroups = call.workgroups;
    let ([a, b], out) = call.bindings();
    Call::each_element(workgroups, params.row, params.len, |i| out[i] = a[i] - b[i]);
}

/// Twin of `blend`.
pub fn blend(call: &mut Call<'_, '_>) {
    let params: BlendParams = call.params();
    let (workgroups, format) = (call.workgroups, call.constant("ANCHOR_FORMAT"));
    let ([weights, base, anchors], out) = call.bindings();
    let words: &[u32] = bytemuck::cast_slice(anchors);
    let width = params.width as usize;
    let anchor = |k: u32, i: usize| {
        let at = (params.offset + k * params.stride) as usize;
        match format {
            1 => half_value(words[at + i / 2] >> (16 * (i % 2)) & 0xffff),
            2 => {
                let column = i % width;
                let row = &words[at + i / width * (1 + width.div_ceil(4))..];
                let code = (row[1 + column / 4] >> (8 * (column % 4))) as u8 as i8;
                f32::from_bits(row[0]) * f32::from(code)
            }
            _ => f32::from_bits(words[at + i]),
        }
    };
    Call::each_element(workgroups, params.row, params.len, |i| {
        let mut sum = match params.use_base {
            1 => base[params.base_offset as usize + i],
            _ => 0.0,
        };
        for k in 0..params.count {
            let weight = weights[(params.first + k) as usize];
            if weight != 0.0 {
                sum += weight * anchor(k, i);
            }
        }
        out[i] = sum;
    });
}

/// Twin of `gated_add`.
pub fn gated_add(call: &mut Call<'_, '_>) {
    let params: GatedAddParams = call.params();
    let workgroups = call.workgroups;
    let ([x, gate, residual], out) = call.bindings();
    let [channels, tokens, stride, offset] =
        [params.channels, params.tokens, params.stride, params.offset].map(|n| n as usize);
    let count = params.rows * params.channels;
    Call::each_element(workgroups, params.row, count, |i| {
        let g = gate[i / channels / tokens * stride + offset + i % channels];
        out[i] = residual[i] + g * x[i];
    });
}
