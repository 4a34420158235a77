//! Schedulers, in the caller's memory.

use core::ffi::{c_char, c_void};
use core::mem::size_of;
use core::slice;

use super::border::{Checked, catch, guard, guard_telling, input, inputs, output, room};
use super::numbers::{
    refrain_action, refrain_notice, refrain_reason, refrain_reference, refrain_signal,
};
use super::policy::{self, refrain_policy};
use super::refrain_status::{
    self, REFRAIN_E_CAPACITY, REFRAIN_E_FORMAT, REFRAIN_E_MEMORY, REFRAIN_E_NULL, REFRAIN_E_ORDER,
    REFRAIN_E_PANIC, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE, REFRAIN_OK,
};
use crate::policy::Policy;
use crate::predict::MAX_ANCHORS;
use crate::scheduler::{
    CallError, Decision, Event, Lane, NO_SLOT, Outcome, Reason, SavedError, Scheduler, State,
};
use crate::text::Named;
use crate::timeline::{Call, Timeline};

/// Alignment of the memory that objects are initialised in, in bytes.
pub const REFRAIN_ALIGNMENT: usize = 16;
/// Most lanes of one scheduler.
pub const REFRAIN_MAX_LANES: u32 = 65536;
/// The slot of a decision that writes no anchor.
pub const REFRAIN_NO_SLOT: u32 = 0xFFFF_FFFF;
/// Bytes that a scheduler never exceeds beside its lanes.
pub const REFRAIN_SCHEDULER_BASE_BYTES: usize = 4096;
/// Bytes that one lane never exceeds.
pub const REFRAIN_LANE_BYTES: usize = 1024;

/// A scheduler: decides, call by call, for one run of a policy. It lives in memory of the caller,
/// holds nothing else, has no pointers in it, and needs no destroying: the memory may be copied to
/// another aligned place, reused, or freed at any time.
#[derive(Debug)]
pub struct refrain_scheduler {
    _opaque: [u8; 0],
}

/// One evaluation of the network, as the host is about to make it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_call {
    /// Sampler step, counted from 0 at the noisiest.
    pub step: u32,
    /// Evaluation within the step, counted from 0; Heun and other two-stage samplers have two.
    pub evaluation: u32,
    /// Stream of features: a guidance branch, a batch element, an expert. 0 if there is one, and for
    /// a policy that pools its lanes.
    pub lane: u32,
    /// Zero.
    pub reserved: u32,
    /// Where on the sampler's own time axis (timestep or sigma): any finite number. Only predictors
    /// with REFRAIN_AXIS_TIME look at it.
    pub time: f64,
}

/// What to do with one call, and why. If `needs` is not 0 it is not decided yet.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_decision {
    /// Measurements to hand to `refrain_scheduler_decide` first: one, or one per lane of a pool.
    /// 0: decided.
    pub needs: u32,
    /// With `needs`: what to measure. Else 0.
    pub signal: refrain_signal,
    /// With `needs`: what to compare it with. Else 0.
    pub reference: refrain_reference,
    /// The lane of the call, as the other functions want it.
    pub lane: u32,
    /// What to do. 0 as long as it is not decided.
    pub action: refrain_action,
    /// Why. 0 as long as it is not decided.
    pub reason: refrain_reason,
    /// With REFRAIN_ACTION_PREDICT: the order used, which ramps up with the history. Else 0.
    pub order: u32,
    /// With REFRAIN_ACTION_COMPUTE: the anchor slot to write what the site gave to. REFRAIN_NO_SLOT
    /// if nothing is to be kept.
    pub slot: u32,
    /// With REFRAIN_ACTION_REUSE and REFRAIN_ACTION_PREDICT: one weight per anchor slot; the stand-in
    /// is base + sum of weights[k] * anchor[k]. A slot with weight 0 must not be read.
    pub weights: [f32; 8],
}

/// What a trace keeps of a committed call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_event {
    /// Number of the call, counted over the run: step * evaluations + evaluation.
    pub call: u32,
    /// Sampler step.
    pub step: u32,
    /// Evaluation within the step.
    pub evaluation: u32,
    /// Lane, or the first lane of a pool.
    pub lane: u32,
    /// What was done.
    pub action: refrain_action,
    /// Why.
    pub reason: refrain_reason,
    /// Order used.
    pub order: u32,
    /// Anchor slot written, REFRAIN_NO_SLOT for none.
    pub slot: u32,
    /// Signal handed in (of the first lane, or the mean of the pool); -1 if none was usable.
    pub signal: f64,
    /// Budget spent after the call, in units of the gauge.
    pub spent: f64,
}

