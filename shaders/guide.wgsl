// Classifier-free guidance: u + scale * (c - u).
//
// output: (2 * batch, out_channels, pixels), the model's answers, conditional (c) first, then
// unconditional (u); guided: (batch, channels, pixels), the first `channels` of them.
// An invocation computes one element. Dispatch: GuideParams::workgroups.
// Twin: src/kernels/twins/guide.rs. Three roundings.

struct Params {
    batch: u32,
    channels: u32,
    out_channels: u32,
    pixels: u32,
    scale: f32,
    row: u32,
    pad: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> output: array<f32>;
@group(0) @binding(2) var<storage, read_write> guided: array<f32>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    let width = params.channels * params.pixels;
    if (i >= params.batch * width) {
        return;
    }
    let out_width = params.out_channels * params.pixels;
    let at = (i / width) * out_width + i % width;
    let c = output[at];
    let u = output[at + params.batch * out_width];
    guided[i] = u + params.scale * (c - u);
}
