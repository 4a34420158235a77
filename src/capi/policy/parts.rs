//! The parts of a policy.

use super::mirror::mirror;
use crate::capi::numbers::{
    refrain_budget_kind, refrain_comparator, refrain_curve_by, refrain_deviation, refrain_filter,
    refrain_gauge_kind, refrain_keep, refrain_level, refrain_metric, refrain_progress,
    refrain_reference, refrain_rescale, refrain_rounding, refrain_run_count, refrain_scale,
    refrain_schedule, refrain_signal, refrain_site_kind, refrain_split_kind, refrain_verify_kind,
    refrain_window,
};
use crate::policy::{
    Budget, Codebook, Curve, Gauge, Guards, MAX_CODEBOOK, MAX_CURVE, MAX_DEGREE, MAX_MASK, Site,
    Split, Verify,
};

/// Coefficients of a rescaling polynomial.
pub const REFRAIN_MAX_COEFFICIENTS: usize = 6;
/// Longest calibrated curve, in values.
pub const REFRAIN_MAX_CURVE: usize = 128;
/// Most entries of a codebook.
pub const REFRAIN_MAX_CODEBOOK: usize = 8;
/// Words of a step mask of 16384 bits.
pub const REFRAIN_MASK_WORDS: usize = 512;
const _: () = assert!(
    REFRAIN_MAX_COEFFICIENTS == MAX_DEGREE + 1
        && REFRAIN_MAX_CURVE == MAX_CURVE
        && REFRAIN_MAX_CODEBOOK == MAX_CODEBOOK
        && REFRAIN_MASK_WORDS * 32 == MAX_MASK
);

/// A calibrated curve, one value a step of the run it was calibrated on.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_curve {
    /// Values in use: 0 for none, at most REFRAIN_MAX_CURVE.
    pub len: u32,
    /// What it is indexed by.
    pub by: refrain_curve_by,
    /// With REFRAIN_CURVE_BY_TIME: time of the first value.
    pub start: f64,
    /// With REFRAIN_CURVE_BY_TIME: time of the last value.
    pub end: f64,
    /// The values; those beyond `len` are 0. Magnitude ratios are 0.01 to 100; by step, a run of
    /// another length takes the nearest.
    pub values: [f64; REFRAIN_MAX_CURVE],
}

/// Which interval follows a value measured at a computed call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_codebook {
    /// Entries in use: 0 for no codebook, at most REFRAIN_MAX_CODEBOOK.
    pub len: u32,
    /// Interval of each entry, 1 or more.
    pub intervals: [u32; REFRAIN_MAX_CODEBOOK],
    /// Zero.
    pub reserved: u32,
    /// An entry counts for values below its threshold, 0 to 1e6; thresholds rise.
    pub thresholds: [f64; REFRAIN_MAX_CODEBOOK],
}