/// Counters of a run.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_stats {
    /// Calls committed.
    pub calls: u32,
    /// Of them computed.
    pub computed: u32,
    /// Of them reused.
    pub reused: u32,
    /// Of them predicted.
    pub predicted: u32,
    /// Zero; later versions may count further actions here.
    pub reserved: [u32; 4],
}

const _: () = {
    assert!(REFRAIN_NO_SLOT == NO_SLOT);
    assert!(size_of::<refrain_call>() == 4 * 4 + 8);
    assert!(size_of::<refrain_decision>() == 8 * 4 + 8 * 4 && MAX_ANCHORS == 8);
    assert!(size_of::<refrain_event>() == 8 * 4 + 2 * 8);
    assert!(size_of::<refrain_stats>() == 8 * 4);
    assert!(size_of::<Head>() <= REFRAIN_SCHEDULER_BASE_BYTES);
    assert!(size_of::<Lane>() <= REFRAIN_LANE_BYTES);
    assert!(align_of::<Head>() == REFRAIN_ALIGNMENT && align_of::<Lane>() <= REFRAIN_ALIGNMENT);
};

/// The front of the caller's memory; the lanes follow.
#[repr(C, align(16))]
struct Head {
    /// [`READY`] or [`POISONED`]; anything else was never initialised.
    state: u32,
    lanes: u32,
    timeline: Timeline,
    policy: Policy,
}

const READY: u32 = u32::from_le_bytes(*b"rfS1");
const POISONED: u32 = u32::from_le_bytes(*b"rfS!");

const fn bytes(lanes: u32) -> Option<usize> {
    if lanes == 0 || lanes > REFRAIN_MAX_LANES {
        return None;
    }
    match size_of::<Lane>().checked_mul(lanes as usize) {
        Some(bytes) => bytes.checked_add(size_of::<Head>()),
        None => None,
    }
}

/// The head of an initialised scheduler.
unsafe fn head(scheduler: *const refrain_scheduler) -> Checked<*const Head> {
    let head = scheduler.cast::<Head>();
    if head.is_null() {
        return Err(REFRAIN_E_NULL);
    }
    if !head.is_aligned() {
        return Err(REFRAIN_E_MEMORY);
    }
    // SAFETY: the pointer contract of this module; any bytes are a number.
    match unsafe { (&raw const (*head).state).read() } {
        READY | POISONED => Ok(head),
        _ => Err(REFRAIN_E_MEMORY),
    }
}

/// What a scheduler consists of, as long as nobody changes it.
unsafe fn shared<'a>(scheduler: *const refrain_scheduler) -> Checked<Scheduler<&'a [Lane]>> {
    // SAFETY: as for this function.
    let at = unsafe { head(scheduler)? };
    // SAFETY: it was initialised, and behind the head there are as many lanes as it says.
    let (head, lanes) = unsafe {
        let head = &*at;
        (
            head,
            slice::from_raw_parts(at.add(1).cast(), head.lanes as usize),
        )
    };
    if head.state == POISONED {
        return Err(REFRAIN_E_PANIC);
    }
    Ok(Scheduler::from_parts(head.policy, head.timeline, lanes))
}

/// What a scheduler consists of, to change it.
unsafe fn exclusive<'a>(
    scheduler: *mut refrain_scheduler,
) -> Checked<(&'a mut Head, &'a mut [Lane])> {
    // SAFETY: as for this function.
    let at = unsafe { head(scheduler)? }.cast_mut();
    // SAFETY: it was initialised, behind the head there are as many lanes as it says, and nobody
    // else uses it.
    Ok(unsafe {
        let head = &mut *at;
        let lanes = slice::from_raw_parts_mut(at.add(1).cast(), head.lanes as usize);
        (head, lanes)
    })
}

