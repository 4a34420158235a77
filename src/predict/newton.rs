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

#[cfg(test)]
mod tests {
    use crate::predict::{Predictor, PredictorKind};

    #[test]
    fn exact_to_its_order_on_unequal_spacing() {
        let times = [7.0, 2.0, 1.0, -0.5];
        for order in 0..=3_u32 {
            let f = |t: f64| (0..=order).fold(0.0, |sum, _| sum * t + 1.25);
            let weights = Predictor::new(PredictorKind::Newton, order).weights(&times, 9.5);
            assert_eq!(weights.len, order as usize + 1);
            let got: f64 = times
                .iter()
                .zip(weights.values)
                .map(|(&t, w)| w * f(t))
                .sum();
            assert!((got - f(9.5)).abs() < 1e-9 * f(9.5), "order {order}: {got}");
        }
        // One degree more is not exact: the test can fail.
        let weights = Predictor::new(PredictorKind::Newton, 2).weights(&times, 9.5);
        let cube: f64 = times
            .iter()
            .zip(weights.values)
            .map(|(t, w)| w * t * t * t)
            .sum();
        assert!((cube - 9.5_f64.powi(3)).abs() > 1.0);
    }

    #[test]
    fn anchors_at_one_time_are_left_out() {
        let weights = Predictor::new(PredictorKind::Newton, 2).weights(&[3.0, 3.0, 1.0], 4.0);
        assert_eq!((weights.len, weights.values[0]), (1, 1.0));
    }
}
