//! Published coefficients, curves and masks, by model.

mod curves;
mod masks;
mod polynomials;
#[cfg(test)]
mod tests;

pub use curves::CURVES;
pub use masks::{BLOCKS, MASKS};
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
    /// Published thresholds, and how many times as fast a run is with each, if that is known.
    pub thresholds: &'static str,
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

/// A published choice of blocks to skip.
#[derive(Clone, Copy, Debug)]
pub struct BlockTable {
    /// The method it is for.
    pub method: &'static str,
    /// The model.
    pub model: &'static str,
    /// How many blocks there are to choose from.
    pub total: u32,
    /// The chosen ones, in order; all others are computed on every call.
    pub blocks: &'static [u32],
    /// One character a step: at 1 the chosen ones are computed, too.
    pub mask: &'static str,
    /// Where it is from.
    pub source: &'static str,
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

/// The masks published for a method.
pub fn masks(method: &str) -> impl Iterator<Item = &'static MaskTable> + '_ {
    MASKS.iter().filter(move |table| table.method == method)
}

/// The mask published for a method and `model`.
#[must_use]
pub fn mask(method: &str, model: &str) -> Option<&'static MaskTable> {
    masks(method).find(|table| table.model == model)
}

/// The blocks published for a method and `model`.
#[must_use]
pub fn blocks(method: &str, model: &str) -> Option<&'static BlockTable> {
    BLOCKS
        .iter()
        .find(|table| table.method == method && table.model == model)
}
