//! Predictors without a scheduler.

use super::border::{guard, input, inputs, output};
use super::numbers::{refrain_axis, refrain_predictor_kind};
use super::policy::mirror::{Mirror, mirror};
use super::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE};
use crate::predict::{Inputs, MAX_ANCHORS, MAX_ORDER, Predictor, PredictorKind};

/// Most anchors a predictor uses, and so most slots of a ring.
pub const REFRAIN_MAX_ANCHORS: usize = 8;
const _: () = assert!(REFRAIN_MAX_ANCHORS == MAX_ANCHORS);

/// What stands in for a skipped call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_predictor {
    /// The rule.
    pub kind: refrain_predictor_kind,
    /// Highest order, 0 to 4, of a rule that has one: it uses up to order + 1 anchors and ramps up
    /// with the history. Else 0.
    pub order: u32,
    /// What the anchors are spaced along.
    pub axis: refrain_axis,
    /// With REFRAIN_PREDICTOR_KIND_GRADIENT: 1 if forecasts take a place among the anchors. Else 0.
    pub rolling: u32,
    /// With REFRAIN_PREDICTOR_KIND_GRADIENT: 1 if the gain rises from 0 over the run. Else 0.
    pub ramp: u32,
    /// Zero.
    pub reserved: u32,
    /// With REFRAIN_PREDICTOR_KIND_HERMITE: width of the basis, 0.01 to 10. Else 0.5.
    pub sigma: f64,
    /// With REFRAIN_PREDICTOR_KIND_GRADIENT: share of the last change that is added, -10 to 10. With
    /// REFRAIN_PREDICTOR_KIND_ALIGNED: largest factor, 1 to 10. Else 1.
    pub gain: f64,
    /// With REFRAIN_PREDICTOR_KIND_GRADIENT: share of the run from which the gain counts. Else 0.
    pub gain_start: f64,
    /// With REFRAIN_PREDICTOR_KIND_GRADIENT: share of the run up to which the gain counts. Else 1.
    pub gain_end: f64,
    /// Share of the forecast, 0 to 1; the rest is the newest anchor. 1 unless a policy says otherwise.
    pub blend: f64,
    /// Largest distance that is extrapolated, on the axis, 0 for no limit.
    pub horizon: f64,
    /// With REFRAIN_PREDICTOR_KIND_CHEBYSHEV: regularisation of the fit, 1e-9 to 1e6. Else 0.1.
    pub ridge: f64,
}

mirror!(refrain_predictor = Predictor as "predictor." {
    enums: kind, axis;
    plain: order, rolling, ramp, reserved, sigma, gain, gain_start, gain_end, blend, horizon, ridge;
});

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

/// What a predictor looks at.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_predictor_inputs {
    /// Finite times at which the anchors were computed, newest first. Anchors beyond the order, and
    /// from the first on at the time of a newer one, are left out. NULL if there are none.
    pub times: *const f64,
    /// With REFRAIN_PREDICTOR_KIND_TABLE: the weights of the step, newest anchor first. Else NULL.
    pub row: *const f64,
    /// With REFRAIN_PREDICTOR_KIND_CHEBYSHEV: sums of the polynomials T0, T1, ... of
    /// `2 * time / span - 1` over all computed calls, 2 * order + 1 of them. With
    /// REFRAIN_PREDICTOR_KIND_DMD: inner products of every anchor with itself and with those older
    /// than it, newest first. Else NULL.
    pub moments: *const f64,
    /// Times, 0 to REFRAIN_MAX_ANCHORS.
    pub count: u32,
    /// Weights in `row`.
    pub row_count: u32,
    /// Numbers in `moments`.
    pub moments_count: u32,
    /// With REFRAIN_PREDICTOR_KIND_FOCA: 1 if there is a forecast that was made just before the
    /// newest anchor. Its weight is the last. Else 0.
    pub hat: u32,
    /// The finite time that is wanted.
    pub target: f64,
    /// With REFRAIN_PREDICTOR_KIND_GRADIENT and _ALIGNED: the share of the last change, or the
    /// factor, that counts now.
    pub gain: f64,
    /// With REFRAIN_PREDICTOR_KIND_CHEBYSHEV: length of the axis, the steps of the run, above 0.
    pub span: f64,
}

/// The weights a predictor gives to anchors, for a host that decides by itself. A scheduler hands
/// out the same weights, ordered by slot, with its decisions.
///
/// - `predictor`: in, the rule; its axis is up to the caller.
/// - `given`: in, what it looks at.
/// - `weights_out`: out, the weights.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_VALUE for an unknown kind or axis, an order above 4, a
/// number that is not finite, one that the kind looks at and that is out of its range, or a table
/// without a row; REFRAIN_E_RANGE if `count` is too large; REFRAIN_E_UNSUPPORTED if
/// `reserved` is not zero; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_predictor_weights(
    predictor: *const refrain_predictor,
    given: *const refrain_predictor_inputs,
    weights_out: *mut refrain_weights,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (predictor, given) = unsafe { (input(predictor)?, input(given)?) };
        // SAFETY: the pointer contract of this module.
        let weights_out = unsafe { output(weights_out)? };
        if given.count as usize > MAX_ANCHORS {
            return Err(REFRAIN_E_RANGE);
        }
        // SAFETY: the pointer contract of this module.
        let (times, row, moments) = unsafe {
            (
                inputs(given.times, given.count as usize)?,
                inputs(given.row, given.row_count as usize)?,
                inputs(given.moments, given.moments_count as usize)?,
            )
        };
        let predictor = predictor.core().map_err(|_| REFRAIN_E_VALUE)?;
        if predictor.reserved != 0 {
            return Err(REFRAIN_E_UNSUPPORTED);
        }
        let refrain_predictor_inputs {
            target, gain, span, ..
        } = *given;
        let numbers = [target, gain, span, predictor.sigma, predictor.gain];
        let more = [predictor.blend, predictor.horizon, predictor.ridge];
        let mut all = times
            .iter()
            .chain(row)
            .chain(moments)
            .chain(&numbers)
            .chain(&more);
        if predictor.order > MAX_ORDER || !all.all(|v| v.is_finite()) {
            return Err(REFRAIN_E_VALUE);
        }
        predictor.check().map_err(|_| REFRAIN_E_VALUE)?;
        let missing = match predictor.kind {
            PredictorKind::Chebyshev => span <= 0.0,
            PredictorKind::Table => row.is_empty(),
            _ => false,
        };
        if missing {
            return Err(REFRAIN_E_VALUE);
        }
        let weights = predictor.weights(&Inputs {
            times,
            target,
            hat: given.hat != 0,
            gain,
            row,
            moments,
            span,
        });
        weights_out.write(refrain_weights {
            count: weights.len as u32,
            reserved: 0,
            values: weights.values,
        });
        Ok(())
    })
}
