//! What a policy measures or counts, and how that becomes a cost.

use super::schedule::{self, Level, Schedule};
use crate::signal::{Filter, Metric, Reference, SignalKind};
use crate::text::{Named, named};

/// Highest degree of a rescaling polynomial.
pub const MAX_DEGREE: usize = 5;
/// Longest calibrated curve.
pub const MAX_CURVE: usize = 128;
/// Most entries of a codebook.
pub const MAX_CODEBOOK: usize = 8;

/// Where the cost of skipping a call comes from.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaugeKind {
    /// No call is ever skipped.
    Always = 0,
    /// Skipping costs nothing: only the guards compute.
    Free = 1,
    /// Nothing is measured: a schedule says which calls are computed.
    Count = 2,
    /// A measured signal, rescaled.
    Signal = 3,
    /// `|1 − Π γ|` over the calls since the last computed one, from a calibrated curve γ of
    /// magnitude ratios (MagCache). Needs no measurement.
    Curve = 4,
    /// A signal measured at computed calls alone, which says how many of the next calls are skipped
    /// (AdaCache, Foresight, BWCache). It is known when the call is over, so nothing waits for it.
    Late = 5,
}

named!(GaugeKind, "gauge", {
    Always => "always",
    Free => "free",
    Count => "count",
    Signal => "signal",
    Curve => "curve",
    Late => "late",
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
    /// The magnitude of the polynomial (TeaCache in ComfyUI, on FLUX).
    AbsolutePolynomial = 3,
    /// The signal divided by the distance, in calls, to the last computed call (AdaCache).
    Gap = 4,
    /// `Jx · signal + Jt · |time − time of the last computed call|`: sensitivities from a calibrated
    /// curve, whose first half is Jx and whose second half is Jt (SenCache).
    Sensitivity = 5,
}

named!(Rescale, "rescale", {
    Identity => "identity",
    Polynomial => "polynomial",
    Rate => "rate",
    AbsolutePolynomial => "absolute-polynomial",
    Gap => "gap",
    Sensitivity => "sensitivity",
});

impl Rescale {
    /// Whether it is a polynomial's.
    #[must_use]
    pub const fn is_polynomial(self) -> bool {
        matches!(self, Self::Polynomial | Self::AbsolutePolynomial)
    }
}

/// What a calibrated curve is indexed by.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurveBy {
    /// The step, as a share of the run; the nearest value counts.
    Step = 0,
    /// The call's time between the curve's start and end; values in between are interpolated, so
    /// that a curve fits a run of other steps or another spacing.
    Time = 1,
}

named!(CurveBy, "curve axis", {
    Step => "step",
    Time => "time",
});

/// Which deviation of the magnitude ratios counts.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deviation {
    /// `|1 − Π γ|`, as in most of the official code.
    Absolute = 0,
    /// `1 − Π γ`, as in the paper and in the official code for Open-Sora.
    Signed = 1,
}

named!(Deviation, "deviation", {
    Absolute => "absolute",
    Signed => "signed",
});

/// A calibrated curve, one value a step of the run it was calibrated on.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// Values in use, 0 to 128.
    pub len: u32,
    /// What it is indexed by.
    pub by: CurveBy,
    /// With `Time`: time of the first value.
    pub start: f64,
    /// With `Time`: time of the last value.
    pub end: f64,
    /// The values; those beyond `len` are zero.
    pub values: [f64; MAX_CURVE],
}

impl Curve {
    /// No values.
    pub const EMPTY: Self = Self {
        len: 0,
        by: CurveBy::Step,
        start: 0.0,
        end: 0.0,
        values: [0.0; MAX_CURVE],
    };

    /// Whether there are values beyond its length, which have no effect.
    pub(in crate::policy) fn has_rest(&self) -> bool {
        let mut rest = self.values.iter().skip(self.len as usize);
        rest.any(|value| value.to_bits() != 0)
    }

    /// A curve of up to 128 values by step; what is beyond is cut off.
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

