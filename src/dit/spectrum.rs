//! Filters and projectors over a square grid of tokens or pixels, as matrices.
//!
//! Row-major, rows are the tokens of the output.

use alloc::{vec, vec::Vec};
use core::f64::consts::{PI, SQRT_2};

/// Keeps SeaCache's filter finite at noise levels of 0 and 1, and at frequency 0.
const SEA_EPSILON: f64 = 1e-6;

/// Every `factor`-th row and column.
pub(super) fn downsample(side: usize, factor: usize) -> Vec<f32> {
    let tokens = side * side;
    let kept = (0..side).step_by(factor.max(1));
    let pairs = kept.clone().flat_map(|y| kept.clone().map(move |x| (y, x)));
    let mut matrix = Vec::new();
    for (y, x) in pairs {
        let first = matrix.len();
        matrix.resize(first + tokens, 0.0);
        matrix[first + y * side + x] = 1.0;
    }
    matrix
}

/// The projector onto the low frequencies of the Fourier transform: those within `share` of the
/// highest frequency of an axis (FasterCache's circle of a fifth of the side is 0.4).
pub(super) fn fourier(side: usize, share: f64) -> Vec<f32> {
    let half = side as f64 / 2.0;
    let frequency = |k: usize| {
        let k = k as f64;
        if k <= half { k } else { k - side as f64 }
    };
    let radius = share * half;
    let mut kernel = vec![0.0; side * side];
    for (u, v) in (0..side).flat_map(|u| (0..side).map(move |v| (u, v))) {
        let (fu, fv) = (frequency(u), frequency(v));
        if libm::sqrt(fu * fu + fv * fv) > radius {
            continue;
        }
        for (i, sum) in kernel.iter_mut().enumerate() {
            // Whole turns are taken out, so that the angle stays exact.
            let turns = (u * (i / side) + v * (i % side)) % side;
            *sum += libm::cos(2.0 * PI * turns as f64 / side as f64);
        }
    }
    let size = (side * side) as f64;
    let apart = |a: usize, b: usize| (a + side - b) % side;
    let mut matrix = Vec::with_capacity(side * side * side * side);
    for i in 0..side * side {
        for j in 0..side * side {
            let (y, x) = (apart(i / side, j / side), apart(i % side, j % side));
            matrix.push((kernel[y * side + x] / size) as f32);
        }
    }
    matrix
}

/// The projector onto the low frequencies of the cosine transform (DCT-II): those within `share` of
/// the highest of both axes together, the corner of the spectrum, as in FreqCa.
pub(super) fn cosine(side: usize, share: f64) -> Vec<f32> {
    let wave = |k: usize, x: usize| {
        let scale = if k == 0 { 1.0 } else { SQRT_2 };
        let angle = PI * (x as f64 + 0.5) * k as f64 / side as f64;
        scale / libm::sqrt(side as f64) * libm::cos(angle)
    };
    let radius = share * SQRT_2 * side.saturating_sub(1) as f64;
    let mut matrix = vec![0.0; side * side * side * side];
    for (u, v) in (0..side).flat_map(|u| (0..side).map(move |v| (u, v))) {
        if libm::sqrt((u * u + v * v) as f64) > radius {
            continue;
        }
        let basis: Vec<f64> = (0..side * side)
            .map(|i| wave(u, i / side) * wave(v, i % side))
            .collect();
        for (row, a) in matrix.chunks_exact_mut(side * side).zip(&basis) {
            for (sum, b) in row.iter_mut().zip(&basis) {
                *sum += a * b;
            }
        }
    }
    matrix.into_iter().map(|value: f64| value as f32).collect()
}

/// SeaCache's filter, rebuilt for every call: what is signal where a latent is `signal` times a
/// picture whose spectrum falls as |f|^−p, and `noise` times white noise.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sea {
    side: usize,
    exponent: f64,
    gains: Vec<f64>,
    kernel: Vec<f64>,
    matrix: Vec<f32>,
}

impl Sea {
    pub(super) fn new(side: usize, exponent: f64) -> Self {
        Self {
            side,
            exponent,
            gains: vec![0.0; side],
            kernel: vec![0.0; side],
            matrix: vec![0.0; side * side * side * side],
        }
    }

