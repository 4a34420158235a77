// A linear layer, gated and added to the residual stream, by shared/linear_tile.wgsl (shapes,
// dispatch): out = residual + gate * (x * transpose(weight) + bias).
//
// gate: (rows / tokens, gate_stride), the modulation buffer; the `outputs` gates of an image start
// at gate_offset. residual: (rows, outputs).
// Twin: src/kernels/twins/linear.rs. Two more roundings than linear.

@group(0) @binding(4) var<storage, read> gate: array<f32>;
@group(0) @binding(5) var<storage, read> residual: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

fn epilogue(row: u32, column: u32, value: f32) -> f32 {
    let g = gate[(row / params.tokens) * params.gate_stride + params.gate_offset + column];
    return residual[row * params.outputs + column] + g * value;
}
