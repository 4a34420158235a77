//! Published coefficients, curves and masks, by model.

mod curves;
mod masks;
mod polynomials;

pub use curves::CURVES;
pub use masks::MASKS;
pub use polynomials::POLYNOMIALS;

use super::gauge::{Curve, MAX_DEGREE};

/// A rescaling polynomial fitted to one model.
#[derive(Clone, Copy, Debug)]
pub struct Polynomial {
    /// The model, as `model=` names it.
    pub model: &'static str,
    /// Highest degree first.
    pub coefficients: [f64; MAX_DEGREE + 1],
    /// Where it is from.
    pub source: &'static str,
}

/// A curve of magnitude ratios calibrated on one model.
#[derive(Clone, Copy, Debug)]
pub struct CurveTable {
    /// The model, as `model=` names it.
    pub model: &'static str,
    /// One ratio a step; the first is 1.
    pub values: &'static [f64],
    /// Where it is from: model, steps, sampler.
    pub source: &'static str,
}

impl CurveTable {
    /// The curve as a policy holds it.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        Curve::new(self.values)
    }
}

/// The polynomial fitted to `model`.
#[must_use]
pub fn polynomial(model: &str) -> Option<&'static Polynomial> {
    POLYNOMIALS.iter().find(|table| table.model == model)
}

/// The curve calibrated on `model`.
#[must_use]
pub fn curve(model: &str) -> Option<&'static CurveTable> {
    CURVES.iter().find(|table| table.model == model)
}

/// A published step mask.
#[derive(Clone, Copy, Debug)]
pub struct MaskTable {
    /// The method it is for.
    pub method: &'static str,
    /// The model, as `model=` names it.
    pub model: &'static str,
    /// One character a step: 1 is computed.
    pub mask: &'static str,
    /// Where it is from.
    pub source: &'static str,
}

/// The masks published for a method.
pub fn masks(method: &str) -> impl Iterator<Item = &'static MaskTable> + '_ {
    MASKS.iter().filter(move |table| table.method == method)
}

/// The mask published for a method and `model`.
#[must_use]
pub fn mask(method: &str, model: &str) -> Option<&'static MaskTable> {
    masks(method).find(|table| table.model == model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = POLYNOMIALS
            .iter()
            .map(|t| ("polynomial", t.model))
            .collect();
        names.extend(CURVES.iter().map(|t| ("curve", t.model)));
        names.extend(MASKS.iter().map(|t| (t.method, t.model)));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    /// Spot values that the method documents print.
    #[test]
    fn polynomials_have_the_published_values() {
        for (model, values) in [
            (
                "flux-dev",
                &[
                    (0.0, 0.2642),
                    (0.02, 0.2080),
                    (0.05, 0.1805),
                    (0.1, 0.2068),
                    (0.15, 0.2426),
                    (0.2, 0.2620),
                    (0.3, 0.5221),
                    (0.4, 2.2765),
                ][..],
            ),
            (
                "hunyuan-video",
                &[
                    (0.0, 0.0961),
                    (0.02, 0.0571),
                    (0.05, 0.0620),
                    (0.1, 0.1292),
                    (0.2, 0.1337),
                    (0.4, 2.7482),
                ],
            ),
            (
                "wan2.1-t2v-1.3b",
                &[(0.0, 0.1379), (0.05, 0.0774), (0.1, 0.2499), (0.2, -0.1226)],
            ),
            (
                "wan2.1-t2v-14b",
                &[(0.0, -13.0225), (0.1, -0.6360), (0.15, 0.1307)],
            ),
            ("wan2.1-t2v-1.3b-ret", &[(0.15, -5.1)]),
        ] {
            let table = polynomial(model).expect("a polynomial");
            for (x, value) in values {
                let got = table.coefficients.iter().fold(0.0, |sum, c| sum * x + c);
                let digits = if *value == -5.1 { 0.05 } else { 6e-5 };
                assert!(
                    (got - value).abs() < digits,
                    "{model} at {x}: {got} is not {value}"
                );
            }
        }
    }

    #[test]
    fn curves_are_ratios_that_begin_with_one() {
        for table in CURVES {
            assert!(
                table.values.len() <= crate::policy::MAX_CURVE,
                "{}",
                table.model
            );
            let sound = table.values.iter().all(|v| (0.3..=2.0).contains(v));
            assert!(
                sound && table.values.first() == Some(&1.0),
                "{}",
                table.model
            );
        }
    }

    #[test]
    fn masks_compute_the_first_step_and_as_many_as_their_names_say() {
        for table in MASKS {
            assert!(
                table.mask.bytes().all(|c| c == b'0' || c == b'1'),
                "{}",
                table.model
            );
            assert!(table.mask.starts_with('1'), "{}", table.model);
            let computed = table.mask.matches('1').count();
            if table.method == "lemica" {
                let named = table.model.rsplit('-').next().and_then(|n| n.parse().ok());
                assert_eq!(named, Some(computed), "{}", table.model);
            }
            if table.method != "fasterdiffusion" {
                assert!(table.mask.ends_with('1'), "{}", table.model);
            }
        }
    }
}
