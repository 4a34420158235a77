//! The mathematics of calibration.

use alloc::{vec, vec::Vec};

/// Longest jump that SmoothCache looks ahead.
pub(super) const LOOK_AHEAD: usize = 3;

/// The mean of rows of one length.
pub(super) fn mean(rows: &[Vec<f64>]) -> Vec<f64> {
    let mut sum = vec![0.0; rows.first().map_or(0, Vec::len)];
    for row in rows {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += value / rows.len() as f64;
        }
    }
    sum
}

/// The largest difference of a row's value from the mean, relative to that.
pub(super) fn spread(rows: &[Vec<f64>]) -> f64 {
    let mean = mean(rows);
    let off = |row: &Vec<f64>| {
        let off = row
            .iter()
            .zip(&mean)
            .map(|(v, mean)| (v / mean - 1.0).abs());
        off.fold(0.0, f64::max)
    };
    rows.iter().map(off).fold(0.0, f64::max)
}

/// Σ|now − before| and Σ|size|.
pub(super) fn change(now: &[f32], before: &[f32], size: &[f32]) -> [f64; 2] {
    let pairs = now.iter().zip(before);
    let change = pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
    [change.sum(), size.iter().map(|v| f64::from(v.abs())).sum()]
}

/// SmoothCache's steps to compute. `errors[j - 1][i]` is the change over `j` steps from step `i`: the
/// longest jump whose change is at most the threshold is taken. The first and the last are computed.
pub(super) fn look_ahead(errors: &[Vec<f64>], steps: usize, threshold: f64) -> Vec<bool> {
    let mut computed = vec![false; steps];
    let mut step = 0;
    while step < steps {
        computed[step] = true;
        let fits = |jump: &usize| {
            let error = errors.get(jump - 1).and_then(|row| row.get(step));
            error.is_some_and(|error| *error <= threshold)
        };
        step += (1..=LOOK_AHEAD).rev().find(fits).unwrap_or(0) + 1;
    }
    computed[steps - 1] = true;
    computed
}

/// Block Caching's steps to compute: what is computed holds while the changes from step to step add
/// up to at most the threshold. `changes[i]` is that from step `i` to the next.
pub(super) fn hold(changes: &[f64], threshold: f64) -> Vec<bool> {
    let mut spent = 0.0;
    let mut computed = vec![true];
    for change in changes {
        spent += change;
        let crossed = spent > threshold;
        if crossed {
            spent = 0.0;
        }
        computed.push(crossed);
    }
    computed
}

/// InvarDiff's steps to compute: those whose rate is at least the quantile `share` of all. The first
/// and the last step have no rate and are computed.
pub(super) fn steady(rates: &[f64], share: f64) -> Vec<bool> {
    let limit = quantile(rates, share).unwrap_or(0.0);
    let mut computed = vec![true];
    computed.extend(rates.iter().map(|rate| *rate >= limit));
    computed.push(true);
    computed
}

/// The value that a share of the values is below, linear between two of them.
fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let place = share * values.len().checked_sub(1)? as f64;
    let below = place as usize;
    let (a, b) = (values.get(below)?, values.get(below + 1));
    Some(a + (b.unwrap_or(a) - a) * (place - below as f64))
}

/// The polynomial through points (x, y) with the least squared error, highest degree first. `None` if
/// there are not enough different x.
pub(super) fn polynomial(points: &[[f64; 2]], degree: usize) -> Option<Vec<f64>> {
    // With the largest x as unit the powers are of one size.
    let unit = points
        .iter()
        .fold(0.0, |most: f64, [x, _]| most.max(x.abs()));
    let terms = degree + 1;
    let mut rows = vec![vec![0.0; terms + 1]; terms];
    for [x, y] in points {
        let mut powers = vec![1.0; terms];
        for k in 1..terms {
            powers[k] = powers[k - 1] * (x / unit);
        }
        for (row, a) in rows.iter_mut().zip(&powers) {
            for (cell, b) in row.iter_mut().zip(powers.iter().chain([y])) {
                *cell += a * b;
            }
        }
    }
    let mut scale = 1.0;
    let mut coefficients = solve(rows)?;
    for coefficient in &mut coefficients {
        *coefficient /= scale;
        scale *= unit;
    }
    coefficients.reverse();
    let finite = coefficients.iter().all(|c| c.is_finite());
    finite.then_some(coefficients)
}

