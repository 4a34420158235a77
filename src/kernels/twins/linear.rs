//! Twins of `shaders/linear*.wgsl`.

use super::{Call, gelu, silu};
use crate::kernels::params::{LINEAR_TILE, LinearParams, MAX_WORKGROUPS};

const TILE: usize = LINEAR_TILE as usize;
/// Channels staged at a time.
const DEPTH: usize = 16;

/// The operands of a matrix product.
struct Product<'a> {
    params: LinearParams,
    format: u32,
    workgroups: [u32; 3],
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
}

impl Product<'_> {
    /// `shaders/shared/linear_tile.wgsl`: every tile of `out = epilogue(row, column, x wᵀ + b)`.
    fn run(&self, out: &mut [f32], epilogue: impl Fn(usize, usize, f32) -> f32) {
        let [rows, outputs] = [self.params.rows, self.params.outputs].map(|n| n as usize);
        let [across, down, deep] = self.workgroups;
        for z in 0..deep {
            for y in 0..down {
                for x in 0..across {
                    let first_row = (z * MAX_WORKGROUPS + y) as usize * TILE;
                    let first_column = x as usize * TILE;
                    let sums = self.tile(first_row, first_column);
                    for (i, sums) in sums.iter().enumerate() {
                        for (j, sum) in sums.iter().enumerate() {
                            let (row, column) = (first_row + i, first_column + j);
                            if row < rows && column < outputs {
                                out[row * outputs + column] =
                                    epilogue(row, column, sum + self.bias[column]);
                            }
                        }
                    }
                }
            }
        }
    }

    /// The sums of one tile.
    fn tile(&self, first_row: usize, first_column: usize) -> [[f32; TILE]; TILE] {
        let [rows, inputs, outputs] =
            [self.params.rows, self.params.inputs, self.params.outputs].map(|n| n as usize);
        let mut sums = [[0.0; TILE]; TILE];
        for start in (0..inputs).step_by(DEPTH) {
            let mut x_tile = [[0.0; TILE]; DEPTH];
            let mut weight_tile = [[0.0; TILE]; DEPTH];
            let depth = DEPTH.min(inputs - start);
            for channel in 0..depth {
                let from = start + channel;
                for (row, staged) in (first_row..rows).zip(&mut x_tile[channel]) {
                    *staged = self.x[row * inputs + from];
                }
                for (row, staged) in (first_column..outputs).zip(&mut weight_tile[channel]) {
                    *staged = self.weight_at(row * inputs + from);
                }
            }
            for (a, b) in x_tile.iter().zip(&weight_tile).take(depth) {
                for (sums, a) in sums.iter_mut().zip(a) {
                    for (sum, b) in sums.iter_mut().zip(b) {
                        *sum += a * b;
                    }
                }
            }
        }
        sums
    }

    /// Element `i` of the weight, as its format stores it.
    fn weight_at(&self, i: usize) -> f32 {
        let shift = 16 * (i as u32 % 2);
        match self.format {
            1 => half_to_float(self.weight[i / 2].to_bits() >> shift),
            2 => f32::from_bits((self.weight[i / 2].to_bits() >> shift) << 16),
            _ => self.weight[i],
        }
    }
}

/// The value of the IEEE half in the low 16 bits.
fn half_to_float(bits: u32) -> f32 {
    let sign = (bits & 0x8000) << 16;
    let magnitude = (bits & 0x7fff) << 13;
    let value = if magnitude >= 0x7c00 << 13 {
        f32::from_bits(magnitude | 0x7f80_0000)
    } else {
        // Moves the exponent's bias from 15 to 127, subnormal halves included.
        f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23)
    };
    f32::from_bits(value.to_bits() | sign)
}

/// Runs the product with `N` reads, of which the epilogue gets those after x, weight and bias.
fn product<const N: usize>(
    call: &mut Call<'_, '_>,
    epilogue: impl Fn(&LinearParams, &[&[f32]], usize, usize, f32) -> f32,
) {
    let params: LinearParams = call.params();
    let format = call.constant("FORMAT");
    let workgroups = call.workgroups;
    let (reads, out) = call.bindings::<N>();
    let [x, weight, bias] = [reads[0], reads[1], reads[2]];
    let product = Product {
        params,
        format,
        workgroups,
        x,
        weight,
        bias,
    };
    product.run(out, |row, column, value| {
        epilogue(&params, &reads[3..], row, column, value)
    });
}

/// Twin of `linear`.
pub fn linear(call: &mut Call<'_, '_>) {
    product::<3>(call, |_, _, _, _, value| value);
}

/// Twin of `linear_gelu`.
pub fn linear_gelu(call: &mut Call<'_, '_>) {
    product::<3>(call, |_, _, _, _, value| gelu(value));
}

/// Twin of `linear_silu`.
pub fn linear_silu(call: &mut Call<'_, '_>) {
    product::<3>(call, |_, _, _, _, value| silu(value));
}

/// Twin of `linear_gated`.
pub fn linear_gated(call: &mut Call<'_, '_>) {
    product::<5>(call, |params, more, row, column, value| {
        let [gate, residual] = [more[0], more[1]];
        let [outputs, tokens, stride, offset] = [
            params.outputs,
            params.tokens,
            params.gate_stride,
            params.gate_offset,
        ]
        .map(|n| n as usize);
        let g = gate[(row / tokens) * stride + offset + column];
        residual[row * outputs + column] + g * value
    });
}

/// Twin of `linear_add`.
pub fn linear_add(call: &mut Call<'_, '_>) {
    product::<4>(call, |params, more, row, column, value| {
        let [outputs, addend_rows] = [params.outputs, params.addend_rows].map(|n| n as usize);
        value + more[0][(row % addend_rows) * outputs + column]
    });
}

#[cfg(test)]
mod tests {
    use super::half_to_float;

    #[test]
    fn halves_of_every_class() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x3c00, 1.0),
            (0xc100, -2.5),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(half_to_float(bits), value, "{bits:#06x}");
        }
        assert!(half_to_float(0x7e00).is_nan());
        assert!(half_to_float(0x8000).is_sign_negative());
    }
}
