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
pub const MAX_ORDER: u32 = 3;

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
}

named!(PredictorKind, "predictor", {
    Hold => "hold",
    Taylor => "taylor",
    Newton => "newton",
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Predictor {
    /// The rule.
    pub kind: PredictorKind,
    /// Highest order, 0 to 3: it uses up to `order + 1` anchors and ramps up with the history.
    pub order: u32,
    /// What the anchors are spaced along.
    pub axis: Axis,
    /// Zero.
    pub reserved: u32,
}

impl Predictor {
    /// The newest anchor as it is.
    pub const HOLD: Self = Self {
        kind: PredictorKind::Hold,
        order: 0,
        axis: Axis::Step,
        reserved: 0,
    };

    /// A predictor along the step axis.
    #[must_use]
    pub const fn new(kind: PredictorKind, order: u32) -> Self {
        Self {
            kind,
            order,
            axis: Axis::Step,
            reserved: 0,
        }
    }

    /// Anchors to keep.
    #[must_use]
    pub const fn anchors(&self) -> u32 {
        match self.kind {
            PredictorKind::Hold => 1,
            PredictorKind::Taylor | PredictorKind::Newton => self.order + 1,
        }
    }

    /// One weight per anchor, newest first, for the value at `target`; the order used is one less
    /// than the weights in use.
    ///
    /// `times` are the times of the anchors, newest first. Anchors beyond the order, and anchors at
    /// the time of a newer one, are left out. Weights beyond single precision give way to holding
    /// the newest anchor. Without anchors there are no weights.
    #[must_use]
    pub fn weights(&self, times: &[f64], target: f64) -> Weights {
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
            PredictorKind::Hold => weights.hold(times),
            PredictorKind::Taylor => taylor::weights(times, target, &mut weights),
            PredictorKind::Newton => newton::weights(times, target, &mut weights),
        }
        // Times too close together: no blend in single precision could use the weights.
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
