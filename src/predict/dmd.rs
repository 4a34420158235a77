//! Dynamic mode decomposition, as HiCache++ brings it to feature caching (third-party code, 2026).
//!
//! Up to six evenly spaced computed features are taken for sums of modes that grow, shrink or
//! oscillate: `Fᵢ ≈ Σⱼ cⱼ Fᵢ₊ⱼ` (newest first) by least squares, whose matrix are inner products of the
//! features, so that no feature is needed. The modes are the roots of `λᵖ = Σ cⱼ λᵖ⁻ʲ`, and the weights of
//! the p newest features are those that continue every mode, between whole gaps too. p is 1 with four
//! features, or where all point one way, and 2 with more, so it is exact on one geometric sequence, or on two, or on one
//! oscillation; weights sum to one for none of them. The original keeps up to five modes. Where the
//! features are not evenly spaced, too few, or the modes alternate, coincide or grow by more than half
//! from feature to feature, a straight line takes over.
//!
//! On DiTs its authors measured it to be worse than TaylorSeer, on flow-matching 3D models better.

use super::{Weights, linear::solve, taylor};
use crate::numeric::{atan2, powf, sin_cos, sqrt};

/// Modes at most.
const MODES: usize = 2;
/// What a mode may grow by from feature to feature.
const GROWTH: f64 = 1.5;

/// Weights over `times`, newest first and distinct, from the products of features with themselves and
/// those older than them.
pub(super) fn weights(times: &[f64], target: f64, products: &[f64], out: &mut Weights) {
    if modes(times, target, products, out).is_none() {
        *out = Weights::NONE;
        taylor::weights(times.get(..2).unwrap_or(times), target, out);
    }
}

fn modes(times: &[f64], target: f64, products: &[f64], out: &mut Weights) -> Option<()> {
    let held = (1..=times.len())
        .rev()
        .find(|n| n * (n + 1) / 2 <= products.len())?;
    let (&newest, &second) = (times.first()?, times.get(1)?);
    let gap = newest - second;
    let even = |pair: &[f64]| match pair {
        [a, b] => {
            let off = (a - b) / gap - 1.0;
            off < 1e-9 && off > -1e-9
        }
        _ => false,
    };
    // The newest of them that are evenly spaced.
    let known = 1 + times
        .get(..held)?
        .windows(2)
        .take_while(|pair| even(pair))
        .count();
    if known < 4 {
        return None;
    }
    // Row i of the packed triangle begins behind those of the newer features.
    let product = |i: usize, j: usize| {
        let (i, j) = (i.min(j), i.max(j));
        let start = i * (2 * held + 1 - i) / 2;
        products.get(start + j - i).copied()
    };
    let count = if one_direction(known, product) {
        1
    } else {
        ((known - 1) / 2).min(MODES)
    };
    let (mut matrix, mut right) = ([[0.0; MODES]; MODES], [0.0; MODES]);
    for i in 0..known - count {
        for (j, (row, right)) in matrix.iter_mut().zip(&mut right).enumerate().take(count) {
            for (k, value) in row.iter_mut().enumerate().take(count) {
                *value += product(i + j + 1, i + k + 1)?;
            }
            *right += product(i, i + j + 1)?;
        }
    }
    let trace: f64 = matrix
        .iter()
        .zip(0..)
        .map(|(row, i): (_, usize)| row.get(i).copied().unwrap_or(0.0))
        .sum();
    for (i, row) in matrix.iter_mut().enumerate().take(count) {
        *row.get_mut(i)? += 1e-12 * trace;
    }
    if !solve(&mut matrix, &mut right, count) {
        return None;
    }
    let gaps = (target - newest) / gap;
    let [first, second] = right;
    let pair = if count == 1 {
        (grows_soundly(first)?, 0.0)
    } else {
        continued(first, second, gaps)?
    };
    let [w0, w1, ..] = &mut out.values;
    (*w0, *w1) = if count == 1 {
        (powf(pair.0, gaps), 0.0)
    } else {
        pair
    };
    out.len = count;
    (w0.is_finite() && w1.is_finite()).then_some(())
}

/// Whether the features all point one way, so that there is no more than one mode in them: the second
/// eigenvalue of their products is nothing beside the first.
fn one_direction(known: usize, product: impl Fn(usize, usize) -> Option<f64>) -> bool {
    let (mut trace, mut squares) = (0.0, 0.0);
    for i in 0..known {
        trace += product(i, i).unwrap_or(0.0);
        for j in 0..known {
            let value = product(i, j).unwrap_or(0.0);
            squares += value * value;
        }
    }
    trace * trace - squares <= 2e-8 * trace * trace
}

/// A mode that can be continued between whole gaps.
fn grows_soundly(mode: f64) -> Option<f64> {
    (mode > 0.0 && mode <= GROWTH).then_some(mode)
}

/// Weights of the two newest features that continue both roots of `λ² = a λ + b` by `gaps`.
fn continued(a: f64, b: f64, gaps: f64) -> Option<(f64, f64)> {
    let square = a * a + 4.0 * b;
    if square >= 0.0 {
        let root = sqrt(square);
        let one = grows_soundly(0.5 * (a + root))?;
        let two = grows_soundly(0.5 * (a - root))?;
        if one - two < 1e-6 {
            return None;
        }
        let (to_one, to_two) = (powf(one, gaps), powf(two, gaps));
        let second = (to_one - to_two) / (1.0 / one - 1.0 / two);
        return Some((to_one - second / one, second));
    }
    let (real, imaginary) = (0.5 * a, 0.5 * sqrt(-square));
    let radius = grows_soundly(sqrt(real * real + imaginary * imaginary))?;
    let angle = atan2(imaginary, real);
    let (sine, cosine) = sin_cos(angle);
    let (sine_to, cosine_to) = sin_cos(angle * gaps);
    let to = powf(radius, gaps);
    let second = -to * radius * sine_to / sine;
    Some((to * cosine_to - second * cosine / radius, second))
}
