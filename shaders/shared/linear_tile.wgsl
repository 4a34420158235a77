// The matrix product of the linear kernels, on shared/linear_operands.wgsl.
//
// A workgroup computes a 64 x 64 tile of out. Per step of 16 input channels it stages both tiles in
// workgroup memory, transposed into vectors of four rows; an invocation then updates 4 x 4 sums from
// two vectors a channel. Rows and columns past the edge count as zero and are not stored.
// Dispatch: LinearParams::workgroups. Tiles of rows beyond 65,535 continue in z.
// Sums are f32, channels in ascending order.

const TILE: u32 = 64u;
const DEPTH: u32 = 16u;
// Vectors a channel of a tile: 16, and one more so that a transposed store meets no bank twice.
const PITCH: u32 = 17u;

var<workgroup> x_tile: array<vec4<f32>, DEPTH * PITCH>;
var<workgroup> weight_tile: array<vec4<f32>, DEPTH * PITCH>;

fn store_row(row: u32, column: u32, sums: vec4<f32>) {
    store(row, column, sums.x);
    store(row, column + 1u, sums.y);
    store(row, column + 2u, sums.z);
    store(row, column + 3u, sums.w);
}

@compute @workgroup_size(16, 16, 1)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first_row = (group.z * 65535u + group.y) * TILE;
    let first_column = group.x * TILE;
    // What this invocation stages: one channel of four rows of each operand.
    let channel = lane % DEPTH;
    let quad = lane / DEPTH;
    let x_row = first_row + 4u * quad;
    let weight_row = first_column + 4u * quad;
    let row = first_row + 4u * local.y;
    let column = first_column + 4u * local.x;
    var sums_0 = vec4<f32>();
    var sums_1 = vec4<f32>();
    var sums_2 = vec4<f32>();
    var sums_3 = vec4<f32>();
    for (var start = 0u; start < params.inputs; start += DEPTH) {
        let from_channel = start + channel;
        x_tile[channel * PITCH + quad] = vec4(
            x_at(x_row, from_channel),
            x_at(x_row + 1u, from_channel),
            x_at(x_row + 2u, from_channel),
            x_at(x_row + 3u, from_channel),
        );
        weight_tile[channel * PITCH + quad] = vec4(
            weight_at(weight_row, from_channel),
            weight_at(weight_row + 1u, from_channel),
            weight_at(weight_row + 2u, from_channel),
            weight_at(weight_row + 3u, from_channel),
        );
        workgroupBarrier();
        // With few rows (modulation, a row per image) most invocations have nothing to add up.
        if (row < params.rows) {
            for (var k = 0u; k < DEPTH; k++) {
                let a = x_tile[k * PITCH + local.y];
                let b = weight_tile[k * PITCH + local.x];
                sums_0 = fma(vec4(a.x), b, sums_0);
                sums_1 = fma(vec4(a.y), b, sums_1);
                sums_2 = fma(vec4(a.z), b, sums_2);
                sums_3 = fma(vec4(a.w), b, sums_3);
            }
        }
        workgroupBarrier();
    }
    store_row(row, column, sums_0);
    store_row(row + 1u, column, sums_1);
    store_row(row + 2u, column, sums_2);
    store_row(row + 3u, column, sums_3);
}

