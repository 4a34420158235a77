//! A prediction is a set of weights over anchors.
//!
//! A predictor is a pure function from the times at which the anchors were computed and the time
//! that is wanted to one weight per anchor; it never sees a feature. Recursive tables are
//! reproduced by running their recurrence on unit vectors.

mod newton;
mod taylor;

use crate::text::{Named, named};

/// Most anchors a predictor may use.
pub const MAX_ANCHORS: usize = 8;
/// Highest order of a predictor.
pub const MAX_ORDER: u32 = 4;

/// The rule that turns anchor times into weights.
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
    /// HiCache's scaled Hermite polynomials over TaylorSeer's table.
    Hermite = 3,
    /// Adams–Bashforth (AB-Cache).
    AdamsBashforth = 4,
    /// FoCa.
    Foca = 5,
    /// The newest feature and a share of the last change.
    Gradient = 6,
    /// Aligned.
    Aligned = 7,
    /// HyCa rk2.
    Rk2 = 8,
    /// HyCa ab2.
    Ab2 = 9,
    /// HyCa tf.
    Forward = 10,
    /// HyCa bdf2.
    Bdf2 = 11,
    /// HyCa am.
    AdamsMoulton = 12,
    /// Spectrum.
    Chebyshev = 13,
    /// L2P.
    Table = 14,
    /// DMD.
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
    /// Highest order.
    pub order: u32,
    /// What the anchors are spaced along.
    pub axis: Axis,
    /// 1: forecasts roll.
    pub rolling: u32,
    /// 1: ramp.
    pub ramp: u32,
    /// Zero.
    pub reserved: u32,
    pub sigma: f64,
    pub gain: f64,
    pub gain_start: f64,
    pub gain_end: f64,
    pub blend: f64,
    pub horizon: f64,
    pub ridge: f64,
}

pub struct Inputs<'a> {
    pub times: &'a [f64],
    pub target: f64,
    pub hat: bool,
    pub gain: f64,
    pub row: &'a [f64],
    pub moments: &'a [f64],
    pub span: f64,
}

impl PredictorKind {
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
        gain: 0.0,
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

    /// Anchors to keep.
    #[must_use]
    pub const fn anchors(&self) -> u32 {
        match self.kind {
            PredictorKind::Hold => 1,
            _ => self.order + 1,
        }
    }
    pub const fn rolls(&self) -> bool {
        false
    }

    /// The gain in force at a share of the run.
    #[must_use]
    pub fn gain_at(&self, share: f64) -> f64 {
        if share < self.gain_start || share > self.gain_end {
            return 0.0;
        }
        if self.ramp == 0 {
            return self.gain;
        }
        let left = 1.0 - self.gain_start;
        if left > 0.0 {
            self.gain * (share - self.gain_start) / left
        } else {
            self.gain
        }
    }
    pub fn update(&self, _time: f64, _span: f64) -> [f64; MAX_ANCHORS] {
        [0.0; MAX_ANCHORS]
    }

    #[must_use]
    pub fn weights(&self, inputs: &Inputs<'_>) -> Weights {
        let (times, target) = (inputs.times, inputs.target);
        let most = times.len().min(self.anchors() as usize).min(MAX_ANCHORS);
        let mut distinct = 0;
        for (i, time) in times.iter().take(most).enumerate() {
            if times.iter().take(i).any(|newer| newer == time) {
                break;
            }
            distinct += 1;
        }
        let times = times.get(..distinct).unwrap_or(&[]);
        let mut weights = Weights::NONE;
        match self.kind {
            PredictorKind::Taylor => taylor::weights(times, target, &mut weights),
            PredictorKind::Newton => newton::weights(times, target, &mut weights),
            _ => weights.hold(times),
        }
        if !weights.values.iter().all(|w| (*w as f32).is_finite()) {
            weights = Weights::NONE;
            weights.hold(times);
        }
        weights
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
}
