//! Predictors without a scheduler.

use super::border::{guard, input, inputs, output};
use super::numbers::{refrain_axis, refrain_predictor_kind};
use super::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE};
use crate::predict::{Axis, MAX_ANCHORS, MAX_ORDER, Predictor, PredictorKind};
use crate::text::Named;

/// Most anchors a predictor uses, and so most slots of a ring.
pub const REFRAIN_MAX_ANCHORS: usize = 8;
const _: () = assert!(REFRAIN_MAX_ANCHORS == MAX_ANCHORS);

/// What stands in for a skipped call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_predictor {
    /// The rule.
    pub kind: refrain_predictor_kind,
    /// Highest order, 0 to 3: it uses up to order + 1 anchors and ramps up with the history. 0 with
    /// REFRAIN_PREDICTOR_KIND_HOLD.
    pub order: u32,
    /// What the anchors are spaced along.
    pub axis: refrain_axis,
    /// Zero.
    pub reserved: u32,
}

/// One weight per anchor, newest first.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_weights {
    /// Weights in use, 0 if there are no anchors; the order used is one less.
    pub count: u32,
    /// Zero.
    pub reserved: u32,
    /// The weights; those beyond `count` are zero.
    pub values: [f64; REFRAIN_MAX_ANCHORS],
}

impl refrain_predictor {
    pub(super) fn read(&self) -> Option<Predictor> {
        Some(Predictor {
            kind: PredictorKind::from_number(self.kind)?,
            order: self.order,
            axis: Axis::from_number(self.axis)?,
            reserved: self.reserved,
        })
    }

    pub(super) const fn new(from: &Predictor) -> Self {
        Self {
            kind: from.kind as u32,
            order: from.order,
            axis: from.axis as u32,
            reserved: from.reserved,
        }
    }
}

/// The weights a predictor gives to anchors, for a host that decides by itself. A scheduler hands
/// out the same weights, ordered by slot, with its decisions.
///
/// - `predictor`: in, the rule; its axis is up to the caller.
/// - `times`: in, `count` finite times at which the anchors were computed, newest first. Anchors
///   beyond the order, and from the first on at the time of a newer one, are left out.
/// - `count`: in, 0 to REFRAIN_MAX_ANCHORS.
/// - `target`: in, the finite time that is wanted.
/// - `weights_out`: out, the weights.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_VALUE for an unknown kind or axis, an order above 3
/// or a time that is not finite; REFRAIN_E_RANGE if `count` is too large; REFRAIN_E_UNSUPPORTED if
/// `reserved` is not zero; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_predictor_weights(
    predictor: *const refrain_predictor,
    times: *const f64,
    count: u32,
    target: f64,
    weights_out: *mut refrain_weights,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (predictor, weights_out) = unsafe { (input(predictor)?, output(weights_out)?) };
        if count as usize > MAX_ANCHORS {
            return Err(REFRAIN_E_RANGE);
        }
        // SAFETY: the pointer contract of this module.
        let times = unsafe { inputs(times, count as usize)? };
        let predictor = predictor.read().ok_or(REFRAIN_E_VALUE)?;
        if predictor.reserved != 0 {
            return Err(REFRAIN_E_UNSUPPORTED);
        }
        if predictor.order > MAX_ORDER
            || !target.is_finite()
            || !times.iter().all(|t| t.is_finite())
        {
            return Err(REFRAIN_E_VALUE);
        }
        let weights = predictor.weights(times, target);
        weights_out.write(refrain_weights {
            count: weights.len as u32,
            reserved: 0,
            values: weights.values,
        });
        Ok(())
    })
}