/// Changes a scheduler; if that panics it is unusable from then on.
unsafe fn change(
    scheduler: *mut refrain_scheduler,
    body: impl FnOnce(State<'_>) -> Checked<()>,
) -> refrain_status {
    // SAFETY: as for this function.
    let (head, lanes) = match unsafe { exclusive(scheduler) } {
        Ok(parts) => parts,
        Err(status) => return status,
    };
    if head.state == POISONED {
        return REFRAIN_E_PANIC;
    }
    let (policy, timeline) = (&head.policy, head.timeline);
    let result = catch(|| {
        body(State {
            policy,
            timeline,
            lanes,
        })
    });
    if result == Err(REFRAIN_E_PANIC) {
        head.state = POISONED;
    }
    result.err().unwrap_or(REFRAIN_OK)
}

impl From<CallError> for refrain_status {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Lane { .. } | CallError::Step { .. } | CallError::Evaluation { .. } => {
                REFRAIN_E_RANGE
            }
            CallError::Time | CallError::Values { .. } => REFRAIN_E_VALUE,
            CallError::NotForward { .. } | CallError::Open | CallError::NotOpen => REFRAIN_E_ORDER,
        }
    }
}

impl refrain_decision {
    fn new(lane: u32, decision: &Decision) -> Self {
        Self {
            needs: 0,
            signal: 0,
            reference: 0,
            lane,
            action: decision.action as u32,
            reason: decision.reason as u32,
            order: decision.order,
            slot: decision.slot,
            weights: decision.weights,
        }
    }
}

impl refrain_event {
    const fn new(event: &Event) -> Self {
        Self {
            call: event.call,
            step: event.step,
            evaluation: event.evaluation,
            lane: event.lane,
            action: event.action as u32,
            reason: event.reason as u32,
            order: event.order,
            slot: event.slot,
            signal: event.signal,
            spent: event.spent,
        }
    }
}

/// Bytes of a scheduler. REFRAIN_SCHEDULER_MAX_BYTES(lanes) is a limit known when compiling, for
/// static memory.
///
/// - `lanes`: in, 1 to REFRAIN_MAX_LANES.
/// - `bytes_out`: out, bytes of memory that `refrain_scheduler_init` wants.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE for another number of lanes; REFRAIN_E_NULL; REFRAIN_E_MEMORY
/// if the pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_size(
    lanes: u32,
    bytes_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let bytes_out = unsafe { output(bytes_out)? };
        bytes_out.write(bytes(lanes).ok_or(REFRAIN_E_RANGE)?);
        Ok(())
    })
}

/// Makes a scheduler at the start of a run, in the caller's memory.
///
/// - `memory`: in, aligned to REFRAIN_ALIGNMENT; what it held before does not matter. It belongs to
///   the scheduler until the caller has no more use for it.
/// - `memory_bytes`: in, at least what `refrain_scheduler_size` says.
/// - `policy`: in, copied.
/// - `steps`: in, sampler steps of the run, 1 to 2^30.
/// - `evaluations`: in, network evaluations a step, 1 to 8.
/// - `lanes`: in, streams of features, 1 to REFRAIN_MAX_LANES.
/// - `scheduler_out`: out, the scheduler: the address of `memory`.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if the memory is too small or a pointer not
/// aligned; REFRAIN_E_RANGE for a number of lanes that is not allowed; REFRAIN_E_VALUE if the policy
/// cannot run on such a timeline; REFRAIN_E_CONFIG_SIZE or REFRAIN_E_UNSUPPORTED as
/// `refrain_policy_check`. After an error the memory is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_init(
    memory: *mut c_void,
    memory_bytes: usize,
    policy: *const refrain_policy,
    steps: u32,
    evaluations: u32,
    lanes: u32,
    scheduler_out: *mut *mut refrain_scheduler,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        let at = memory.cast::<Head>();
        // SAFETY: the pointer contract of this module.
        let (_, scheduler_out) = unsafe { (output(at)?, output(scheduler_out)?) };
        let needed = bytes(lanes).ok_or_else(|| {
            let why =
                format_args!("{lanes} lanes were given; allowed are 1 to {REFRAIN_MAX_LANES}");
            message.refuse(REFRAIN_E_RANGE, &why)
        })?;
        let timeline = Timeline { steps, evaluations };
        // SAFETY: the pointer contract of this module.
        let policy = unsafe { policy::read(policy, Some(timeline), message)? };
        if memory_bytes < needed {
            let why =
                format_args!("{memory_bytes} bytes of memory were given, {needed} are needed");
            return Err(message.refuse(REFRAIN_E_MEMORY, &why));
        }
        // SAFETY: the memory is aligned and holds a head and the lanes behind it.
        unsafe {
            at.write(Head {
                state: READY,
                lanes,
                timeline,
                policy,
            });
            let first = at.add(1).cast::<Lane>();
            for lane in 0..lanes as usize {
                first.add(lane).write(Lane::NEW);
            }
        }
        scheduler_out.write(memory.cast());
        Ok(())
    })
}

