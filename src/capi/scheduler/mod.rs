//! Schedulers, in the caller's memory.

mod memory;
pub mod report;

use core::ffi::{c_char, c_void};
use core::mem::size_of;

use super::border::{guard, guard_telling, input, inputs, output};
use super::numbers::{
    refrain_action, refrain_filter, refrain_metric, refrain_reason, refrain_reference,
    refrain_signal,
};
use super::policy::{self, refrain_policy};
use super::refrain_status::{
    self, REFRAIN_E_MEMORY, REFRAIN_E_ORDER, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED,
    REFRAIN_E_VALUE,
};
use crate::predict::{MAX_ANCHORS, PredictorKind};
use crate::scheduler::{
    ADD_TO_SLOTS, CallError, Decision, Event, Lane, NO_SLOT, Outcome, SET_SLOTS, State, Stats,
};
use crate::timeline::{Call, Timeline};
use memory::{Head, READY, bytes, change, exclusive};

/// Alignment of the memory that objects are initialised in, in bytes.
pub const REFRAIN_ALIGNMENT: usize = 16;
/// Most lanes of one scheduler.
pub const REFRAIN_MAX_LANES: u32 = 65536;
/// The slot of a decision that writes no anchor.
pub const REFRAIN_NO_SLOT: u32 = 0xFFFF_FFFF;
/// The slot of a computed call whose feature is added to running sums: slot k gains `weights[k]`
/// times the feature.
pub const REFRAIN_ADD_TO_SLOTS: u32 = 0xFFFF_FFFE;
/// The slot of the first of those: slot k becomes `weights[k]` times the feature.
pub const REFRAIN_SET_SLOTS: u32 = 0xFFFF_FFFD;
/// Bytes that a scheduler never exceeds beside its lanes.
pub const REFRAIN_SCHEDULER_BASE_BYTES: usize = 4608;
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
    /// Where on the sampler's own time axis (timestep or sigma): any finite number. Looked at with
    /// REFRAIN_AXIS_TIME, REFRAIN_WINDOW_TIME (pab: without it every call is computed),
    /// REFRAIN_CURVE_BY_TIME and REFRAIN_RESCALE_SENSITIVITY; of no effect otherwise.
    pub time: f64,
}

/// What to do with one call, and why. If `needs` is not 0 it is not decided yet.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_decision {
    /// How many numbers to hand to `refrain_scheduler_decide` first: a signal, or one per lane of a
    /// pool, and with `aligned` as many factors behind them, which are counted. 0: decided.
    pub needs: u32,
    /// With `needs`: what to measure. Else 0.
    pub signal: refrain_signal,
    /// With `needs`: how its change becomes a number (`refrain_cpu_change`). Else 0.
    pub metric: refrain_metric,
    /// With `needs`: what to compare it with. Else 0.
    pub reference: refrain_reference,
    /// With `needs`: what both go through before, of the size that the policy's gauge says. Else 0.
    pub filter: refrain_filter,
    /// With `needs`: 1 if factors of an aligned prediction are wanted behind the signals
    /// (`refrain_cpu_alignment`). Else 0.
    pub aligned: u32,
    /// The lane of the call, as the other functions want it.
    pub lane: u32,
    /// What to do. 0 as long as it is not decided.
    pub action: refrain_action,
    /// Why. 0 as long as it is not decided.
    pub reason: refrain_reason,
    /// With REFRAIN_ACTION_PREDICT and REFRAIN_ACTION_VERIFY: the order used, which ramps up with the
    /// history. Else 0.
    pub order: u32,
    /// The anchor slot to write: with REFRAIN_ACTION_COMPUTE what the site gave, else what the blend
    /// gave, for predictors that take forecasts for features, once it is committed: a forecast that is
    /// rolled back must not be kept. REFRAIN_NO_SLOT if nothing is to be kept; REFRAIN_ADD_TO_SLOTS and
    /// REFRAIN_SET_SLOTS for running sums.
    pub slot: u32,
    /// Of a skipped call: one weight per anchor slot; the stand-in is `base + sum of weights[k] *
    /// anchor[k]`. A slot with weight 0 must not be read. Of a computed call that goes into running
    /// sums: what the feature counts in each. Else 0.
    pub weights: [f32; 8],
    /// Of a skipped call with REFRAIN_SPLIT_KIND_BAND: the weights of the low band; `weights` are
    /// those of the rest. Else 0.
    pub low_weights: [f32; 8],
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
    /// Signal handed in before the call or with its commit (of the first lane, or the mean of the
    /// pool), or the error of a verified call; -1 if none was usable.
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
    /// Of them predicted and verified.
    pub verified: u32,
    /// Forecasts that were found to be wrong. One that stands all the same is also counted as
    /// verified; one that is made again, computed, is no call of its own.
    pub rejected: u32,
    /// Zero; later versions may count further actions here.
    pub reserved: [u32; 2],
}