    /// Row `row` of `rows` equal parts, at a call. `None` if the curve is empty.
    #[must_use]
    pub fn part_at(&self, row: u32, rows: u32, step: u32, steps: u32, time: f64) -> Option<f64> {
        let each = self.len.checked_div(rows)?;
        let values = self.values().get((row * each) as usize..)?;
        let values = values.get(..each as usize)?;
        match self.by {
            CurveBy::Step => values.get(nearest(each, step, steps)? as usize).copied(),
            CurveBy::Time => {
                let span = self.end - self.start;
                let share = if span == 0.0 {
                    0.0
                } else {
                    (time - self.start) / span
                };
                between(values, share)
            }
        }
    }

    /// The value for a call. With `Step` the nearest calibrated one, ties to even, as in the
    /// official MagCache interpolation. `None` if the curve is empty.
    #[must_use]
    pub fn at(&self, step: u32, steps: u32, time: f64) -> Option<f64> {
        self.part_at(0, 1, step, steps, time)
    }

    /// Index of the nearest value for `step` of a run of `steps`.
    #[must_use]
    pub fn index(&self, step: u32, steps: u32) -> Option<u32> {
        nearest(self.len, step, steps)
    }
}

fn nearest(len: u32, step: u32, steps: u32) -> Option<u32> {
    let last = u64::from(len.checked_sub(1)?);
    Some(match u64::from(steps.saturating_sub(1)) {
        0 => last as u32,
        span => {
            let scaled = u64::from(step) * last;
            let (floor, rest) = (scaled / span, scaled % span);
            (floor + u64::from(2 * rest > span || (2 * rest == span && floor % 2 == 1))) as u32
        }
    })
}

/// The values at a share of their length, from 0 to 1.
fn between(values: &[f64], share: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = if share > 0.0 {
        share * last as f64
    } else {
        0.0
    };
    let floor = (place as usize).min(last);
    let (a, b) = (values.get(floor)?, values.get((floor + 1).min(last))?);
    let rest = if floor == last {
        0.0
    } else {
        place - floor as f64
    };
    Some(a + (b - a) * rest)
}

/// Which interval follows a measured value.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Codebook {
    /// Entries in use, 0 to 8; 0 is no codebook.
    pub len: u32,
    /// Interval of each entry, 1 or more.
    pub intervals: [u32; MAX_CODEBOOK],
    /// Zero.
    pub reserved: u32,
    /// An entry counts for values below its threshold; thresholds rise.
    pub thresholds: [f64; MAX_CODEBOOK],
}

impl Codebook {
    /// No codebook.
    pub const EMPTY: Self = Self {
        len: 0,
        intervals: [0; MAX_CODEBOOK],
        reserved: 0,
        thresholds: [0.0; MAX_CODEBOOK],
    };

    /// Whether there are entries beyond its length, which have no effect.
    pub(in crate::policy) fn has_rest(&self) -> bool {
        let entries = self.thresholds.iter().zip(&self.intervals);
        let mut rest = entries.skip(self.len as usize);
        rest.any(|(threshold, interval)| threshold.to_bits() != 0 || *interval != 0)
    }

    /// A codebook of (threshold, interval) pairs.
    #[must_use]
    pub const fn new(pairs: &[(f64, u32)]) -> Self {
        let mut book = Self::EMPTY;
        let mut i = 0;
        while i < pairs.len() && i < MAX_CODEBOOK {
            (book.thresholds[i], book.intervals[i]) = pairs[i];
            i += 1;
        }
        book.len = i as u32;
        book
    }

    /// The entries in use.
    pub fn entries(&self) -> impl Iterator<Item = (f64, u32)> + '_ {
        let pairs = self.thresholds.iter().copied().zip(self.intervals);
        pairs.take(self.len as usize)
    }

    /// The interval of the first entry above `value`; 1 if there is none.
    #[must_use]
    pub fn interval(&self, value: f64) -> u32 {
        let mut entries = self.entries();
        entries
            .find(|(threshold, _)| value < *threshold)
            .map_or(1, |(_, interval)| interval)
    }
}

