//! Policies.

use core::ffi::c_char;
use core::fmt;
use core::mem::{offset_of, size_of};

use super::border::{
    Checked, Message, Sized32, guard, guard_telling, output, sized, text as read_text, write_sized,
    write_text,
};
use super::numbers::{
    refrain_budget_kind, refrain_comparator, refrain_family, refrain_gauge_kind, refrain_pool,
    refrain_reference, refrain_rescale, refrain_signal, refrain_site_kind,
};
use super::predictor::refrain_predictor;
use super::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE};
use crate::policy::{
    Budget, BudgetKind, Comparator, Curve, Family, Gauge, Guards, MAX_CURVE, MAX_DEGREE, MAX_MASK,
    Policy, Pool, Rescale, Site, SiteKind,
};
use crate::predict::Predictor;
use crate::signal::{Reference, SignalKind};
use crate::text::Named;
use crate::timeline::Timeline;

/// Coefficients of a rescaling polynomial.
pub const REFRAIN_MAX_COEFFICIENTS: usize = 6;
/// Longest calibrated curve, in values.
pub const REFRAIN_MAX_CURVE: usize = 128;
/// Words of a step mask of 1024 steps.
pub const REFRAIN_MASK_WORDS: usize = 32;
const _: () = assert!(
    REFRAIN_MAX_COEFFICIENTS == MAX_DEGREE + 1
        && REFRAIN_MAX_CURVE == MAX_CURVE
        && REFRAIN_MASK_WORDS * 32 == MAX_MASK
);

/// What is measured or counted, and how it is rescaled.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_gauge {
    /// Where the cost of skipping a call comes from.
    pub kind: refrain_gauge_kind,
    /// With REFRAIN_GAUGE_KIND_SIGNAL: what the host measures.
    pub signal: refrain_signal,
    /// With REFRAIN_GAUGE_KIND_SIGNAL: what it is compared with.
    pub reference: refrain_reference,
    /// With REFRAIN_GAUGE_KIND_SIGNAL: how the measured value becomes a cost.
    pub rescale: refrain_rescale,
    /// With REFRAIN_RESCALE_POLYNOMIAL: coefficients from -1e9 to 1e9, highest degree first, ending
    /// in the constant; a polynomial of lower degree has leading zeros.
    pub coefficients: [f64; REFRAIN_MAX_COEFFICIENTS],
    /// With REFRAIN_GAUGE_KIND_CURVE: values in use, 1 to REFRAIN_MAX_CURVE. Else 0.
    pub curve_len: u32,
    /// Zero.
    pub reserved: u32,
    /// With REFRAIN_GAUGE_KIND_CURVE: magnitude ratios from 0.01 to 100, one a step of the run they
    /// were calibrated on; a run of another length takes the nearest. Those beyond `curve_len` are 0.
    pub curve: [f64; REFRAIN_MAX_CURVE],
}

/// How much cost may be spent before a call is computed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_budget {
    /// How the costs of consecutive calls add up.
    pub kind: refrain_budget_kind,
    /// Whether a skip must stay below the threshold or may reach it.
    pub comparator: refrain_comparator,
    /// Cost allowed, in units of the gauge, 0 to 1e6. Larger skips more. With
    /// REFRAIN_COMPARATOR_BELOW, 0 computes every call. With REFRAIN_GAUGE_KIND_COUNT: the interval.
    pub threshold: f64,
    /// With REFRAIN_BUDGET_KIND_LEAKY: share of the amount spent that is left at the next call, 0 to
    /// 1; smaller skips more. Else 1.
    pub decay: f64,
    /// 1: a computed call sets the amount spent to zero. 0: it goes on.
    pub reset: u32,
    /// Zero.
    pub reserved: u32,
}

