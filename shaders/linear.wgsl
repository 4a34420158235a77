// A linear layer: out = x * transpose(weight) + bias, by shared/linear_tile.wgsl (shapes, dispatch).
// Twin: src/kernels/twins/linear.rs. The twin adds in the same order; a device may round the product
// or not, which differs by about sqrt(inputs) * 2^-24 of the largest output.

@group(0) @binding(4) var<storage, read_write> out: array<f32>;

fn epilogue(row: u32, column: u32, value: f32) -> f32 {
    return value;
}
