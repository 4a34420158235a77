//! Decisions on the device: the scheduler's transitions as a kernel.
//!
//! `decide` is one invocation. It reads the policy's own bytes, a [`CallRow`] a call, and the state of
//! the lanes as [`Scheduler::save`](crate::Scheduler::save) writes it, and decides bit for bit as the
//! scheduler does: `shaders/shared/f64.wgsl` has double precision made of whole numbers. `gate` turns
//! its decision into the arguments of indirect dispatches, zero workgroups for what is left out.
//! [`device_support`] says which policies it knows.

mod support;

use bytemuck::{Pod, Zeroable};

pub use support::{Unsupported, device_support};

use crate::policy::{GaugeKind, Policy};
use crate::predict::{Axis, PredictorKind};
use crate::scheduler::{ADD_TO_SLOTS, Action, Reason, SET_SLOTS};
use crate::timeline::{Call, Timeline};

/// The decision kernel. Bindings: 0 [`DecideParams`], 1 policy, 2 rows, 3 sums (read), 4 control, 5
/// trace, 6 weights, 7 corrections (read and written); all but the first arrays of words.
pub const DECIDE: &str = concat!(
    include_str!("../../shaders/shared/f64.wgsl"),
    include_str!("../../shaders/shared/decide_layout.wgsl"),
    include_str!("../../shaders/decide.wgsl"),
    include_str!("../../shaders/shared/decide_cost.wgsl"),
    include_str!("../../shaders/shared/decide_weights.wgsl"),
);

/// Makes the arguments of indirect dispatches. Bindings: 0 control, 1 entries (read), 2 arguments
/// (written).
pub const GATE: &str = include_str!("../../shaders/gate.wgsl");
/// Copies a part of a buffer. Bindings: 0 the first element, how many, and two zeros, 1 the source
/// (read), 2 the copy (written).
pub const COPY: &str = include_str!("../../shaders/copy.wgsl");
/// Steps the latents. Bindings: 0 [`AdvanceParams`], 1 control, 2 steps, 3 prediction (read), 4 x
/// (read and written).
pub const ADVANCE: &str = include_str!("../../shaders/advance.wgsl");

/// Words of control before the lanes: cursor, limit, facts, computed calls that were tracked, zeros.
pub const CONTROL_WORDS: usize = 8;
/// Words of the trace of one call: those of [`Event`](crate::Event), then the weights and the low
/// weights of its decision.
pub const TRACE_WORDS: usize = 28;
/// Stands for no pair of sums, and for no guard.
pub const NONE: u32 = u32::MAX;

/// What a decision has the program do, as the bits of word 2 of control.
pub mod fact {
    /// The call is computed.
    pub const COMPUTE: u32 = 1;
    /// The call is skipped.
    pub const SKIP: u32 = 1 << 1;
    /// The call is skipped, and its forecast is verified.
    pub const VERIFY: u32 = 1 << 2;
    /// The call is computed, and one was before: a rate can be told.
    pub const RATE: u32 = 1 << 3;
    /// What is computed starts running sums.
    pub const SET: u32 = 1 << 4;
    /// What is computed is added to running sums.
    pub const ADD: u32 = 1 << 5;
    /// What is computed is not kept.
    pub const NOT_KEPT: u32 = 1 << 6;
    /// The forecast is not kept.
    pub const FORECAST_NOT_KEPT: u32 = 1 << 7;

    /// What is computed is kept in that slot, 0 to 7.
    #[must_use]
    pub const fn keep(slot: u32) -> u32 {
        1 << (8 + slot % 8)
    }

    /// The forecast is kept in that slot, 0 to 7.
    #[must_use]
    pub const fn keep_forecast(slot: u32) -> u32 {
        1 << (16 + slot % 8)
    }
}

