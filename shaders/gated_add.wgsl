// out = residual + gate * x: a module's output before its gate, kept or forecast, joins the stream.
//
// x, residual, out: (rows, channels); gate: (rows / tokens, stride), the modulation buffer; the
// `channels` gates of an image start at offset.
// An invocation computes one element. Dispatch: GatedAddParams::workgroups.
// Twin: src/kernels/twins/blend.rs. Two roundings.

struct Params {
    rows: u32,
    channels: u32,
    tokens: u32,
    stride: u32,
    offset: u32,
    row: u32,
    pad: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    if (i >= params.rows * params.channels) {
        return;
    }
    let image = (i / params.channels) / params.tokens;
    let g = gate[image * params.stride + params.offset + i % params.channels];
    out[i] = residual[i] + g * x[i];
}
