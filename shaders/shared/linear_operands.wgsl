// The operands of the linear kernels: out = epilogue(x * transpose(weight) + bias).
//
// x: (rows, inputs); weight: (outputs, inputs), in the format FORMAT names (0 f32, 1 f16 and
// 2 bf16, two a word, low half first), read as words; bias: (outputs); out: (rows, outputs).

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    tokens: u32,
    gate_stride: u32,
    gate_offset: u32,
    addend_rows: u32,
    pad: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;

override FORMAT: u32;

fn x_at(row: u32, channel: u32) -> f32 {
    if (row >= params.rows || channel >= params.inputs) {
        return 0.0;
    }
    return x[row * params.inputs + channel];
}

fn weight_at(row: u32, channel: u32) -> f32 {
    if (row >= params.outputs || channel >= params.inputs) {
        return 0.0;
    }
    let i = row * params.inputs + channel;
    switch FORMAT {
        case 1u: {
            let pair = unpack2x16float(weight[i / 2u]);
            return select(pair.x, pair.y, i % 2u == 1u);
        }
        case 2u: {
            let word = weight[i / 2u];
            return bitcast<f32>(select(word << 16u, word & 0xffff0000u, i % 2u == 1u));
        }
        default: {
            return bitcast<f32>(weight[i]);
        }
    }
}

fn store(row: u32, column: u32, sum: f32) {
    if (row < params.rows && column < params.outputs) {
        out[row * params.outputs + column] = epilogue(row, column, sum + bias[column]);
    }
}

