//! Measurements and the blend on the caller's buffers.

use core::mem::MaybeUninit;

use super::border::{guard, inputs, output, room};
use super::refrain_status::{self, REFRAIN_E_RANGE};
use crate::measure;
use crate::predict::MAX_ANCHORS;

/// Relative L1 change mean|now - reference| / mean|reference|, what REFRAIN_SIGNAL_MODULATED_INPUT
/// and REFRAIN_SIGNAL_FRONT_RESIDUAL ask for. Adds up in double precision.
///
/// - `reference`, `now`: in, `count` values each.
/// - `count`: in, number of values.
/// - `value_out`: out, the change, 0 or more; infinite or NaN if the reference is all zeros, a value
///   is not finite, or there are none. A scheduler takes such a value for unknown and computes.
///
/// Returns REFRAIN_OK, REFRAIN_E_NULL, or REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_cpu_relative_l1(
    reference: *const f32,
    now: *const f32,
    count: usize,
    value_out: *mut f64,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (reference, now) = unsafe { (inputs(reference, count)?, inputs(now, count)?) };
        // SAFETY: the pointer contract of this module.
        let value_out = unsafe { output(value_out)? };
        value_out.write(measure::relative_l1(reference, now));
        Ok(())
    })
}

/// Mean absolute change mean|now - reference|, what REFRAIN_SIGNAL_MODEL_INPUT asks for. Adds up in
/// double precision.
///
/// - `reference`, `now`: in, `count` values each.
/// - `count`: in, number of values.
/// - `value_out`: out, the change, 0 or more; not finite if a value is not, NaN if there are none.
///
/// Returns REFRAIN_OK, REFRAIN_E_NULL, or REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_cpu_mean_change(
    reference: *const f32,
    now: *const f32,
    count: usize,
    value_out: *mut f64,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (reference, now) = unsafe { (inputs(reference, count)?, inputs(now, count)?) };
        // SAFETY: the pointer contract of this module.
        let value_out = unsafe { output(value_out)? };
        value_out.write(measure::mean_change(reference, now));
        Ok(())
    })
}

/// Transformation rate of the network, mean|v - v'| / input_change / mean|v|: what
/// `refrain_scheduler_commit` takes for a policy that wants it (`refrain_policy_wants_rate`).
///
/// - `input_change`: in, mean|x - x'| between the network's inputs at the computed call before and
///   at this one (`refrain_cpu_mean_change`).
/// - `output_before`, `output`: in, the network's output v' at the computed call before and v at
///   this one, `count` values each.
/// - `count`: in, number of values.
/// - `rate_out`: out, the rate; not finite, and then taken for unknown, if the input did not change
///   or the output is all zeros.
///
/// Returns REFRAIN_OK, REFRAIN_E_NULL, or REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_cpu_rate(
    input_change: f64,
    output_before: *const f32,
    output: *const f32,
    count: usize,
    rate_out: *mut f64,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (before, now) = unsafe { (inputs(output_before, count)?, inputs(output, count)?) };
        // SAFETY: the pointer contract of this module.
        let rate_out = unsafe { super::border::output(rate_out)? };
        rate_out.write(measure::rate(input_change, before, now));
        Ok(())
    })
}

/// What stands in for a skipped call: `out = base + sum of weights[k] * anchors[k]`, each element
/// added up in double precision.
///
/// - `weights`: in, `anchor_count` weights, as a decision has them.
/// - `anchors`: in, `anchor_count` pointers to `count` values each. An anchor whose weight is 0 is
///   not read; its pointer may be NULL.
/// - `anchor_count`: in, 0 to REFRAIN_MAX_ANCHORS.
/// - `base`: in, `count` values; optional: NULL stands for zeros.
/// - `count`: in, values of the output.
/// - `values_out`: out, `count` values; may be `base` itself, but no anchor and no other overlap.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL, also for an anchor that is read; REFRAIN_E_RANGE if
/// `anchor_count` is too large; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_cpu_blend(
    weights: *const f32,
    anchors: *const *const f32,
    anchor_count: u32,
    base: *const f32,
    count: usize,
    values_out: *mut f32,
) -> refrain_status {
    guard(|| {
        let slots = anchor_count as usize;
        if slots > MAX_ANCHORS {
            return Err(REFRAIN_E_RANGE);
        }
        // SAFETY: the pointer contract of this module.
        let (weights, anchors) = unsafe { (inputs(weights, slots)?, inputs(anchors, slots)?) };
        let mut used: [&[f32]; MAX_ANCHORS] = [&[]; MAX_ANCHORS];
        for ((slot, weight), anchor) in used.iter_mut().zip(weights).zip(anchors) {
            if *weight != 0.0 {
                // SAFETY: the pointer contract of this module.
                *slot = unsafe { inputs(*anchor, count)? };
            }
        }
        // SAFETY: the pointer contract of this module.
        let out = unsafe { room(values_out, count)? };
        if base.is_null() {
            out.fill(MaybeUninit::new(0.0));
        } else if !core::ptr::eq(base, values_out) {
            // SAFETY: the pointer contract of this module.
            let base = unsafe { inputs(base, count)? };
            for (to, from) in out.iter_mut().zip(base) {
                to.write(*from);
            }
        }
        // SAFETY: every value was just written, or is the caller's `base`.
        let out = unsafe { &mut *(core::ptr::from_mut(out) as *mut [f32]) };
        measure::blend_onto(weights, used.get(..slots).unwrap_or(&[]), out);
        Ok(())
    })
}
