// A prediction: base plus a weighted sum of up to four anchors.
//
// weights: (8), of which slots first .. first + count belong to the anchors bound here;
// base, anchor0 .. anchor3, out: (len). An anchor whose weight is zero, or that is not among the
// `count`, is not read: it may hold anything, NaN too, or be any other buffer.
// An invocation computes one element. Dispatch: BlendParams::workgroups.
// Twin: src/kernels/twins/blend.rs. At most eight roundings.

struct Params {
    len: u32,
    count: u32,
    first: u32,
    use_base: u32,
    row: u32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> base: array<f32>;
@group(0) @binding(3) var<storage, read> anchor0: array<f32>;
@group(0) @binding(4) var<storage, read> anchor1: array<f32>;
@group(0) @binding(5) var<storage, read> anchor2: array<f32>;
@group(0) @binding(6) var<storage, read> anchor3: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;

fn weight(k: u32) -> f32 {
    if (k >= params.count) {
        return 0.0;
    }
    return weights[params.first + k];
}

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    if (i >= params.len) {
        return;
    }
    var sum = 0.0;
    if (params.use_base == 1u) {
        sum = base[i];
    }
    let w0 = weight(0u);
    if (w0 != 0.0) {
        sum += w0 * anchor0[i];
    }
    let w1 = weight(1u);
    if (w1 != 0.0) {
        sum += w1 * anchor1[i];
    }
    let w2 = weight(2u);
    if (w2 != 0.0) {
        sum += w2 * anchor2[i];
    }
    let w3 = weight(3u);
    if (w3 != 0.0) {
        sum += w3 * anchor3[i];
    }
    out[i] = sum;
}
