// A linear layer and GELU (tanh form), by shared/linear_tile.wgsl (shapes, dispatch).
// Twin: src/kernels/twins/linear.rs. GELU adds the relative error of one exp and one division.

@group(0) @binding(4) var<storage, read_write> out: array<f32>;

fn epilogue(row: u32, column: u32, value: f32) -> f32 {
    return gelu(value);
}
