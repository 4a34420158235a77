//! A prediction is a set of weights over anchors.
//!
//! A predictor is a pure function from the times at which the anchors were computed and the time
//! that is wanted to one weight per anchor; it never sees a feature. Recursive tables are
//! reproduced by running their recurrence on unit vectors.

mod adams;
mod chebyshev;
mod dmd;
mod foca;
mod gradient;
mod hermite;
mod linear;
mod newton;
mod solvers;
mod taylor;

#[cfg(test)]
mod tests;

use crate::text::{Named, named};

/// Most anchors a predictor may use.
pub const MAX_ANCHORS: usize = 8;
/// Highest order of a predictor.
pub const MAX_ORDER: u32 = 4;

/// The rule that turns anchor times into weights. Its weights sum to one unless it says otherwise.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PredictorKind {
    /// The newest anchor as it is.
    Hold = 0,
    /// TaylorSeer's difference table, which divides every order by the latest gap and so damps
    /// itself: exact on straight lines, not on parabolas.
    Taylor = 1,
    /// The polynomial through the newest anchors by divided differences: exact up to its order,
    /// for any spacing.
    Newton = 2,
    /// HiCache's scaled Hermite polynomials over TaylorSeer's table: exact on straight lines with
    /// sigma 1/√2 alone, and damped below.
    Hermite = 3,
    /// AB-Cache: the polynomial through the last values, forecasts included, one call apart.
    AdamsBashforth = 4,
    /// FoCa: a straight line, and a correction by what the last refresh changed, which fades by half
    /// with every call.
    Foca = 5,
    /// The newest feature and a share of the last change, whatever the distance (GOC, FasterCache).
    Gradient = 6,
    /// DiCache: as far along the last change as a probe was measured to be.
    Aligned = 7,
    /// HyCa's `rk2`: 1.5 F0 - 0.5 F2, whatever the distance.
    Rk2 = 8,
    /// HyCa's `ab2`: 2.5 F0 - 2 F1 + 0.5 F2, whatever the distance.
    Ab2 = 9,
    /// HyCa's `tf`: 2 F0 - F1, whatever the distance.
    Forward = 10,
    /// HyCa's `bdf2`: 4/3 F0 - 1/3 F1, whatever the distance.
    Bdf2 = 11,
    /// HyCa's `am`: a step of ab2, corrected.
    AdamsMoulton = 12,
    /// Spectrum's ridge-regularised fit over the whole run, as running sums. Weights do not sum to
    /// one.
    Chebyshev = 13,
    /// Weights learned elsewhere, a row a step (L2P). They sum to what they were made to.
    Table = 14,
    /// Dynamic modes from the inner products of the anchors (HiCache++). Weights do not sum to one.
    Dmd = 15,
}

named!(PredictorKind, "predictor", {
    Hold => "hold",
    Taylor => "taylor",
    Newton => "newton",
    Hermite => "hermite",
    AdamsBashforth => "adams-bashforth",
    Foca => "foca",
    Gradient => "gradient",
    Aligned => "aligned",
    Rk2 => "rk2",
    Ab2 => "ab2",
    Forward => "forward",
    Bdf2 => "bdf2",
    AdamsMoulton => "adams-moulton",
    Chebyshev => "chebyshev",
    Table => "table",
    Dmd => "dmd",
});

impl PredictorKind {
    /// Whether its `order` has an effect.
    #[must_use]
    pub const fn has_order(self) -> bool {
        matches!(
            self,
            Self::Taylor
                | Self::Newton
                | Self::Hermite
                | Self::AdamsBashforth
                | Self::Chebyshev
                | Self::Table
        )
    }
}

/// The time along which anchors are spaced.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Step number; evaluations within a step are evenly spaced.
    Step = 0,
    /// The sampler's own time, as the call carries it.
    Time = 1,
}

named!(Axis, "axis", {
    Step => "step",
    Time => "time",
});

