// A linear layer and SiLU, by shared/linear_tile.wgsl (shapes, dispatch).
// Twin: src/kernels/twins/linear.rs. SiLU adds the relative error of one exp and one division.

@group(0) @binding(4) var<storage, read_write> out: array<f32>;

fn epilogue(row: u32, column: u32, value: f32) -> f32 {
    return silu(value);
}