/// Starts a new run: forgets anchors, what was spent, and counters. Also makes a scheduler usable
/// again after REFRAIN_E_PANIC.
///
/// - `scheduler`: exclusive.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_reset(
    scheduler: *mut refrain_scheduler,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (head, lanes) = unsafe { exclusive(scheduler)? };
        lanes.fill(Lane::NEW);
        head.state = READY;
        Ok(())
    })
}

/// Opens a call. If the decision `needs` nothing it is final; else measure what it asks for and call
/// `refrain_scheduler_decide`.
///
/// - `scheduler`: exclusive.
/// - `call`: in, later than the last one committed on its lane.
/// - `decision_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_ORDER if a call is open on the lane or the call is not later than
/// the last; REFRAIN_E_RANGE for a lane, step or evaluation that does not exist; REFRAIN_E_VALUE if
/// the time is not finite; REFRAIN_E_UNSUPPORTED if `reserved` is not zero; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if there is no scheduler or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_begin(
    scheduler: *mut refrain_scheduler,
    call: *const refrain_call,
    decision_out: *mut refrain_decision,
) -> refrain_status {
    let body = |mut state: State<'_>| {
        // SAFETY: the pointer contract of this module.
        let (call, decision_out) = unsafe { (input(call)?, output(decision_out)?) };
        if call.reserved != 0 {
            return Err(REFRAIN_E_UNSUPPORTED);
        }
        let refrain_call {
            step,
            evaluation,
            lane,
            reserved,
            time,
        } = *call;
        let decided = state.begin(Call {
            step,
            evaluation,
            lane,
            reserved,
            time,
        })?;
        decision_out.write(decided.map_or_else(
            || refrain_decision {
                needs: state.together() as u32,
                signal: state.policy.gauge.signal as u32,
                reference: state.policy.gauge.reference as u32,
                lane,
                action: 0,
                reason: 0,
                order: 0,
                slot: NO_SLOT,
                weights: [0.0; MAX_ANCHORS],
            },
            |decision| refrain_decision::new(lane, &decision),
        ));
        Ok(())
    };
    // SAFETY: the pointer contract of this module.
    unsafe { change(scheduler, body) }
}

/// Decides the open call of a lane from what was measured.
///
/// - `scheduler`: exclusive.
/// - `lane`: in, as in the decision.
/// - `values`: in, `value_count` measurements. One that is NaN, infinite or negative counts as
///   unknown, and the call is computed.
/// - `value_count`: in, `needs` of the decision.
/// - `decision_out`: out, the decision.
///
/// Returns REFRAIN_OK; REFRAIN_E_ORDER if no call of the lane waits for it; REFRAIN_E_VALUE for
/// another number of values, and the call stays open; REFRAIN_E_RANGE for a lane that does not exist;
/// REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not aligned;
/// REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_decide(
    scheduler: *mut refrain_scheduler,
    lane: u32,
    values: *const f64,
    value_count: u32,
    decision_out: *mut refrain_decision,
) -> refrain_status {
    let body = |mut state: State<'_>| {
        // SAFETY: the pointer contract of this module.
        let values = unsafe { inputs(values, value_count as usize)? };
        // SAFETY: the pointer contract of this module.
        let decision_out = unsafe { output(decision_out)? };
        let decision = state.decide(lane, values)?;
        decision_out.write(refrain_decision::new(lane, &decision));
        Ok(())
    };
    // SAFETY: the pointer contract of this module.
    unsafe { change(scheduler, body) }
}

