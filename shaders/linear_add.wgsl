// A linear layer and an addend, by shared/linear_tile.wgsl (shapes, dispatch): the patch embedding
// with its positions.
//
// addend: (addend_rows, outputs), repeated over the rows of out.
// Twin: src/kernels/twins/linear.rs. One more rounding than linear.

@group(0) @binding(4) var<storage, read> addend: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

fn epilogue(row: u32, column: u32, value: f32) -> f32 {
    return value + addend[(row % params.addend_rows) * params.outputs + column];
}
