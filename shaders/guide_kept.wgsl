// Classifier-free guidance without the unconditional rows: with u = c + difference it is
// u + scale * (c - u) = c + (1 - scale) * difference.
//
// output: (batch, out_channels, pixels), the conditional answers (c); difference, guided: (batch,
// channels, pixels).
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
@group(0) @binding(2) var<storage, read> difference: array<f32>;
@group(0) @binding(3) var<storage, read_write> guided: array<f32>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    let width = params.channels * params.pixels;
    if (i >= params.batch * width) {
        return;
    }
    let at = (i / width) * (params.out_channels * params.pixels) + i % width;
    guided[i] = output[at] + (1.0 - params.scale) * difference[i];
}