/// What stands in for a skipped call.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predictor {
    /// The rule.
    pub kind: PredictorKind,
    /// Highest order, 0 to 4: it uses up to `order + 1` anchors and ramps up with the history.
    pub order: u32,
    /// What the anchors are spaced along.
    pub axis: Axis,
    /// With `Gradient`, 1: forecasts take a place among the anchors.
    pub rolling: u32,
    /// With `Gradient`, 1: the gain rises from 0 at `gain_start` to its value at the end of the run.
    pub ramp: u32,
    /// Zero.
    pub reserved: u32,
    /// With `Hermite`: width of the basis, 0.01 to 10; above 1/√2 it amplifies.
    pub sigma: f64,
    /// With `Gradient`: share of the last change that is added, −10 to 10. With `Aligned`: the
    /// largest factor, 1 to 10.
    pub gain: f64,
    /// With `Gradient`: share of the run from which the gain counts, 0 to 1.
    pub gain_start: f64,
    /// With `Gradient`: share of the run up to which the gain counts, 0 to 1.
    pub gain_end: f64,
    /// Share of the forecast, 0 to 1; the rest is the newest anchor.
    pub blend: f64,
    /// Largest distance that is extrapolated, on the axis, 0 for no limit.
    pub horizon: f64,
    /// With `Chebyshev`: regularisation λ of the fit, 10⁻⁹ to 10⁶.
    pub ridge: f64,
}

/// What a predictor looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Inputs<'a> {
    /// Times of the anchors, newest first.
    pub times: &'a [f64],
    /// Time that is wanted.
    pub target: f64,
    /// With `Foca`: whether there is a forecast that was made just before the newest anchor; it is
    /// one more anchor, the last.
    pub hat: bool,
    /// With `Gradient` and `Aligned`: the share of the last change, or the factor, that counts now.
    pub gain: f64,
    /// With `Table`: the weights of the step, newest anchor first.
    pub row: &'a [f64],
    /// With `Chebyshev`: sums of T₀ … T₂ₘ over all computed calls. With `Dmd`: inner products of each
    /// anchor with itself and with those older than it, newest first.
    pub moments: &'a [f64],
    /// With `Chebyshev`: length of the axis.
    pub span: f64,
}

impl Predictor {
    /// The newest anchor as it is.
    pub const HOLD: Self = Self {
        kind: PredictorKind::Hold,
        order: 0,
        axis: Axis::Step,
        rolling: 0,
        ramp: 0,
        reserved: 0,
        sigma: 0.5,
        gain: 1.0,
        gain_start: 0.0,
        gain_end: 1.0,
        blend: 1.0,
        horizon: 0.0,
        ridge: 0.1,
    };

    /// A predictor along the step axis.
    #[must_use]
    pub const fn new(kind: PredictorKind, order: u32) -> Self {
        Self {
            kind,
            order,
            ..Self::HOLD
        }
    }

    /// Anchors to keep, forecasts among them.
    #[must_use]
    pub const fn anchors(&self) -> u32 {
        match self.kind {
            // Two computed features, and two places for forecasts.
            PredictorKind::Foca => 4,
            PredictorKind::Dmd => 6,
            _ => self.depth(),
        }
    }

    /// Anchors that are looked at.
    const fn depth(&self) -> u32 {
        match self.kind {
            PredictorKind::Hold => 1,
            PredictorKind::Taylor
            | PredictorKind::Newton
            | PredictorKind::Hermite
            | PredictorKind::AdamsBashforth
            | PredictorKind::Chebyshev
            | PredictorKind::Table => self.order + 1,
            PredictorKind::Foca
            | PredictorKind::Gradient
            | PredictorKind::Aligned
            | PredictorKind::Forward
            | PredictorKind::Bdf2 => 2,
            PredictorKind::Rk2 | PredictorKind::Ab2 | PredictorKind::AdamsMoulton => 3,
            PredictorKind::Dmd => 6,
        }
    }

    /// Whether forecasts take a place among the anchors.
    #[must_use]
    pub const fn rolls(&self) -> bool {
        match self.kind {
            PredictorKind::AdamsBashforth => true,
            PredictorKind::Gradient => self.rolling == 1,
            _ => false,
        }
    }

    /// The gain in force at a share of the run.
    #[must_use]
    pub fn gain_at(&self, share: f64) -> f64 {
        if share < self.gain_start || share > self.gain_end {
            return 0.0;
        }
        let left = 1.0 - self.gain_start;
        if self.ramp == 0 || left <= 0.0 {
            return self.gain;
        }
        self.gain * (share - self.gain_start) / left
    }

