//! The interpolating polynomial through the anchors, by Newton's divided differences.
//!
//! Exact on polynomials up to the number of anchors less one, for any spacing; its weights grow
//! faster with the order than TaylorSeer's.

use super::Weights;

/// Weights of the interpolating polynomial at `target` over `times`, newest first and distinct.
///
/// The weight of an anchor is its Lagrange basis polynomial, which is what the divided differences
/// of a unit vector come to.
pub(super) fn weights(times: &[f64], target: f64, out: &mut Weights) {
    for (w, (i, ti)) in out.values.iter_mut().zip(times.iter().enumerate()) {
        let mut product = 1.0;
        for (j, tj) in times.iter().enumerate() {
            if i != j {
                product *= (target - tj) / (ti - tj);
            }
        }
        *w = product;
        out.len = i + 1;
    }
}
