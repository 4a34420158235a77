// How far a tensor has moved: the sums of (now - reference)^2 and of reference^2, slice by slice.
//
// reference, now: (len); partials: (ceil(len / slice), 2).
// A workgroup of 128 invocations adds up one slice. Dispatch: ReduceParams::workgroups, slices
// beyond 65,535 continue in y. Twin: src/kernels/twins/reduce.rs.
// A fixed order of additions: the same bits on every run; the error is below
// (slice / 128 + 10) * 2^-24 of the sum of magnitudes.

@group(0) @binding(1) var<storage, read> reference: array<f32>;
@group(0) @binding(2) var<storage, read> now: array<f32>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size(128, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let slice = group.y * 65535u + group.x;
    if (slice >= (params.len + params.slice - 1u) / params.slice) {
        return;
    }
    let end = min((slice + 1u) * params.slice, params.len);
    var sums = vec2<f32>();
    for (var i = slice * params.slice + lane; i < end; i += LANES) {
        let d = now[i] - reference[i];
        sums += vec2(d * d, reference[i] * reference[i]);
    }
    let total = pair_sum(lane, sums);
    if (lane == 0u) {
        partials[2u * slice] = total.x;
        partials[2u * slice + 1u] = total.y;
    }
}
