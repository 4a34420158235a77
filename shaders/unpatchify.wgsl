// Puts patches back into images, the last step of a DiT.
//
// patches: (batch, tokens, p * p * channels), tokens row-major, inside a patch (row, column,
// channel); image: (batch, channels, height, width).
// An invocation copies one element of the image. Dispatch: PatchParams::workgroups.
// Twin: src/kernels/twins/patches.rs. Exact.

@group(0) @binding(1) var<storage, read> patches: array<f32>;
@group(0) @binding(2) var<storage, read_write> image: array<f32>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    if (i >= params.batch * params.channels * params.height * params.width) {
        return;
    }
    let p = params.patch_size;
    let columns = params.width / p;
    let tokens = (params.height / p) * columns;
    let x = i % params.width;
    let y = (i / params.width) % params.height;
    let plane = i / (params.width * params.height);
    let channel = plane % params.channels;
    let b = plane / params.channels;
    let token = (y / p) * columns + x / p;
    let inside = ((y % p) * p + x % p) * params.channels + channel;
    image[i] = patches[(b * tokens + token) * (p * p * params.channels) + inside];
}
