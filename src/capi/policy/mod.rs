//! Policies.

pub mod method;
pub(super) mod mirror;
pub mod parts;
pub mod peers;
pub mod place;
pub mod table;

use core::ffi::c_char;
use core::mem::size_of;

use super::border::{
    Checked, Message, Sized32, guard, guard_telling, output, sized, text as read_text, write_sized,
    write_text,
};
use super::numbers::{refrain_method, refrain_pool, refrain_wants};
use super::predictor::refrain_predictor;
use super::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE};
use crate::policy::{Method, Policy};
use crate::text::Named;
use crate::timeline::Timeline;
use mirror::{Mirror, mirror};
use parts::{
    refrain_budget, refrain_gauge, refrain_guards, refrain_site, refrain_split, refrain_verify,
};

/// When to skip, what to keep, and how to fill in for what was skipped. Plain data without padding;
/// it may be copied, stored and changed field by field. Start from `refrain_policy_default` or
/// `refrain_policy_parse`. Later versions grow at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_policy {
    /// sizeof(refrain_policy), as `refrain_policy_default` and `refrain_policy_parse` set it.
    pub struct_size: u32,
    /// The method whose defaults it started from: what its text begins with.
    pub method: refrain_method,
    /// What is measured or counted.
    pub gauge: refrain_gauge,
    /// How much of it may be spent before a call is computed.
    pub budget: refrain_budget,
    /// What stands in for a skipped call.
    pub predictor: refrain_predictor,
    /// Which parts of a feature have weights of their own.
    pub split: refrain_split,
    /// Whether a forecast is checked.
    pub verify: refrain_verify,
    /// What part of the network is skipped.
    pub site: refrain_site,
    /// How lanes decide.
    pub pool: refrain_pool,
    /// Zero.
    pub reserved: u32,
    /// When a call is computed regardless.
    pub guards: refrain_guards,
}

// SAFETY: numbers and arrays of them, without padding: the sizes below add up.
unsafe impl Sized32 for refrain_policy {
    const OLDEST: usize = size_of::<Self>();
}

mirror!(refrain_policy = Policy as "" {
    enums: method, pool;
    plain: struct_size, reserved;
    nested: gauge: refrain_gauge, budget: refrain_budget, predictor: refrain_predictor,
        split: refrain_split, verify: refrain_verify, site: refrain_site, guards: refrain_guards;
});

impl refrain_policy {
    pub(super) fn new(from: &Policy, struct_size: usize) -> Self {
        let mut policy = Self::of(from);
        policy.struct_size = struct_size as u32;
        policy
    }

    /// Whether every reserved field is zero.
    const fn reserved_is_zero(&self) -> bool {
        self.gauge.codebook.reserved == 0
            && self.budget.reserved == 0
            && self.guards.reserved == 0
            && self.predictor.reserved == 0
            && self.split.reserved == 0
            && self.reserved == 0
    }
}

/// A policy from C, checked in every part; a refusal says why.
///
/// # Safety
/// As for [`sized`].
pub(super) unsafe fn read(
    from: *const refrain_policy,
    timeline: Option<Timeline>,
    message: &mut Message,
) -> Checked<Policy> {
    // SAFETY: as for this function.
    let raw = unsafe { sized(from)? };
    if !raw.reserved_is_zero() {
        return Err(REFRAIN_E_UNSUPPORTED);
    }
    let mut policy = raw
        .core()
        .map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))?;
    policy.struct_size = size_of::<Policy>() as u32;
    match timeline {
        None => policy.check(),
        Some(timeline) => policy.check_for(timeline),
    }
    .map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))?;
    Ok(policy)
}

/// [`read`] for a function that has no message.
unsafe fn read_quietly(from: *const refrain_policy) -> Checked<Policy> {
    // SAFETY: as for `read`.
    unsafe { read(from, None, &mut Message::none()) }
}

/// The defaults of a method.
///
/// - `method`: in, a REFRAIN_METHOD_… number.
/// - `struct_size`: in, sizeof(refrain_policy).
/// - `policy_out`: out, the policy.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown method; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if the pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_default(
    method: u32,
    struct_size: usize,
    policy_out: *mut refrain_policy,
) -> refrain_status {
    guard(|| {
        let preset = Method::from_number(method).ok_or(REFRAIN_E_RANGE)?.preset();
        let policy = refrain_policy::new(&(preset.policy)(), struct_size);
        // SAFETY: the pointer contract of this module.
        unsafe { write_sized(policy, struct_size, policy_out) }
    })
}