/// What is measured or counted, and how it is rescaled.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gauge {
    /// Where the cost comes from.
    pub kind: GaugeKind,
    /// With `Signal` and `Late`: what the host measures.
    pub signal: SignalKind,
    /// With `Signal` and `Late`: how its change becomes a number.
    pub metric: Metric,
    /// With `Signal` and `Late`: what it is compared with.
    pub reference: Reference,
    /// With `Signal` and `Late`: what it goes through before.
    pub filter: Filter,
    /// With `Signal` and `Late`: how the measured value becomes a cost.
    pub rescale: Rescale,
    /// With `Count`: which calls are computed.
    pub schedule: Schedule,
    /// With `Count` and `Late`: the interval between computed calls.
    pub interval: u32,
    /// With the schedule `First`: step of the first computed call of the pattern.
    pub offset: u32,
    /// With the schedule `Scm`: how much it skips.
    pub level: Level,
    /// With `Curve`: how a product of ratios becomes a cost.
    pub deviation: Deviation,
    /// With `Curve`: index of a value whose steps are always computed, 0 for none.
    pub protect: u32,
    /// With a filter: factor of `Downsample`, share of the radius of `LowPass`, exponent p of `Sea`.
    pub filter_size: f64,
    /// With the schedule `Quadratic`: the step around which computed calls are dense.
    pub center: f64,
    /// With the schedule `Since`: what the interval grows by with every computed call behind the
    /// warm-up.
    pub growth: f64,
    /// With a polynomial: the signal is clamped to this, the calibrated interval.
    pub domain_min: f64,
    /// With a polynomial: the signal is clamped to this, the calibrated interval.
    pub domain_max: f64,
    /// What the cost of a call is multiplied by for every skip before it in its run: `1 + run_factor
    /// · run` (UCache).
    pub run_factor: f64,
    /// With a polynomial: coefficients, highest degree first, ending in the constant; a polynomial
    /// of lower degree has leading zeros.
    pub coefficients: [f64; MAX_DEGREE + 1],
    /// With `Late`: which interval follows a value.
    pub codebook: Codebook,
    /// With `Curve`: magnitude ratios. With `Sensitivity`: Jx, then Jt. With the predictor `table`:
    /// its weights, a row a step.
    pub curve: Curve,
}

impl Gauge {
    /// The polynomial at `x` within its domain, by Horner's rule in double precision.
    #[must_use]
    pub fn polynomial(&self, x: f64) -> f64 {
        let x = if x < self.domain_min {
            self.domain_min
        } else if x > self.domain_max {
            self.domain_max
        } else {
            x
        };
        self.coefficients.iter().fold(0.0, |sum, c| sum * x + c)
    }

    /// Whether a host measures something before it decides, or at computed calls.
    #[must_use]
    pub const fn measures(&self) -> bool {
        matches!(self.kind, GaugeKind::Signal | GaugeKind::Late)
    }

    /// With `Count`: whether the schedule has `step` computed, if that does not depend on what was
    /// computed before.
    #[must_use]
    pub fn scheduled(&self, step: u32, steps: u32) -> bool {
        let turn = |distance: u32| distance.checked_rem(self.interval) == Some(0);
        match self.schedule {
            Schedule::Since => false,
            Schedule::First => {
                // Before the offset the pattern goes on backwards.
                let back = self.offset.checked_rem(self.interval).unwrap_or(0);
                turn(step.wrapping_add(self.interval).wrapping_sub(back))
            }
            Schedule::Last => turn(steps.saturating_sub(1).saturating_sub(step)),
            Schedule::Quadratic => schedule::quadratic(self.interval, self.center, steps, step),
            Schedule::Scm => schedule::scm(self.level, steps, step),
            Schedule::Toca => schedule::toca(self.interval, steps, step),
        }
    }

    /// With the schedule `Since`: the interval after so many computed calls behind the warm-up.
    #[must_use]
    pub fn grown(&self, computed: u32) -> u32 {
        (f64::from(self.interval) + self.growth * f64::from(computed)) as u32
    }
}