/// Gauss's elimination; every row ends with its right-hand side.
pub(super) fn solve(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = rows.len();
    let size = rows
        .iter()
        .flatten()
        .fold(0.0, |most: f64, v| most.max(v.abs()));
    for k in 0..n {
        let best = (k..n).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs()))?;
        rows.swap(k, best);
        let pivot = rows[k].clone();
        if pivot[k].is_nan() || pivot[k].abs() <= 1e-14 * size {
            return None;
        }
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != k) {
            let share = row[k] / pivot[k];
            for (cell, above) in row.iter_mut().zip(&pivot) {
                *cell -= share * above;
            }
        }
    }
    Some((0..n).map(|k| rows[k][n] / rows[k][k]).collect())
}

/// A polynomial's value.
pub(super) fn value(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |value, c| value * x + c)
}

/// The least threshold, to three digits, at which at most half is computed.
pub(super) fn half(share: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if share(libm::pow(10.0, middle)) <= 0.5 {
            high = middle;
        } else {
            low = middle;
        }
    }
    let place = libm::pow(10.0, 2.0 - libm::floor(high));
    libm::ceil(libm::pow(10.0, high) * place) / place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(computed: &[bool]) -> alloc::string::String {
        computed
            .iter()
            .map(|c| if *c { '1' } else { '0' })
            .collect()
    }

    #[test]
    fn the_longest_jump_that_fits_is_taken() {
        // Over one, two and three steps.
        let errors = [
            vec![0.1, 0.3, 0.1, 0.1, 0.1, 0.1],
            vec![0.2, 0.4, 0.2, 0.2, 0.2],
            vec![0.4, 0.5, 0.4, 0.2],
        ];
        // 0 jumps two; 3 jumps three; the last is computed all the same.
        assert_eq!(letters(&look_ahead(&errors, 7, 0.2)), "1001001");
        assert_eq!(letters(&look_ahead(&errors, 7, 0.05)), "1111111");
        assert_eq!(letters(&look_ahead(&errors, 7, 0.15)), "1010101");
        assert_eq!(letters(&look_ahead(&[], 1, 0.2)), "1");
    }

    #[test]
    fn what_is_held_is_held_until_the_sum_crosses() {
        let changes = [0.25, 0.25, 0.25, 0.5, 0.5, 0.25];
        assert_eq!(letters(&hold(&changes, 0.5)), "1001010");
        assert_eq!(letters(&hold(&changes, 0.0)), "1111111");
        assert_eq!(letters(&hold(&changes, 9.0)), "1000000");
    }

    #[test]
    fn slow_steps_are_skipped() {
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.25), Some(1.5));
        assert_eq!(letters(&steady(&[9.0, 1.0, 2.0, 3.0, 0.0], 0.5)), "1101101");
        assert_eq!(letters(&steady(&[], 0.5)), "11");
    }

    #[test]
    fn a_polynomial_is_found_again() {
        let wanted = [300.0, -40.0, 2.0, 0.5, 0.01];
        let at = |i: u32| 0.002 * f64::from(i);
        let points: Vec<[f64; 2]> = (1..40).map(|i| [at(i), value(&wanted, at(i))]).collect();
        let found = polynomial(&points, 4).expect("enough points");
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found / wanted - 1.0).abs() < 1e-6, "{found} {wanted}");
        }
        assert_eq!(polynomial(&points[..4], 4), None);
        assert_eq!(polynomial(&[[0.0, 0.0]; 9], 4), None);
    }

    #[test]
    fn half_is_found_to_three_digits() {
        let found = half(|threshold| if threshold >= 0.123_4 { 0.4 } else { 0.6 });
        assert!((found - 0.124).abs() < 1e-12, "{found}");
    }

    #[test]
    fn rows_are_averaged() {
        let rows = [vec![1.0, 4.0], vec![3.0, 4.0]];
        assert_eq!(mean(&rows), [2.0, 4.0]);
        assert_eq!(spread(&rows), 0.5);
        assert_eq!(change(&[1.0, -2.0], &[0.0, 1.0], &[1.0, -3.0]), [4.0, 4.0]);
    }
}
