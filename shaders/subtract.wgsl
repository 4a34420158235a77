// out = a - b: what a block range added, kept as an anchor.
//
// a, b, out: (len). An invocation computes one element. Dispatch: SubtractParams::workgroups.
// Twin: src/kernels/twins/blend.rs. One rounding.

struct Params {
    len: u32,
    row: u32,
    pad: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    if (i < params.len) {
        out[i] = a[i] - b[i];
    }
}