/// Reads the text form of a policy: `method`, `method:key=value,...`, or `mask:1101...`. Keys that
/// are not given have the method's defaults; `refrain policies NAME` on the command line lists them.
///
/// A calibrated policy may still lack its curve (`refrain_policy_needs_table`).
///
/// - `text`: in, UTF-8, ending in a zero.
/// - `struct_size`: in, sizeof(refrain_policy).
/// - `policy_out`: out, the policy.
/// - `message`, `message_capacity`: optional; on an error, the key, the value, the range and the
///   nearest valid name, in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE if the text is no policy; REFRAIN_E_CONFIG_SIZE;
/// REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_parse(
    text: *const c_char,
    struct_size: usize,
    policy_out: *mut refrain_policy,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let text = unsafe { read_text(text)? };
        let policy = Policy::parse(text).map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))?;
        let policy = refrain_policy::new(&policy, struct_size);
        // SAFETY: the pointer contract of this module.
        unsafe { write_sized(policy, struct_size, policy_out) }
    })
}

/// Writes the text form of a policy: its method and every key that is not the method's default.
/// Reading it gives the same policy.
///
/// - `policy`: in.
/// - `text_out`: out, room for `capacity` bytes: the text and a zero. A policy with a curve and a mask
///   needs a few thousand.
/// - `capacity`: in, bytes; 0 only asks for the length.
/// - `length_out`: out, bytes of the text without the zero; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE,
/// REFRAIN_E_UNSUPPORTED or REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer
/// is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_text(
    policy: *const refrain_policy,
    text_out: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (policy, length) = unsafe { (read_quietly(policy)?, output(length_out)?) };
        // SAFETY: the pointer contract of this module.
        unsafe { write_text(&policy, text_out, capacity, length) }
    })
}

/// Whether a policy makes sense, and whether it can run on so many steps.
///
/// - `policy`: in.
/// - `steps`: in, steps of the run, 1 to 2^30; 0 checks the policy alone.
/// - `evaluations`: in, network evaluations a step, 1 to 8; any number if `steps` is 0.
/// - `message`, `message_capacity`: optional; on an error, the key, the value and the range.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE if a field is out of range, has no effect beside the others
/// or does not fit the steps, or if a curve is needed; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED;
/// REFRAIN_E_NULL; REFRAIN_E_MEMORY if the pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_check(
    policy: *const refrain_policy,
    steps: u32,
    evaluations: u32,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        let timeline = (steps > 0).then_some(Timeline { steps, evaluations });
        // SAFETY: the pointer contract of this module.
        unsafe { read(policy, timeline, message) }.map(drop)
    })
}

/// Features the policy wants kept at its site: the slots of the ring that a host keeps.
///
/// - `policy`: in.
/// - `anchors_out`: out, 0 to REFRAIN_MAX_ANCHORS.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or
/// REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_anchors(
    policy: *const refrain_policy,
    anchors_out: *mut u32,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (policy, anchors_out) = unsafe { (read_quietly(policy)?, output(anchors_out)?) };
        anchors_out.write(policy.anchors());
        Ok(())
    })
}

/// What computed calls should be committed with (`refrain_scheduler_commit`).
///
/// - `policy`: in.
/// - `wants_out`: out, a REFRAIN_WANTS_… number.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or
/// REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_wants(
    policy: *const refrain_policy,
    wants_out: *mut refrain_wants,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (policy, wants_out) = unsafe { (read_quietly(policy)?, output(wants_out)?) };
        wants_out.write(policy.wants() as u32);
        Ok(())
    })
}

/// Whether the policy is calibrated and its curve or mask is still missing: a scheduler refuses it
/// until a model is named or the table given.
///
/// - `policy`: in.
/// - `needs_out`: out, 1 or 0.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or
/// REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_needs_table(
    policy: *const refrain_policy,
    needs_out: *mut u32,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (policy, needs_out) = unsafe { (read_quietly(policy)?, output(needs_out)?) };
        needs_out.write((policy.needs_curve() || policy.needs_mask()).into());
        Ok(())
    })
}
