//! The fixed sin-cos positions of DiT, for checkpoints that leave them out.

use alloc::vec::Vec;

/// The table (side², hidden) as little-endian f32, tokens row by row: a quarter each of sin(column),
/// cos(column), sin(row), cos(row), at rates 10000^(-i / (hidden / 4)). `hidden` is a multiple of 4.
pub(super) fn table(hidden: usize, side: usize) -> Vec<u8> {
    let quarter = hidden / 4;
    let mut bytes = Vec::with_capacity(side * side * hidden * 4);
    let mut wave = |at: usize, f: fn(f64) -> f64| {
        for i in 0..quarter {
            let rate = libm::pow(10_000.0, -(i as f64) / quarter as f64);
            bytes.extend_from_slice(&(f(at as f64 * rate) as f32).to_le_bytes());
        }
    };
    for row in 0..side {
        for column in 0..side {
            for at in [column, row] {
                wave(at, libm::sin);
                wave(at, libm::cos);
            }
        }
    }
    bytes
}