/// What is measured or counted, and how it is rescaled.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_gauge {
    /// Where the cost of skipping a call comes from.
    pub kind: refrain_gauge_kind,
    /// With REFRAIN_GAUGE_KIND_SIGNAL and _LATE: what the host measures.
    pub signal: refrain_signal,
    /// With a signal: how a tensor's change becomes a number.
    pub metric: refrain_metric,
    /// With a signal: what it is compared with.
    pub reference: refrain_reference,
    /// With a signal: what it goes through before.
    pub filter: refrain_filter,
    /// With a signal: how the measured value becomes a cost.
    pub rescale: refrain_rescale,
    /// With REFRAIN_GAUGE_KIND_COUNT: which calls are computed.
    pub schedule: refrain_schedule,
    /// With REFRAIN_GAUGE_KIND_COUNT and _LATE: the interval between computed calls, 1 to 1e6. Else
    /// 1.
    pub interval: u32,
    /// With REFRAIN_SCHEDULE_FIRST: step at which the pattern starts. Else 0.
    pub offset: u32,
    /// With REFRAIN_SCHEDULE_SCM: how much it skips.
    pub level: refrain_level,
    /// With REFRAIN_GAUGE_KIND_CURVE: how a product of ratios becomes a cost.
    pub deviation: refrain_deviation,
    /// With REFRAIN_GAUGE_KIND_CURVE: index of a value whose steps are always computed; 0 for none.
    pub protect: u32,
    /// With a filter: factor of REFRAIN_FILTER_DOWNSAMPLE, share of the radius of _LOW_PASS,
    /// exponent of _SEA. Else 0.
    pub filter_size: f64,
    /// With REFRAIN_SCHEDULE_QUADRATIC: step around which computed calls are densest. Else 0.
    pub center: f64,
    /// With REFRAIN_SCHEDULE_SINCE: what the interval grows by with every computed call behind the
    /// warm-up, 0 to 1e6.
    pub growth: f64,
    /// With a polynomial: the signal counts as no smaller than this, 0 to 1e9.
    pub domain_min: f64,
    /// With a polynomial: the signal counts as no larger than this; else 1e9.
    pub domain_max: f64,
    /// With REFRAIN_GAUGE_KIND_SIGNAL: a call costs 1 + run_factor times as much for every skip
    /// before it in its run, 0 to 1e6.
    pub run_factor: f64,
    /// With a polynomial: coefficients from -1e9 to 1e9, highest degree first, ending in the
    /// constant; a polynomial of lower degree has leading zeros.
    pub coefficients: [f64; REFRAIN_MAX_COEFFICIENTS],
    /// With REFRAIN_GAUGE_KIND_LATE: which interval follows a value.
    pub codebook: refrain_codebook,
    /// With REFRAIN_GAUGE_KIND_CURVE: magnitude ratios. With REFRAIN_RESCALE_SENSITIVITY: Jx, then
    /// Jt. With REFRAIN_PREDICTOR_KIND_TABLE: its weights, order + 1 a step.
    pub curve: refrain_curve,
}

/// How much cost may be spent before a call is computed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_budget {
    /// How costs add up.
    pub kind: refrain_budget_kind,
    /// Whether a skip must stay below the threshold or may reach it. Key `compare`.
    pub comparator: refrain_comparator,
    /// What the threshold is a multiple of.
    pub scale: refrain_scale,
    /// What the phases of the threshold are a share of.
    pub progress: refrain_progress,
    /// Cost allowed, in units of the gauge and its scale, 0 to 1e6. Larger skips more. With
    /// REFRAIN_COMPARATOR_BELOW, 0 computes every call.
    pub threshold: f64,
    /// With REFRAIN_BUDGET_KIND_LEAKY: share of the amount spent that is left at the next call, 0
    /// to 1; smaller skips more. Else 1.
    pub decay: f64,
    /// What the threshold is multiplied by before `early_until`, 0 to 100.
    pub early_factor: f64,
    /// Share of the run before which `early_factor` counts, 0 to 1.
    pub early_until: f64,
    /// What the threshold is multiplied by after `late_from`, 0 to 100.
    pub late_factor: f64,
    /// Share of the run after which `late_factor` counts, 0 to 1.
    pub late_from: f64,
    /// Largest cost of a single call, 0 for no limit.
    pub max_cost: f64,
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
    /// First steps that are always computed, 0 to 2^30. Larger is safer. Key `warmup`.
    pub max_warmup_steps: u32,
    /// Last steps that are always computed, 0 to 2^30. 1 unless a policy says otherwise: a skipped
    /// last step leaves visible noise. Key `last`.
    pub last_steps: u32,
    /// Longest run of skipped calls, 0 for no limit. Key `max_run`.
    pub max_continuous_cached_steps: u32,
    /// How that run is counted.
    pub run_count: refrain_run_count,
    /// Skipped calls of a whole run, 0 for no limit. Key `max_total`.
    pub max_cached_steps: u32,
    /// First steps in which no two calls in a row are skipped, 0 to 2^30. Key `enhance`.
    pub enhanced_steps: u32,
    /// How `warmup_fraction` becomes whole steps.
    pub rounding: refrain_rounding,
    /// What the window is given in.
    pub window: refrain_window,
    /// Share of the steps, 0 to 1, that is always computed at the start; the longer of this and
    /// `max_warmup_steps` counts. Key `retention`.
    pub warmup_fraction: f64,
    /// Skips are allowed from here: a share of the steps, a step or a time. Key `start`.
    pub window_start: f64,
    /// Skips are allowed up to, and without, this. Key `end`.
    pub window_end: f64,
    /// Signals of the whole run that may add up before every call is computed, 0 for no limit.
    pub max_spent: f64,
    /// Bits in `mask`: 0 for no mask, else the steps of the run times its columns, at most 16384.
    pub mask_len: u32,
    /// Zero.
    pub reserved: u32,
    /// One bit a step and column, lowest bit of the first word first, the columns of a step next to
    /// each other; lane n follows column n modulo the columns. 1 is always computed, 0 is left to
    /// the gauge. Bits beyond `mask_len` are 0.
    pub mask: [u32; REFRAIN_MASK_WORDS],
}