/// Closes a call whose decision was carried out.
///
/// - `scheduler`: exclusive.
/// - `lane`: in, as in the decision.
/// - `rates`: in, `rate_count` transformation rates of a computed call (`refrain_cpu_rate`), if
///   `refrain_policy_wants_rate`; one that is not finite or negative counts as unknown.
/// - `rate_count`: in, one per lane that decides; 0 for none.
/// - `event_out`: out, what a trace keeps; optional: may be NULL.
///
/// Returns REFRAIN_OK; REFRAIN_E_ORDER if no call of the lane is decided; REFRAIN_E_VALUE for another
/// number of rates, and the call stays open; REFRAIN_E_RANGE for a lane that does not exist;
/// REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not aligned;
/// REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_commit(
    scheduler: *mut refrain_scheduler,
    lane: u32,
    rates: *const f64,
    rate_count: u32,
    event_out: *mut refrain_event,
) -> refrain_status {
    let body = |mut state: State<'_>| {
        // SAFETY: the pointer contract of this module.
        let rates = unsafe { inputs(rates, rate_count as usize)? };
        let event_out = if event_out.is_null() {
            None
        } else {
            // SAFETY: the pointer contract of this module.
            Some(unsafe { output(event_out)? })
        };
        let outcome = if rates.is_empty() {
            Outcome::Done
        } else {
            Outcome::Measured(rates)
        };
        let event = state.commit(lane, outcome)?;
        if let Some(event_out) = event_out {
            event_out.write(refrain_event::new(&event));
        }
        Ok(())
    };
    // SAFETY: the pointer contract of this module.
    unsafe { change(scheduler, body) }
}

/// Closes the open call of a lane as if it had never been begun, because it was not carried out:
/// cancelled, or failed. It may be made again.
///
/// - `scheduler`: exclusive.
/// - `lane`: in, as in the decision.
///
/// Returns REFRAIN_OK; REFRAIN_E_ORDER if no call is open on the lane; REFRAIN_E_RANGE for a lane that
/// does not exist; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_abandon(
    scheduler: *mut refrain_scheduler,
    lane: u32,
) -> refrain_status {
    // SAFETY: the pointer contract of this module.
    unsafe { change(scheduler, |mut state| Ok(state.abandon(lane)?)) }
}

/// Forgets the anchors of a lane, because the shape of its features or the prompt changed. Its next
/// call is computed. What it has counted stays.
///
/// - `scheduler`: exclusive.
/// - `lane`: in; the first lane of a pool stands for all.
///
/// Returns REFRAIN_OK; REFRAIN_E_ORDER while a call is open on the lane; REFRAIN_E_RANGE for a lane
/// that does not exist; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_invalidate(
    scheduler: *mut refrain_scheduler,
    lane: u32,
) -> refrain_status {
    // SAFETY: the pointer contract of this module.
    unsafe { change(scheduler, |mut state| Ok(state.invalidate(lane)?)) }
}

/// What happened so far, over all lanes.
///
/// - `scheduler`: shared.
/// - `stats_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
/// aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_stats(
    scheduler: *const refrain_scheduler,
    stats_out: *mut refrain_stats,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (scheduler, stats_out) = unsafe { (shared(scheduler)?, output(stats_out)?) };
        let stats = scheduler.stats();
        stats_out.write(refrain_stats {
            calls: stats.calls,
            computed: stats.computed,
            reused: stats.reused,
            predicted: stats.predicted,
            reserved: [0; 4],
        });
        Ok(())
    })
}

/// How many calls were decided for a reason, over all lanes.
///
/// - `scheduler`: shared.
/// - `reason`: in, a REFRAIN_REASON_… number.
/// - `count_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown reason; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// there is no scheduler or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_reason_count(
    scheduler: *const refrain_scheduler,
    reason: u32,
    count_out: *mut u32,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (scheduler, count_out) = unsafe { (shared(scheduler)?, output(count_out)?) };
        let reason = Reason::from_number(reason).ok_or(REFRAIN_E_RANGE)?;
        count_out.write(scheduler.stats().with_reason(reason));
        Ok(())
    })
}

/// What a user should hear. Asked before a run it tells whether the policy can skip at all on so few
/// steps, after one whether it did.
///
/// - `scheduler`: shared.
/// - `notice_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
/// aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_notice(
    scheduler: *const refrain_scheduler,
    notice_out: *mut refrain_notice,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (scheduler, notice_out) = unsafe { (shared(scheduler)?, output(notice_out)?) };
        notice_out.write(scheduler.notice() as u32);
        Ok(())
    })
}

