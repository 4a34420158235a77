// A part of one buffer over another: a copy that a decision may leave out.
//
// source: from element `first` on; copied: (len).
//
// An invocation copies one word; rows of 65,535 workgroups.

struct Params {
    first: u32,
    len: u32,
    pad: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> copied: array<u32>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = (group.y * 65535u + group.x) * 256u + lane;
    if (i < params.len) {
        copied[i] = source[params.first + i];
    }
}