/// Parts of a feature with weights of their own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_split {
    /// Which parts.
    pub kind: refrain_split_kind,
    /// Zero.
    pub reserved: u32,
    /// With REFRAIN_SPLIT_KIND_BAND: share of the radius of the spectrum that is the low band, 0 to
    /// 1. Else 0.
    pub band: f64,
    /// With REFRAIN_SITE_KIND_BRANCH too: what the low band gains before the boundary and the high
    /// band after it, as a share, 0 to 10. Else 0.
    pub boost: f64,
}

/// Checking a forecast: an error above max(tolerance * decay^progress, floor) rejects it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_verify {
    /// What happens when a forecast is found to be wrong.
    pub kind: refrain_verify_kind,
    /// First skip of a run that is verified, counted from 1.
    pub from: u32,
    /// Error allowed at the start of the run, 0 to 1e6. Larger skips more.
    pub tolerance: f64,
    /// What is left of it at the end, as a factor, 1e-9 to 1. Else 1.
    pub decay: f64,
    /// What it never falls below, 0 to 1e6.
    pub floor: f64,
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
    /// What is kept of it. Modules and a branch leave no choice: REFRAIN_KEEP_RESIDUAL stands here.
    pub keep: refrain_keep,
    /// With REFRAIN_SITE_KIND_FRONT, _REAR and _STAGE: share of the blocks that is left out, 0 to
    /// 1. Else 0.5.
    pub share: f64,
    /// With REFRAIN_SITE_KIND_STAGE, and a branch in bands: share of the steps at which the stage
    /// changes, 0 to 1. Else 0.5.
    pub boundary: f64,
}

mirror!(refrain_curve = Curve as "gauge.curve." {
    enums: by;
    plain: len, start, end, values;
});
mirror!(refrain_codebook = Codebook as "gauge.codebook." {
    plain: len, intervals, reserved, thresholds;
});
mirror!(refrain_gauge = Gauge as "gauge." {
    enums: kind, signal, metric, reference, filter, rescale, schedule, level, deviation;
    plain:
        interval, offset, protect, filter_size, center, growth, domain_min, domain_max, run_factor,
        coefficients;
    nested: codebook: refrain_codebook, curve: refrain_curve;
});
mirror!(refrain_budget = Budget as "budget." {
    enums: kind, comparator, scale, progress;
    plain:
        threshold, decay, early_factor, early_until, late_factor, late_from, max_cost, reset,
        reserved;
});
mirror!(refrain_guards = Guards as "guards." {
    enums: run_count, rounding, window;
    plain:
        max_warmup_steps, last_steps, max_continuous_cached_steps, max_cached_steps,
        enhanced_steps, warmup_fraction, window_start, window_end, max_spent, mask_len, reserved,
        mask;
});
mirror!(refrain_split = Split as "split." {
    enums: kind;
    plain: reserved, band, boost;
});
mirror!(refrain_verify = Verify as "verify." {
    enums: kind;
    plain: from, tolerance, decay, floor;
});
mirror!(refrain_site = Site as "site." {
    enums: kind, keep;
    plain: front, back, share, boundary;
});
