// Variant of shared/linear_tile.wgsl on cooperative matrices of SIZE, f16 with f32 sums, for f16
// weights: four subgroups of 32 compute a 64 x 64 tile, 32 x 32 each.
//
// An f32 x is split in two halves, x = high + low / 2048, so that no more is lost than 2^-22 of x;
// it must be below 65,504. naga 30 must have every argument of coopStore in a `let`, and some drivers
// crash where a module has cooperative matrices and subgroup operations, so there are none.
const SIZE: u32 = {SIZE}u;
const TILE: u32 = 64u;
const DEPTH: u32 = 16u;
const LOW: f32 = 2048.0;

var<workgroup> high_tile: array<f16, TILE * DEPTH>;
var<workgroup> low_tile: array<f16, TILE * DEPTH>;
var<workgroup> weight_tile: array<f16, TILE * DEPTH>;
var<workgroup> high_sums: array<f32, 4u * SIZE * SIZE>;
var<workgroup> low_sums: array<f32, 4u * SIZE * SIZE>;

@compute @workgroup_size(128, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let first_row = (group.z * 65535u + group.y) * TILE;
    let first_column = group.x * TILE;
    let part = lane / 32u;
    let part_row = (part / 2u) * 32u;
    let part_column = (part % 2u) * 32u;
#for i COUNT
#for j COUNT
    var high_{i}_{j} = coop_mat{SIZE}x{SIZE}<f32, C>();
    var low_{i}_{j} = coop_mat{SIZE}x{SIZE}<f32, C>();
#end
#end
    for (var start = 0u; start < params.inputs; start += DEPTH) {
        for (var slot = lane; slot < TILE * DEPTH; slot += 128u) {
            let row = slot / DEPTH;
            let channel = start + slot % DEPTH;
            let value = x_at(first_row + row, channel);
            let high = f16(value);
            high_tile[slot] = high;
            low_tile[slot] = f16((value - f32(high)) * LOW);
            weight_tile[slot] = f16(weight_at(first_column + row, channel));
        }
        workgroupBarrier();
#for k STEPS
        {
#for j COUNT
            let b_at_{j} = (part_column + {j}u * SIZE) * DEPTH + {k}u * SIZE;
            let b_{j} = coopLoad<coop_mat{SIZE}x{SIZE}<f16, B>>(&weight_tile[b_at_{j}], DEPTH);
#end
#for i COUNT
            let a_at_{i} = (part_row + {i}u * SIZE) * DEPTH + {k}u * SIZE;
            let a_{i} = coopLoadT<coop_mat{SIZE}x{SIZE}<f16, A>>(&high_tile[a_at_{i}], DEPTH);
            let r_{i} = coopLoadT<coop_mat{SIZE}x{SIZE}<f16, A>>(&low_tile[a_at_{i}], DEPTH);
#for j COUNT
            high_{i}_{j} = coopMultiplyAdd(a_{i}, b_{j}, high_{i}_{j});
            low_{i}_{j} = coopMultiplyAdd(r_{i}, b_{j}, low_{i}_{j});
#end
#end
        }
#end
        workgroupBarrier();
    }
    let to = part * SIZE * SIZE;
#for i COUNT
#for j COUNT
    coopStoreT(high_{i}_{j}, &high_sums[to], SIZE);
    coopStoreT(low_{i}_{j}, &low_sums[to], SIZE);
    workgroupBarrier();
    for (var cell = lane % 32u; cell < SIZE * SIZE; cell += 32u) {
        let row = first_row + part_row + {i}u * SIZE + cell / SIZE;
        let column = first_column + part_column + {j}u * SIZE + cell % SIZE;
        store(row, column, high_sums[to + cell] + low_sums[to + cell] / LOW);
    }
    workgroupBarrier();
#end
#end
}
