// What guidance is made of: u - c, kept while the unconditional rows are left out.
//
// output: (2 * batch, out_channels, pixels), the model's answers, conditional (c) first, then
// unconditional (u); difference: (batch, channels, pixels), of the first `channels` of them.
// An invocation computes one element. Dispatch: GuideParams::workgroups; `scale` is not used.
// Twin: src/kernels/twins/guide.rs. One rounding.

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
@group(0) @binding(2) var<storage, read_write> difference: array<f32>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    let width = params.channels * params.pixels;
    if (i >= params.batch * width) {
        return;
    }
    let out_width = params.out_channels * params.pixels;
    let at = (i / width) * out_width + i % width;
    difference[i] = output[at + params.batch * out_width] - output[at];
}