/// Bytes of a saved state.
///
/// - `scheduler`: shared.
/// - `bytes_out`: out, depends on the number of lanes alone.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
/// aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_save_size(
    scheduler: *const refrain_scheduler,
    bytes_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (scheduler, bytes_out) = unsafe { (shared(scheduler)?, output(bytes_out)?) };
        bytes_out.write(scheduler.saved_bytes());
        Ok(())
    })
}

/// Writes the state, open calls included, as bytes that are the same on every machine: to pause a
/// run, roll it back, or replay it elsewhere. Equal states are equal bytes.
///
/// - `scheduler`: shared.
/// - `saved_out`: out, room for `capacity` bytes.
/// - `capacity`: in.
/// - `bytes_out`: out, bytes of the state; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler
/// or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_save(
    scheduler: *const refrain_scheduler,
    saved_out: *mut c_void,
    capacity: usize,
    bytes_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (scheduler, bytes_out) = unsafe { (shared(scheduler)?, output(bytes_out)?) };
        // SAFETY: the pointer contract of this module.
        let saved_out = unsafe { room(saved_out.cast::<u8>(), capacity)? };
        let needed = scheduler.saved_bytes();
        bytes_out.write(needed);
        let saved_out = saved_out.get_mut(..needed).ok_or(REFRAIN_E_CAPACITY)?;
        saved_out.fill(core::mem::MaybeUninit::new(0));
        // SAFETY: every byte was just written.
        let saved_out = unsafe { &mut *(core::ptr::from_mut(saved_out) as *mut [u8]) };
        scheduler.save(saved_out).map_err(|_| REFRAIN_E_CAPACITY)
    })
}

/// Takes over a saved state. The scheduler must have been made with the same policy, steps,
/// evaluations and lanes as the one that saved it.
///
/// - `scheduler`: exclusive.
/// - `saved`: in, `saved_bytes` bytes; no alignment is needed.
/// - `saved_bytes`: in, exactly as many as were saved.
///
/// Returns REFRAIN_OK; REFRAIN_E_FORMAT if the bytes are not such a state, and the scheduler is as it
/// was; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_restore(
    scheduler: *mut refrain_scheduler,
    saved: *const c_void,
    saved_bytes: usize,
) -> refrain_status {
    let body = |state: State<'_>| {
        // SAFETY: the pointer contract of this module.
        let saved = unsafe { inputs(saved.cast::<u8>(), saved_bytes)? };
        Scheduler::from_parts(*state.policy, state.timeline, state.lanes)
            .restore(saved)
            .map_err(|_: SavedError| REFRAIN_E_FORMAT)
    };
    // SAFETY: the pointer contract of this module.
    unsafe { change(scheduler, body) }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[repr(align(16))]
    struct Memory([u8; REFRAIN_SCHEDULER_BASE_BYTES + REFRAIN_LANE_BYTES]);

    /// No input is known that makes the core panic, so the panic is planted.
    #[test]
    fn a_panicked_scheduler_is_unusable_until_reset() {
        let mut memory = Memory([0xFF; _]);
        let mut scheduler = core::ptr::null_mut();
        let policy = Family::Interval.preset().policy;
        let mut raw = core::mem::MaybeUninit::uninit();
        let size = size_of::<refrain_policy>();
        // SAFETY: all memory is large enough and lives on.
        unsafe {
            policy::refrain_policy_default(policy.family as u32, size, raw.as_mut_ptr());
            let status = refrain_scheduler_init(
                (&raw mut memory).cast(),
                size_of::<Memory>(),
                raw.as_ptr(),
                4,
                1,
                1,
                &raw mut scheduler,
                core::ptr::null_mut(),
                0,
            );
            assert_eq!(status, REFRAIN_OK);
            assert_eq!(change(scheduler, |_| panic!("planted")), REFRAIN_E_PANIC);
            let mut bytes = 0;
            assert_eq!(
                refrain_scheduler_save_size(scheduler, &raw mut bytes),
                REFRAIN_E_PANIC
            );
            assert_eq!(refrain_scheduler_abandon(scheduler, 0), REFRAIN_E_PANIC);
            assert_eq!(refrain_scheduler_reset(scheduler), REFRAIN_OK);
            assert_eq!(refrain_scheduler_abandon(scheduler, 0), REFRAIN_E_ORDER);
        }
    }

    use crate::policy::Family;
}
