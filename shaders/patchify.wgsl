// Cuts images into patches, the gather before a patch embedding.
//
// image: (batch, channels, height, width); patches: (batch, tokens, channels * p * p), tokens
// row-major, inside a patch (channel, row, column) as a convolution weight (out, channels, p, p)
// flattens.
// An invocation copies one element of patches. Dispatch: PatchParams::workgroups.
// Twin: src/kernels/twins/patches.rs. Exact.

@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read_write> patches: array<f32>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    if (i >= params.batch * params.channels * params.height * params.width) {
        return;
    }
    let p = params.patch_size;
    let columns = params.width / p;
    let tokens = (params.height / p) * columns;
    let inside = i % (params.channels * p * p);
    let patch_index = i / (params.channels * p * p);
    let token = patch_index % tokens;
    let b = patch_index / tokens;
    let channel = inside / (p * p);
    let y = (token / columns) * p + (inside / p) % p;
    let x = (token % columns) * p + inside % p;
    patches[i] = image[((b * params.channels + channel) * params.height + y) * params.width + x];
}
