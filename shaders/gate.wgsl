// Turns a decision into the arguments of indirect dispatches: their workgroups, or none.
//
// control: as in decide.wgsl; word 2 has what is to run, as bits. entries: (count), the bits that a
// dispatch is for and its workgroups. arguments: (count, 3).
// An invocation makes the arguments of one dispatch.

@group(0) @binding(0) var<storage, read> control: array<u32>;
@group(0) @binding(1) var<storage, read> entries: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> arguments: array<u32>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let i = id.x;
    if (i >= arrayLength(&entries)) {
        return;
    }
    let entry = entries[i];
    let wanted = (entry.x & control[2]) != 0u;
    arguments[3u * i] = select(0u, entry.y, wanted);
    arguments[3u * i + 1u] = select(0u, entry.z, wanted);
    arguments[3u * i + 2u] = select(0u, entry.w, wanted);
}
