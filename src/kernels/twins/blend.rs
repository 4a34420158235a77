//! Twins of `shaders/blend.wgsl`, `shaders/subtract.wgsl` and `shaders/gated_add.wgsl`.

use super::Call;
use crate::kernels::params::{BlendParams, GatedAddParams, SubtractParams};

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
    let workgroups = call.workgroups;
    let ([weights, base, anchors @ ..], out) = call.bindings::<6>();
    let weight = |k| {
        if k < params.count {
            weights[(params.first + k) as usize]
        } else {
            0.0
        }
    };
    let weighted = [0, 1, 2, 3].map(weight);
    Call::each_element(workgroups, params.row, params.len, |i| {
        let mut sum = if params.use_base == 1 { base[i] } else { 0.0 };
        for (weight, anchor) in weighted.iter().zip(anchors) {
            if *weight != 0.0 {
                sum += weight * anchor[i];
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
