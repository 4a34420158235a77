// Variant of shared/linear_tile.wgsl without staging: a workgroup is one subgroup of exactly
// SUBGROUP invocations and computes ROWS x (SUBGROUP * COLUMNS) of out. An invocation owns COLUMNS
// columns; it loads one channel of each row, which the others take from it by broadcast.
// inputs: a multiple of SUBGROUP.
const SUBGROUP: u32 = {SUBGROUP}u;
const ROWS: u32 = {ROWS}u;
const WIDTH: u32 = SUBGROUP * {COLUMNS}u;

var<workgroup> tile: array<f32, ROWS * WIDTH>;

// The weights of an even channel and the next.
fn weight_pair(row: u32, channel: u32) -> vec2<f32> {
    let i = row * params.inputs + channel;
    switch FORMAT {
        case 1u: {
            return unpack2x16float(weight[i / 2u]);
        }
        case 2u: {
            let word = weight[i / 2u];
            return vec2(bitcast<f32>(word << 16u), bitcast<f32>(word & 0xffff0000u));
        }
        default: {
            return vec2(bitcast<f32>(weight[i]), bitcast<f32>(weight[i + 1u]));
        }
    }
}

@compute @workgroup_size({SUBGROUP}, 1, 1)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let first_row = (group.z * 65535u + group.y) * ROWS;
    let first_column = group.x * WIDTH;
    // Past the edge, the last row or column is computed once more and not stored.
#for j COLUMNS
    let weight_row_{j} = min(first_column + {j}u * SUBGROUP + lane, params.outputs - 1u);
#end
#for i ROWS
    let x_{i} = min(first_row + {i}u, params.rows - 1u) * params.inputs + lane;
#for j COLUMNS
    var sum_{i}_{j} = 0.0;
#end
#end
    for (var start = 0u; start < params.inputs; start += SUBGROUP) {
#for i ROWS
        let a_{i} = x[x_{i} + start];
#end
#for pair PAIRS
        {
#for j COLUMNS
            let b_{j} = weight_pair(weight_row_{j}, start + 2u * {pair}u);
#end
#for i ROWS
            let even_{i} = subgroupBroadcast(a_{i}, 2u * {pair}u);
            let odd_{i} = subgroupBroadcast(a_{i}, 2u * {pair}u + 1u);
#for j COLUMNS
            sum_{i}_{j} = fma(odd_{i}, b_{j}.y, fma(even_{i}, b_{j}.x, sum_{i}_{j}));
#end
#end
        }
#end
    }
    // Through workgroup memory, so that the epilogue stands here once.
#for i ROWS
#for j COLUMNS
    tile[{i}u * WIDTH + {j}u * SUBGROUP + lane] = sum_{i}_{j};
#end
#end
    workgroupBarrier();
    for (var cell = lane; cell < ROWS * WIDTH; cell += SUBGROUP) {
        store(first_row + cell / WIDTH, first_column + cell % WIDTH, tile[cell]);
    }
}