    /// The matrix at a noise level.
    pub(crate) fn matrix(&mut self, signal: f64, noise: f64) -> &[f32] {
        let side = self.side;
        let signal = signal.max(SEA_EPSILON);
        let noise = noise.max(SEA_EPSILON);
        for (k, gain) in self.gains.iter_mut().enumerate() {
            let frequency = k.min(side - k) as f64 / side as f64;
            let power = 1.0 / (libm::pow(frequency, self.exponent) + SEA_EPSILON);
            *gain = signal * power / (signal * signal * power + noise * noise + SEA_EPSILON);
        }
        // The mean over the grid of a product over the axes is the product of the means.
        let mean = self.gains.iter().sum::<f64>() / side as f64;
        for (x, value) in self.kernel.iter_mut().enumerate() {
            let waves = self.gains.iter().enumerate();
            let sum: f64 = waves
                .map(|(k, gain)| gain * libm::cos(2.0 * PI * (k * x % side) as f64 / side as f64))
                .sum();
            *value = sum / (mean * side as f64);
        }
        let apart = |a: usize, b: usize| (a + side - b) % side;
        for (i, row) in self.matrix.chunks_exact_mut(side * side).enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                let [y, x] = [apart(i / side, j / side), apart(i % side, j % side)];
                *value = (self.kernel[y] * self.kernel[x]) as f32;
            }
        }
        &self.matrix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn multiply(a: &[f32], b: &[f32], n: usize) -> Vec<f32> {
        let at = |i: usize| (0..n).map(|k| a[i / n * n + k] * b[k * n + i % n]).sum();
        (0..n * n).map(at).collect()
    }

    fn apart(a: &[f32], b: &[f32]) -> f32 {
        let pairs = a.iter().zip(b);
        pairs.fold(0.0, |most, (a, b)| most.max((a - b).abs()))
    }

    #[test]
    fn projectors_are_projectors() {
        for side in [1, 4, 5, 8] {
            let n = side * side;
            for share in [0.0, 0.1, 0.3, 0.7, 1.0] {
                for matrix in [cosine(side, share), fourier(side, share)] {
                    assert!(apart(&multiply(&matrix, &matrix, n), &matrix) < 1e-5);
                    let ones: Vec<f32> = matrix.chunks(n).map(|row| row.iter().sum()).collect();
                    assert!(apart(&ones, &vec![1.0; n]) < 1e-5, "the mean stays");
                }
            }
            let all = cosine(side, 1.0);
            let one = |i: usize| f32::from(u8::from(i / n == i % n));
            let identity: Vec<f32> = (0..n * n).map(one).collect();
            assert!(apart(&all, &identity) < 1e-5);
            assert!(apart(&fourier(side, 1.5), &identity) < 1e-5);
        }
    }

    /// The trace of a projector is the number of waves: six of a 16 × 16 grid at a tenth.
    #[test]
    fn the_low_band_has_as_many_waves_as_published() {
        let waves = |matrix: &[f32], n: usize| -> f32 { (0..n).map(|i| matrix[i * n + i]).sum() };
        assert!((waves(&cosine(16, 0.1), 256) - 6.0).abs() < 1e-4);
        assert!((waves(&cosine(8, 0.1), 64) - 1.0).abs() < 1e-4);
        // A circle of radius 6 on 32 × 32 pixels.
        assert!((waves(&fourier(32, 6.0 / 16.0), 1024) - 113.0).abs() < 1e-3);
    }

    #[test]
    fn a_downsampled_grid_has_every_other_token() {
        let matrix = downsample(3, 2);
        let picked: Vec<usize> = matrix
            .chunks(9)
            .map(|row| row.iter().position(|v| *v == 1.0).expect("a token"))
            .collect();
        assert_eq!(picked, [0, 2, 6, 8]);
        assert_eq!(matrix.iter().sum::<f32>(), 4.0);
    }

    #[test]
    fn the_sea_filter_lets_low_frequencies_through() {
        let mut sea = Sea::new(4, 2.0);
        let wave = |k: f64| -> Vec<f32> {
            let at = |i: usize| (PI * k * (i % 4) as f64 / 2.0).cos() as f32;
            (0..16).map(at).collect()
        };
        let gain = |matrix: &[f32], wave: &[f32]| -> f32 {
            matrix[..16].iter().zip(wave).map(|(m, x)| m * x).sum()
        };
        let noisy = sea.matrix(0.1, 0.9).to_vec();
        let (low, high) = (gain(&noisy, &wave(1.0)), gain(&noisy, &wave(2.0)));
        assert!(low > 2.0 * high && high > 0.0, "{low} {high}");
        // Without noise, all frequencies count the same but for the regularisation.
        let clear = sea.matrix(1.0, 0.0).to_vec();
        assert!((gain(&clear, &wave(1.0)) - gain(&clear, &wave(2.0))).abs() < 1e-3);
    }
}
