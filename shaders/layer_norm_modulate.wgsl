// Layer norm without affine weights, then adaLN modulation: norm(x) * (1 + scale) + shift.
//
// x, out: (rows, channels); modulation: (rows / tokens, stride), with `channels` shifts at
// shift_offset and as many scales at scale_offset.
// A workgroup of 128 invocations normalises one row. Dispatch: NormParams::workgroups, rows beyond
// `grid` continue in y. Twin: src/kernels/twins/norm.rs.
// Biased variance, two passes with the mean corrected in the second: the error stays a few 2^-24 of
// the spread of a row, however far the row is from zero.

struct Params {
    rows: u32,
    channels: u32,
    tokens: u32,
    stride: u32,
    shift_offset: u32,
    scale_offset: u32,
    epsilon: f32,
    grid: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> modulation: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(128, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = group.y * params.grid + group.x;
    if (row >= params.rows) {
        return;
    }
    let first = row * params.channels;
    let count = f32(params.channels);

    var sum = 0.0;
    for (var i = lane; i < params.channels; i += LANES) {
        sum += x[first + i];
    }
    let mean = pair_sum(lane, vec2(sum, 0.0)).x / count;

    var deviations = vec2<f32>();
    for (var i = lane; i < params.channels; i += LANES) {
        let d = x[first + i] - mean;
        deviations += vec2(d, d * d);
    }
    let moments = pair_sum(lane, deviations) / count;
    let correction = moments.x;
    let variance = max(moments.y - correction * correction, 0.0);
    let inverse = inverseSqrt(variance + params.epsilon);

    let shared_row = (row / params.tokens) * params.stride;
    for (var i = lane; i < params.channels; i += LANES) {
        let normal = ((x[first + i] - mean) - correction) * inverse;
        let shift = modulation[shared_row + params.shift_offset + i];
        let scale = modulation[shared_row + params.scale_offset + i];
        out[first + i] = normal * (1.0 + scale) + shift;
    }
}