/// The facts of a decision; `rated` says whether a call was computed before.
#[must_use]
pub fn facts(action: Action, slot: u32, rated: bool) -> u32 {
    if action.skips() {
        let verified = if action == Action::Verify {
            fact::VERIFY
        } else {
            0
        };
        let kept = match slot {
            0..8 => fact::keep_forecast(slot),
            _ => fact::FORECAST_NOT_KEPT,
        };
        return fact::SKIP | verified | kept;
    }
    let kept = match slot {
        0..8 => fact::keep(slot),
        SET_SLOTS => fact::SET,
        ADD_TO_SLOTS => fact::ADD,
        _ => fact::NOT_KEPT,
    };
    fact::COMPUTE | kept | if rated { fact::RATE } else { 0 }
}

/// What the kernel `advance` is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct AdvanceParams {
    /// Elements of the latents of all pictures.
    pub latents: u32,
    /// Elements of a picture.
    pub picture_len: u32,
    /// Elements of what is predicted for a picture.
    pub output_len: u32,
    /// How often the input has the latents: 2 with guidance, else 1.
    pub copies: u32,
    /// Zero.
    pub zero: u32,
    /// Zero.
    pub pad: [u32; 3],
}

/// What is known of a call before anything is measured: functions of the policy, the timeline and the
/// call alone.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct CallRow {
    /// Sampler step.
    pub step: u32,
    /// Evaluation within the step.
    pub evaluation: u32,
    /// Lane.
    pub lane: u32,
    /// Number of the call.
    pub number: u32,
    /// The [`Reason`] if a guard has it computed whatever happened before, else [`NONE`].
    pub guard: u32,
    /// Bits: 1 its schedule has it computed, 2 its value of the curve is protected, 4 behind the
    /// warm-up, 8 within the window, 16 among the enhanced steps, 32 before the site's boundary, 64
    /// among the last three of the warm-up, 128 its sensitivities are known.
    pub flags: u32,
    /// The sampler's time.
    pub time: f64,
    /// Place on the predictor's axis.
    pub place: f64,
    /// Share of the steps.
    pub share: f64,
    /// With the predictor `gradient`: the gain in force.
    pub gain: f64,
    /// Error that is allowed to a forecast.
    pub allowed: f64,
    /// With a curve: its magnitude ratio, 1 without.
    pub gamma: f64,
    /// With the rescaling `sensitivity`: by the signal.
    pub of_signal: f64,
    /// With the rescaling `sensitivity`: by the time.
    pub of_time: f64,
    /// Scripted runs: the signal; NaN is unknown.
    pub signal: f64,
    /// Scripted runs: the factor of an aligned prediction.
    pub factor: f64,
    /// Scripted runs: rate or late signal that a computed call is committed with.
    pub measured: f64,
    /// Scripted runs: error of a verified forecast.
    pub error: f64,
    /// Zero.
    pub pad: [u32; 2],
}

