//! What is measured or counted, and how it is rescaled.

use crate::signal::{Reference, SignalKind};
use crate::text::{Named, named};

/// Highest degree of a rescaling polynomial.
pub const MAX_DEGREE: usize = 5;
/// Longest calibrated curve.
pub const MAX_CURVE: usize = 128;

/// Where the cost of skipping a call comes from.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaugeKind {
    /// No call is ever skipped.
    Always = 0,
    /// Skipping costs nothing: only the guards compute.
    Free = 1,
    /// Every skipped call costs 1.
    Count = 2,
    /// A measured signal, rescaled.
    Signal = 3,
    /// `|1 − Π γ|` over the calls since the last computed one, from a calibrated curve γ of
    /// magnitude ratios (MagCache). Needs no measurement.
    Curve = 4,
}

named!(GaugeKind, "gauge", {
    Always => "always",
    Free => "free",
    Count => "count",
    Signal => "signal",
    Curve => "curve",
});

/// How a measured signal becomes a cost.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rescale {
    /// The signal itself.
    Identity = 0,
    /// A polynomial of the signal, as calibrated: it may be negative and then lowers what was spent.
    Polynomial = 1,
    /// The signal times the network's transformation rate at the last computed call (EasyCache):
    /// the host hands that rate in with the commit of a computed call.
    Rate = 2,
}

named!(Rescale, "rescale", {
    Identity => "identity",
    Polynomial => "polynomial",
    Rate => "rate",
});

/// A calibrated curve, one value a step of the run it was calibrated on.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// Values in use, 0 to 128.
    pub len: u32,
    /// Zero.
    pub reserved: u32,
    /// The values, 0.01 to 100; those beyond `len` are zero.
    pub values: [f64; MAX_CURVE],
}

impl Curve {
    /// No values.
    pub const EMPTY: Self = Self {
        len: 0,
        reserved: 0,
        values: [0.0; MAX_CURVE],
    };

    /// A curve of up to 128 values; what is beyond is cut off.
    #[must_use]
    pub const fn new(values: &[f64]) -> Self {
        let mut curve = Self::EMPTY;
        let mut i = 0;
        while i < values.len() && i < MAX_CURVE {
            curve.values[i] = values[i];
            i += 1;
        }
        curve.len = i as u32;
        curve
    }

    /// The values in use.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        self.values.get(..self.len as usize).unwrap_or(&[])
    }

    /// The value for `step` of a run of `steps`: the nearest calibrated one, ties to even, as in the
    /// official MagCache interpolation. `None` if the curve is empty.
    #[must_use]
    pub fn at(&self, step: u32, steps: u32) -> Option<f64> {
        let last = u64::from(self.len.checked_sub(1)?);
        let index = match u64::from(steps.saturating_sub(1)) {
            0 => last,
            span => {
                let scaled = u64::from(step) * last;
                let (floor, rest) = (scaled / span, scaled % span);
                floor + u64::from(2 * rest > span || (2 * rest == span && floor % 2 == 1))
            }
        };
        self.values().get(index as usize).copied()
    }
}

/// What is measured or counted, and how it is rescaled.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gauge {
    /// Where the cost comes from.
    pub kind: GaugeKind,
    /// With `Signal`: what the host measures.
    pub signal: SignalKind,
    /// With `Signal`: what it is compared with.
    pub reference: Reference,
    /// With `Signal`: how the measured value becomes a cost.
    pub rescale: Rescale,
    /// With `Polynomial`: coefficients, highest degree first, ending in the constant; a polynomial
    /// of lower degree has leading zeros.
    pub coefficients: [f64; MAX_DEGREE + 1],
    /// With `Curve`: magnitude ratios.
    pub curve: Curve,
}

impl Gauge {
    /// The polynomial at `x`, by Horner's rule in double precision.
    #[must_use]
    pub fn polynomial(&self, x: f64) -> f64 {
        self.coefficients.iter().fold(0.0, |sum, c| sum * x + c)
    }
}
