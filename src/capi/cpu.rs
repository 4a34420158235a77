//! Measurements, running sums and the blend on the caller's buffers.

use core::mem::MaybeUninit;

use super::border::{guard, inputs, output, room};
use super::refrain_status::{self, REFRAIN_E_RANGE};
use super::scheduler::{REFRAIN_ADD_TO_SLOTS, REFRAIN_SET_SLOTS};
use crate::measure;
use crate::predict::MAX_ANCHORS;
use crate::signal::Metric;
use crate::text::Named;

/// How much a tensor has changed, in the metric that a decision asks for. Adds up in double
/// precision.
///
/// - `metric`: in, a REFRAIN_METRIC_... number.
/// - `reference`, `now`: in, `count` values each.
/// - `count`: in, number of values.
/// - `value_out`: out, the change, 0 or more; infinite or NaN if a relative metric has a reference
///   that is all zeros, a value is not finite, or there are none. A scheduler takes such a value for
///   unknown and computes.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown metric; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a
/// pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_cpu_change(
    metric: u32,
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
        let metric = Metric::from_number(metric).ok_or(REFRAIN_E_RANGE)?;
        value_out.write(measure::change(metric, reference, now));
        Ok(())
    })
}

/// Transformation rate of the network, mean|v - v'| / input_change / mean|v|: what
/// `refrain_scheduler_commit` takes for a policy that wants it (REFRAIN_WANTS_RATE).
///
/// - `input_change`: in, mean|x - x'| between the network's inputs at the computed call before and
///   at this one (`refrain_cpu_change` with REFRAIN_METRIC_MEAN_ABSOLUTE).
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

/// How far a probe has moved since the older of the last two computed calls, as a multiple of how
/// far it had moved between them, mean|probe - older| / mean|newest - older|: the factor that a
/// decision with `aligned` asks for. The probe is the tensor that the policy's signal names.
///
/// - `probe`: in, the probe of the open call, `count` values.
/// - `newest`, `older`: in, the probe at the last computed call and at the one before it, `count`
///   values each.
/// - `count`: in, number of values.
/// - `factor_out`: out, the factor; not finite, and then taken for unknown, if the probe had not
///   moved between the computed calls or a value is not finite.
///
/// Returns REFRAIN_OK, REFRAIN_E_NULL, or REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_cpu_alignment(
    probe: *const f32,
    newest: *const f32,
    older: *const f32,
    count: usize,
    factor_out: *mut f64,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (probe, newest) = unsafe { (inputs(probe, count)?, inputs(newest, count)?) };
        // SAFETY: the pointer contract of this module.
        let (older, factor_out) = unsafe { (inputs(older, count)?, output(factor_out)?) };
        factor_out.write(measure::alignment(probe, newest, older));
        Ok(())
    })
}

/// Inner product of two features, added up in double precision: what `refrain_scheduler_commit`
/// takes for a policy that wants it (REFRAIN_WANTS_PRODUCTS).
///
/// - `a`, `b`: in, `count` values each; may be the same.
/// - `count`: in, number of values.
/// - `product_out`: out, the sum of `a[i] * b[i]`; 0 if there are no values.
///
/// Returns REFRAIN_OK, REFRAIN_E_NULL, or REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_cpu_product(
    a: *const f32,
    b: *const f32,
    count: usize,
    product_out: *mut f64,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (a, b) = unsafe { (inputs(a, count)?, inputs(b, count)?) };
        // SAFETY: the pointer contract of this module.
        let product_out = unsafe { output(product_out)? };
        product_out.write(measure::product(a, b));
        Ok(())
    })
}

/// Takes a computed feature into running sums, as a decision says whose slot is
/// REFRAIN_SET_SLOTS, `sums[k] = weights[k] * feature`, or REFRAIN_ADD_TO_SLOTS, `sums[k] +=
/// weights[k] * feature`. Computed in double precision, kept in single.
///
/// - `slot`: in, the decision's slot: one of the two.
/// - `weights`: in, `sum_count` weights, as the decision has them.
/// - `feature`: in, `count` values.
/// - `count`: in, values of the feature and of each sum.
/// - `sums`: in and out, `sum_count` pointers to `count` values each: the slots of the ring. They
///   overlap neither one another nor the feature.
/// - `sum_count`: in, 0 to REFRAIN_MAX_ANCHORS: what `refrain_policy_anchors` says.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL, also for one of the sums; REFRAIN_E_RANGE for another slot or
/// if `sum_count` is too large; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_cpu_accumulate(
    slot: u32,
    weights: *const f32,
    feature: *const f32,
    count: usize,
    sums: *const *mut f32,
    sum_count: u32,
) -> refrain_status {
    guard(|| {
        let slots = sum_count as usize;
        if slots > MAX_ANCHORS || ![REFRAIN_SET_SLOTS, REFRAIN_ADD_TO_SLOTS].contains(&slot) {
            return Err(REFRAIN_E_RANGE);
        }
        // SAFETY: the pointer contract of this module.
        let (weights, feature) = unsafe { (inputs(weights, slots)?, inputs(feature, count)?) };
        // SAFETY: the pointer contract of this module.
        let sums = unsafe { inputs(sums, slots)? };
        let mut all: [&mut [f32]; MAX_ANCHORS] = [(); MAX_ANCHORS].map(|()| &mut [][..]);
        let fresh = slot == REFRAIN_SET_SLOTS;
        for (to, sum) in all.iter_mut().zip(sums) {
            // SAFETY: the pointer contract of this module.
            let sum = unsafe { room(*sum, count)? };
            if fresh {
                sum.fill(MaybeUninit::new(0.0));
            }
            // SAFETY: every value was just written, or is the caller's.
            *to = unsafe { &mut *(core::ptr::from_mut(sum) as *mut [f32]) };
        }
        let all = all.get_mut(..slots).unwrap_or(&mut []);
        measure::accumulate(fresh, weights, feature, all);
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