    /// With `Chebyshev`: what a feature computed at `time` counts in each running sum, on an axis of
    /// length `span`.
    #[must_use]
    pub fn update(&self, time: f64, span: f64) -> [f64; MAX_ANCHORS] {
        match self.kind {
            PredictorKind::Chebyshev => chebyshev::basis(time, span, self.depth() as usize),
            _ => [0.0; MAX_ANCHORS],
        }
    }

    /// One weight per anchor, newest first, for the value at `target`; the order used is one less
    /// than the weights in use. With `Chebyshev` one weight per running sum.
    ///
    /// Anchors beyond the order, and from the first on at the time of a newer one, are left out.
    /// Weights beyond single precision give way to holding the newest anchor. Without anchors there
    /// are no weights.
    #[must_use]
    pub fn weights(&self, inputs: &Inputs<'_>) -> Weights {
        let most = (self.depth() as usize).min(MAX_ANCHORS);
        let given = inputs.times.get(..most).unwrap_or(inputs.times);
        let mut distinct = 0;
        for (i, time) in given.iter().enumerate() {
            if given.iter().take(i).any(|newer| newer == time) {
                break;
            }
            distinct += 1;
        }
        let times = given.get(..distinct).unwrap_or(&[]);
        let Some(&newest) = times.first() else {
            return Weights::NONE;
        };
        let target = self.within_horizon(newest, inputs.target);
        let mut weights = Weights::NONE;
        let out = &mut weights;
        match self.kind {
            PredictorKind::Hold => out.hold(times),
            PredictorKind::Taylor => taylor::weights(times, target, out),
            PredictorKind::Newton => newton::weights(times, target, out),
            PredictorKind::Hermite => hermite::weights(times, target, self.sigma, out),
            PredictorKind::AdamsBashforth => adams::weights(times, out),
            PredictorKind::Foca => foca::weights(times, target, inputs.hat, out),
            PredictorKind::Gradient => gradient::gradient(times, inputs.gain, out),
            PredictorKind::Aligned => gradient::aligned(times, inputs.gain, out),
            PredictorKind::Rk2
            | PredictorKind::Ab2
            | PredictorKind::Forward
            | PredictorKind::Bdf2
            | PredictorKind::AdamsMoulton => solvers::weights(self.kind, times, out),
            PredictorKind::Chebyshev => {
                chebyshev::weights(inputs.moments, target, inputs.span, self.ridge, out);
            }
            PredictorKind::Table => out.take(inputs.row, times.len()),
            PredictorKind::Dmd => dmd::weights(times, target, inputs.moments, out),
        }
        // Times too close together: no blend in single precision could use the weights.
        if !weights.values.iter().all(|w| (*w as f32).is_finite()) {
            weights = Weights::NONE;
        }
        if weights.len == 0 && self.kind != PredictorKind::Chebyshev {
            weights.hold(times);
        }
        weights.damp(self.blend);
        weights
    }

    fn within_horizon(&self, newest: f64, target: f64) -> f64 {
        let limited = matches!(
            self.kind,
            PredictorKind::Taylor
                | PredictorKind::Newton
                | PredictorKind::Hermite
                | PredictorKind::Foca
                | PredictorKind::Dmd
        );
        if !limited || self.horizon <= 0.0 {
            target
        } else if target - newest > self.horizon {
            newest + self.horizon
        } else if newest - target > self.horizon {
            newest - self.horizon
        } else {
            target
        }
    }
}

/// One weight per anchor, newest first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Weights in use.
    pub len: usize,
    /// The weights; those beyond `len` are zero.
    pub values: [f64; MAX_ANCHORS],
}

impl Weights {
    /// No weights.
    pub const NONE: Self = Self {
        len: 0,
        values: [0.0; MAX_ANCHORS],
    };

    fn hold(&mut self, times: &[f64]) {
        if !times.is_empty() {
            self.len = 1;
            self.values[0] = 1.0;
        }
    }

    /// The first of a row, as many as there are anchors.
    fn take(&mut self, row: &[f64], held: usize) {
        for (w, value) in self.values.iter_mut().zip(row).take(held) {
            *w = *value;
            self.len += 1;
        }
    }

    /// Leaves a share of the forecast; the rest is the newest anchor.
    fn damp(&mut self, share: f64) {
        if share == 1.0 || self.len == 0 {
            return;
        }
        for w in &mut self.values {
            *w *= share;
        }
        self.values[0] += 1.0 - share;
    }
}