/// When a call is computed whatever the gauge says. Guards only ever turn a skip into a computed
/// call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_guards {
    /// First steps that are always computed, 0 to 2^30. Larger is safer.
    pub max_warmup_steps: u32,
    /// Last steps that are always computed, 0 to 2^30. 1 unless a policy says otherwise: a skipped
    /// last step leaves visible noise.
    pub last_steps: u32,
    /// Longest run of skipped calls, 0 for no limit.
    pub max_continuous_cached_steps: u32,
    /// Skipped calls of a whole run, 0 for no limit.
    pub max_cached_steps: u32,
    /// Steps in `mask`: 0 for no mask, else the steps of the run, at most 1024.
    pub mask_len: u32,
    /// Zero.
    pub reserved: u32,
    /// Share of the steps, 0 to 1, that is always computed at the start, rounded to whole steps; the
    /// longer of this and `max_warmup_steps` counts.
    pub warmup_fraction: f64,
    /// Skips are allowed from this share of the steps, 0 to 1.
    pub window_start: f64,
    /// Skips are allowed up to, and without, this share of the steps, 0 to 1.
    pub window_end: f64,
    /// One bit a step, lowest bit of the first word first: 1 is always computed, 0 is left to the
    /// gauge. Bits beyond `mask_len` are 0.
    pub mask: [u32; REFRAIN_MASK_WORDS],
}

/// What part of the network a skipped call leaves out.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_site {
    /// Which part.
    pub kind: refrain_site_kind,
    /// With REFRAIN_SITE_KIND_RANGE: blocks at the front that run on every call
    /// (Fn_compute_blocks), 0 to 1024. Else 0.
    pub front: u32,
    /// With REFRAIN_SITE_KIND_RANGE: blocks at the back that run on every call (Bn_compute_blocks),
    /// 0 to 1024. Else 0.
    pub back: u32,
    /// Zero.
    pub reserved: u32,
}

/// When to skip, what to keep, and how to fill in for what was skipped. Plain data without padding;
/// it may be copied, stored and changed field by field. Start from `refrain_policy_default` or
/// `refrain_policy_parse`. Later versions grow at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_policy {
    /// sizeof(refrain_policy), as `refrain_policy_default` and `refrain_policy_parse` set it.
    pub struct_size: u32,
    /// The family whose defaults it started from: what its text begins with.
    pub family: refrain_family,
    /// What is measured or counted.
    pub gauge: refrain_gauge,
    /// How much of it may be spent before a call is computed.
    pub budget: refrain_budget,
    /// When a call is computed regardless.
    pub guards: refrain_guards,
    /// What stands in for a skipped call.
    pub predictor: refrain_predictor,
    /// What part of the network is skipped.
    pub site: refrain_site,
    /// How lanes decide.
    pub pool: refrain_pool,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: numbers and arrays of them, without padding: the sizes below add up.
unsafe impl Sized32 for refrain_policy {}

