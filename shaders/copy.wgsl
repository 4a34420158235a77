// The whole of one buffer over another of the same length: a copy that a decision may leave out.
//
// An invocation copies one word; rows of 65,535 workgroups.

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> copied: array<u32>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = (group.y * 65535u + group.x) * 256u + lane;
    if (i < arrayLength(&copied)) {
        copied[i] = source[i];
    }
}
