// Variant of shared/linear_tile.wgsl for few rows, such as the modulation of an image or two:
// a workgroup computes 8 columns of ROWS rows, and 8 invocations share the channels of a column.
const ROWS: u32 = {ROWS}u;

var<workgroup> partial: array<f32, ROWS * 64u>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let first_row = (group.z * 65535u + group.y) * ROWS;
    let first_column = group.x * 8u;
    // Past the edge, the last row or column is computed once more and not stored.
    let weight_row = min(first_column + lane / 8u, params.outputs - 1u);
#for i ROWS
    let x_{i} = min(first_row + {i}u, params.rows - 1u) * params.inputs;
    var sum_{i} = 0.0;
#end
    for (var channel = lane % 8u; channel < params.inputs; channel += 8u) {
        let w = weight_at(weight_row, channel);
#for i ROWS
        sum_{i} = fma(x[x_{i} + channel], w, sum_{i});
#end
    }
#for i ROWS
    partial[{i}u * 64u + lane] = sum_{i};
#end
    workgroupBarrier();
    for (var cell = lane; cell < ROWS * 8u; cell += 64u) {
        var sum = partial[cell * 8u];
        for (var share = 1u; share < 8u; share++) {
            sum += partial[cell * 8u + share];
        }
        store(first_row + cell / 8u, first_column + cell % 8u, sum);
    }
}