/// The same bytes as [`Policy`], whose enums are `u32`.
const _: () = {
    assert!(size_of::<refrain_policy>() == size_of::<Policy>());
    assert!(size_of::<refrain_gauge>() == 4 * 4 + 8 * 6 + 2 * 4 + 8 * 128);
    assert!(size_of::<refrain_budget>() == 2 * 4 + 2 * 8 + 2 * 4);
    assert!(size_of::<refrain_guards>() == 6 * 4 + 3 * 8 + 32 * 4);
    assert!(size_of::<refrain_predictor>() == 16 && size_of::<refrain_site>() == 16);
    assert!(size_of::<refrain_policy>() == 2 * 4 + 1096 + 32 + 176 + 16 + 16 + 2 * 4);
    macro_rules! same_place {
        ($($($c:ident).+ = $($rust:ident).+),+ $(,)?) => {
            $(assert!(offset_of!(refrain_policy, $($c).+) == offset_of!(Policy, $($rust).+));)+
        };
    }
    same_place!(
        struct_size = struct_size,
        family = family,
        gauge.kind = gauge.kind,
        gauge.signal = gauge.signal,
        gauge.reference = gauge.reference,
        gauge.rescale = gauge.rescale,
        gauge.coefficients = gauge.coefficients,
        gauge.curve_len = gauge.curve.len,
        gauge.curve = gauge.curve.values,
        budget.kind = budget.kind,
        budget.comparator = budget.comparator,
        budget.threshold = budget.threshold,
        budget.decay = budget.decay,
        budget.reset = budget.reset,
        guards.max_warmup_steps = guards.max_warmup_steps,
        guards.last_steps = guards.last_steps,
        guards.max_continuous_cached_steps = guards.max_continuous_cached_steps,
        guards.max_cached_steps = guards.max_cached_steps,
        guards.mask_len = guards.mask_len,
        guards.warmup_fraction = guards.warmup_fraction,
        guards.window_start = guards.window_start,
        guards.window_end = guards.window_end,
        guards.mask = guards.mask,
        predictor.kind = predictor.kind,
        predictor.order = predictor.order,
        predictor.axis = predictor.axis,
        site.kind = site.kind,
        site.front = site.front,
        site.back = site.back,
        pool = pool,
        reserved = reserved,
    );
};

impl refrain_policy {
    fn new(from: &Policy, struct_size: usize) -> Self {
        let Policy {
            gauge,
            budget,
            guards,
            site,
            ..
        } = from;
        Self {
            struct_size: struct_size as u32,
            family: from.family as u32,
            gauge: refrain_gauge {
                kind: gauge.kind as u32,
                signal: gauge.signal as u32,
                reference: gauge.reference as u32,
                rescale: gauge.rescale as u32,
                coefficients: gauge.coefficients,
                curve_len: gauge.curve.len,
                reserved: gauge.curve.reserved,
                curve: gauge.curve.values,
            },
            budget: refrain_budget {
                kind: budget.kind as u32,
                comparator: budget.comparator as u32,
                threshold: budget.threshold,
                decay: budget.decay,
                reset: budget.reset,
                reserved: budget.reserved,
            },
            guards: refrain_guards {
                max_warmup_steps: guards.max_warmup_steps,
                last_steps: guards.last_steps,
                max_continuous_cached_steps: guards.max_continuous_cached_steps,
                max_cached_steps: guards.max_cached_steps,
                mask_len: guards.mask_len,
                reserved: guards.reserved,
                warmup_fraction: guards.warmup_fraction,
                window_start: guards.window_start,
                window_end: guards.window_end,
                mask: guards.mask,
            },
            predictor: refrain_predictor::new(&from.predictor),
            site: refrain_site {
                kind: site.kind as u32,
                front: site.front,
                back: site.back,
                reserved: site.reserved,
            },
            pool: from.pool as u32,
            reserved: from.reserved,
        }
    }

    /// The policy, unless a number names no value of its enum.
    fn read(&self) -> Result<Policy, NoSuchValue> {
        let Self {
            gauge,
            budget,
            guards,
            predictor,
            site,
            ..
        } = self;
        Ok(Policy {
            struct_size: size_of::<Policy>() as u32,
            family: value("family", self.family)?,
            gauge: Gauge {
                kind: value("gauge.kind", gauge.kind)?,
                signal: value::<SignalKind>("gauge.signal", gauge.signal)?,
                reference: value::<Reference>("gauge.reference", gauge.reference)?,
                rescale: value::<Rescale>("gauge.rescale", gauge.rescale)?,
                coefficients: gauge.coefficients,
                curve: Curve {
                    len: gauge.curve_len,
                    reserved: gauge.reserved,
                    values: gauge.curve,
                },
            },
            budget: Budget {
                kind: value::<BudgetKind>("budget.kind", budget.kind)?,
                comparator: value::<Comparator>("budget.comparator", budget.comparator)?,
                threshold: budget.threshold,
                decay: budget.decay,
                reset: budget.reset,
                reserved: budget.reserved,
            },
            guards: Guards {
                max_warmup_steps: guards.max_warmup_steps,
                last_steps: guards.last_steps,
                max_continuous_cached_steps: guards.max_continuous_cached_steps,
                max_cached_steps: guards.max_cached_steps,
                mask_len: guards.mask_len,
                reserved: guards.reserved,
                warmup_fraction: guards.warmup_fraction,
                window_start: guards.window_start,
                window_end: guards.window_end,
                mask: guards.mask,
            },
            predictor: Predictor {
                kind: value("predictor.kind", predictor.kind)?,
                order: predictor.order,
                axis: value("predictor.axis", predictor.axis)?,
                reserved: predictor.reserved,
            },
            site: Site {
                kind: value::<SiteKind>("site.kind", site.kind)?,
                front: site.front,
                back: site.back,
                reserved: site.reserved,
            },
            pool: value::<Pool>("pool", self.pool)?,
            reserved: self.reserved,
        })
    }

