// Adds up the pairs that absolute_sums left.
//
// partials: (len, 2); sums: (slots, 2), of which only pair `slot` is written.
// One workgroup of 128 invocations (`slice` = `len`). Dispatch: ReduceParams::workgroups.
// Twin: src/kernels/twins/reduce.rs. A fixed order of additions: the same bits on every run.

@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(128, 1, 1)
fn main(@builtin(local_invocation_index) lane: u32) {
    var pair = vec2<f32>();
    for (var i = lane; i < params.len; i += LANES) {
        pair += vec2(partials[2u * i], partials[2u * i + 1u]);
    }
    let total = pair_sum(lane, pair);
    if (lane == 0u) {
        sums[2u * params.slot] = total.x;
        sums[2u * params.slot + 1u] = total.y;
    }
}