const _: () = {
    assert!(REFRAIN_NO_SLOT == NO_SLOT && REFRAIN_ADD_TO_SLOTS == ADD_TO_SLOTS);
    assert!(REFRAIN_SET_SLOTS == SET_SLOTS);
    assert!(size_of::<refrain_call>() == 4 * 4 + 8);
    assert!(size_of::<refrain_decision>() == 11 * 4 + 2 * 8 * 4 && MAX_ANCHORS == 8);
    assert!(size_of::<refrain_event>() == 8 * 4 + 2 * 8);
    assert!(size_of::<refrain_stats>() == 8 * 4);
};

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
            metric: 0,
            reference: 0,
            filter: 0,
            aligned: 0,
            lane,
            action: decision.action as u32,
            reason: decision.reason as u32,
            order: decision.order,
            slot: decision.slot,
            weights: decision.weights,
            low_weights: decision.low_weights,
        }
    }
}

impl refrain_event {
    pub(super) const fn new(event: &Event) -> Self {
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

impl refrain_stats {
    pub(super) const fn new(stats: &Stats) -> Self {
        Self {
            calls: stats.calls,
            computed: stats.computed,
            reused: stats.reused,
            predicted: stats.predicted,
            verified: stats.verified,
            rejected: stats.rejected,
            reserved: [0; 2],
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
/// cannot run on such a timeline or with so many lanes; REFRAIN_E_CONFIG_SIZE or
/// REFRAIN_E_UNSUPPORTED as `refrain_policy_check`. After an error the memory is as it was.
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
        policy
            .check_lanes(timeline, lanes)
            .map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))?;
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
                needs: state.wanted() as u32,
                signal: state.policy.gauge.signal as u32,
                metric: state.policy.gauge.metric as u32,
                reference: state.policy.gauge.reference as u32,
                filter: state.policy.gauge.filter as u32,
                aligned: u32::from(state.policy.predictor.kind == PredictorKind::Aligned),
                lane,
                action: 0,
                reason: 0,
                order: 0,
                slot: NO_SLOT,
                weights: [0.0; MAX_ANCHORS],
                low_weights: [0.0; MAX_ANCHORS],
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
/// - `values`: in, `value_count` measurements. Of a computed call what `refrain_policy_wants` says:
///   transformation rates (`refrain_cpu_rate`) or late signals, one per lane that decides, or inner
///   products of the feature that was kept with itself and the other kept features, newest first, at
///   most six. Of a verified call (REFRAIN_ACTION_VERIFY): the error of its forecast, one value. A
///   value that is not finite, or negative and no product, counts as unknown.
/// - `value_count`: in, 0 for none, else as many: one for each lane that decides together, 1 to 6
///   products, one error. An error that is not given counts as too large. Of a call that wants nothing
///   the values, one for each lane that decides together, are ignored.
/// - `event_out`: out, what a trace keeps; optional: may be NULL. If its action is
///   REFRAIN_ACTION_VERIFY and its reason REFRAIN_REASON_FORECAST_REJECTED, the forecast was wrong;
///   with REFRAIN_VERIFY_KIND_ROLLBACK the call was given up: begin it again.
///
/// Returns REFRAIN_OK; REFRAIN_E_ORDER if no call of the lane is decided; REFRAIN_E_VALUE for another
/// number of values, and the call stays open; REFRAIN_E_RANGE for a lane that does not exist;
/// REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not aligned;
/// REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_scheduler_commit(
    scheduler: *mut refrain_scheduler,
    lane: u32,
    values: *const f64,
    value_count: u32,
    event_out: *mut refrain_event,
) -> refrain_status {
    let body = |mut state: State<'_>| {
        // SAFETY: the pointer contract of this module.
        let values = unsafe { inputs(values, value_count as usize)? };
        let event_out = if event_out.is_null() {
            None
        } else {
            // SAFETY: the pointer contract of this module.
            Some(unsafe { output(event_out)? })
        };
        let outcome = if values.is_empty() {
            Outcome::Done
        } else {
            Outcome::Measured(values)
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