    /// Whether every reserved field is zero.
    const fn reserved_is_zero(&self) -> bool {
        self.gauge.reserved == 0
            && self.budget.reserved == 0
            && self.guards.reserved == 0
            && self.predictor.reserved == 0
            && self.site.reserved == 0
            && self.reserved == 0
    }
}

/// A number that names no value of a field's enum.
struct NoSuchValue {
    field: &'static str,
    given: u32,
    values: usize,
}

impl fmt::Display for NoSuchValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            given,
            values,
        } = *self;
        write!(
            f,
            "policy field `{field}` is {given}; allowed is 0 to {}",
            values.saturating_sub(1)
        )
    }
}

fn value<T: Named>(field: &'static str, given: u32) -> Result<T, NoSuchValue> {
    T::from_number(given).ok_or(NoSuchValue {
        field,
        given,
        values: T::ALL.len(),
    })
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
    let policy = raw
        .read()
        .map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))?;
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

/// The defaults of a family.
///
/// - `family`: in, a REFRAIN_FAMILY_… number.
/// - `struct_size`: in, sizeof(refrain_policy).
/// - `policy_out`: out, the policy.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown family; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if the pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_default(
    family: u32,
    struct_size: usize,
    policy_out: *mut refrain_policy,
) -> refrain_status {
    guard(|| {
        let preset = Family::from_number(family).ok_or(REFRAIN_E_RANGE)?.preset();
        let policy = refrain_policy::new(&preset.policy, struct_size);
        // SAFETY: the pointer contract of this module.
        unsafe { write_sized(policy, struct_size, policy_out) }
    })
}

/// Reads the text form of a policy: `family`, `family:key=value,...`, or `mask:1101...`. Keys that
/// are not given have the family's defaults; `refrain policies NAME` on the command line lists them.
///
/// A calibrated policy may still lack its curve (`refrain_policy_needs_curve`).
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

/// Writes the text form of a policy: its family and every key that is not the family's default.
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

/// Whether computed calls should be committed with their transformation rate (EasyCache).
///
/// - `policy`: in.
/// - `wants_out`: out, 1 or 0.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or
/// REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_wants_rate(
    policy: *const refrain_policy,
    wants_out: *mut u32,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (policy, wants_out) = unsafe { (read_quietly(policy)?, output(wants_out)?) };
        wants_out.write(policy.wants_rate().into());
        Ok(())
    })
}

/// Whether the policy is calibrated and its curve is still missing: a scheduler refuses it until a
/// model is named or the curve given.
///
/// - `policy`: in.
/// - `needs_out`: out, 1 or 0.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or
/// REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_needs_curve(
    policy: *const refrain_policy,
    needs_out: *mut u32,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (policy, needs_out) = unsafe { (read_quietly(policy)?, output(needs_out)?) };
        needs_out.write(policy.needs_curve().into());
        Ok(())
    })
}