impl CallRow {
    /// The row of a call; nothing is scripted.
    #[must_use]
    pub fn new(policy: &Policy, timeline: Timeline, call: Call) -> Self {
        let Timeline { steps, evaluations } = timeline;
        let (gauge, guards) = (&policy.gauge, &policy.guards);
        let (step, time) = (call.step, call.time);
        let share = f64::from(step) / f64::from(steps);
        let warmup = guards.warmup(steps);
        let in_window = guards.in_window(step, time, timeline);
        let guard = if gauge.kind == GaugeKind::Always {
            Some(Reason::Always)
        } else if step < warmup {
            Some(Reason::Warmup)
        } else if guards.is_last(step, timeline) {
            Some(Reason::LastSteps)
        } else if !in_window {
            Some(Reason::Window)
        } else if guards.masked(step, call.lane, steps) {
            Some(Reason::Mask)
        } else {
            None
        };
        let sensitivity = |part| gauge.curve.part_at(part, 2, step, steps, time);
        let sensitivities = sensitivity(0).zip(sensitivity(1));
        let (of_signal, of_time) = sensitivities.unwrap_or((0.0, 0.0));
        let scheduled = gauge.kind == GaugeKind::Count && gauge.scheduled(step, steps);
        let protected = gauge.kind == GaugeKind::Curve
            && gauge.protect > 0
            && gauge.curve.index(step, steps) == Some(gauge.protect);
        let flags = [
            scheduled,
            protected,
            step >= warmup,
            in_window,
            step < guards.enhanced_steps,
            share < policy.site.boundary,
            step < warmup && step.saturating_add(3) >= warmup,
            sensitivities.is_some(),
        ];
        Self {
            step,
            evaluation: call.evaluation,
            lane: call.lane,
            number: step
                .saturating_mul(evaluations)
                .saturating_add(call.evaluation),
            guard: guard.map_or(NONE, |reason| reason as u32),
            flags: flags
                .iter()
                .rev()
                .fold(0, |bits, flag| bits << 1 | u32::from(*flag)),
            time,
            place: match policy.predictor.axis {
                Axis::Time => time,
                Axis::Step => f64::from(step) + f64::from(call.evaluation) / f64::from(evaluations),
            },
            share,
            gain: policy.predictor.gain_at(share),
            allowed: policy.verify.allowed(share),
            gamma: gauge.curve.at(step, steps, time).unwrap_or(1.0),
            of_signal,
            of_time,
            signal: f64::NAN,
            factor: f64::NAN,
            measured: f64::NAN,
            error: f64::NAN,
            pad: [0; 2],
        }
    }
}

/// What the decision kernel is told of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DecideParams {
    /// 1: measured values are those of the rows. 0: they are made of the sums.
    pub scripted: u32,
    /// Slots that computed features take turns in.
    pub ring: u32,
    /// Anchors that the predictor looks at.
    pub depth: u32,
    /// First step whose anchor it may look at.
    pub first: u32,
    /// Steps of the run.
    pub steps: u32,
    /// Calls of the run.
    pub calls: u32,
    /// Measured tensors.
    pub signals: u32,
    /// Pairs of sums of each.
    pub each: u32,
    /// Elements of one.
    pub signal_len: u32,
    /// First pair of the alignment, or [`NONE`].
    pub alignment: u32,
    /// First pair of the rate, or [`NONE`].
    pub rate: u32,
    /// First pair of the verified block, or [`NONE`].
    pub verify: u32,
    /// Elements of that block.
    pub verify_len: u32,
    /// Elements of the latents of all pictures.
    pub latents: u32,
    /// 1: the weights less those of the low band are wanted.
    pub band: u32,
    /// Zero.
    pub pad: u32,
}

impl DecideParams {
    /// For a scripted run: nothing is made of sums.
    #[must_use]
    pub fn scripted(policy: &Policy, timeline: Timeline) -> Self {
        let warmup = policy.guards.warmup(timeline.steps);
        Self {
            scripted: 1,
            ring: policy.anchors(),
            depth: policy.anchors(),
            first: match policy.predictor.kind {
                PredictorKind::Taylor | PredictorKind::Hermite => warmup.saturating_sub(1),
                _ => 0,
            },
            steps: timeline.steps,
            calls: timeline.calls(),
            signals: 0,
            each: 0,
            signal_len: 0,
            alignment: NONE,
            rate: NONE,
            verify: NONE,
            verify_len: 0,
            latents: 0,
            band: 0,
            pad: 0,
        }
    }
}

/// The bytes of a policy, as the decision kernel reads them.
#[must_use]
#[expect(unsafe_code, reason = "a policy is plain data without padding")]
pub fn policy_words(policy: &Policy) -> &[u32] {
    const { assert!(size_of::<Policy>().is_multiple_of(4) && align_of::<Policy>() >= 4) };
    // SAFETY: `Policy` is `repr(C)`, of numbers and of enums that are `repr(u32)`, and has no padding
    // (tests/capi/layout.rs holds its C form to that); so each of its words is initialised. The length
    // is its size, and the words live as long as it does.
    unsafe {
        core::slice::from_raw_parts(
            core::ptr::from_ref(policy).cast::<u32>(),
            size_of::<Policy>() / 4,
        )
    }
}
