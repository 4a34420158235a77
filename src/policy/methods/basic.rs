//! What methods are compared with and made of.

use super::{Evidence, Family, Method, Preset, counted, free};
use crate::policy::{Policy, Schedule};

/// None: no method.
///
/// Nothing is skipped.
pub(super) static FULL: Preset = Preset {
    method: Method::Full,
    family: Family::Basic,
    evidence: Evidence::Code,
    summary: "every call is computed",
    rule: "compute",
    avoid: "it saves nothing: it is what the others are compared with",
    unsupported: "",
    citation: "none: no method",
    headline: "",
    needs_calibration: false,
    policy: || Policy::NEUTRAL,
};

/// The static schedule of FORA (arXiv 2407.01425) and TaylorSeer (arXiv 2503.06923).
///
/// The common form of fixed schedules, with what was computed last held in between.
pub(super) static INTERVAL: Preset = Preset {
    method: Method::Interval,
    family: Family::Basic,
    evidence: Evidence::Code,
    summary: "one call in `interval` is computed, counted from the last computed one",
    rule: "compute iff calls since the last computed one = interval",
    avoid: "where some steps matter more than others: use mask or a measured policy",
    unsupported: "",
    citation: "the static schedule of FORA (arXiv 2407.01425) and TaylorSeer (arXiv 2503.06923)",
    headline: "",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::Interval, Schedule::Since, 2);
        policy.guards.max_warmup_steps = 1;
        policy
    },
};

/// The step masks of cache-dit; the common form of searched schedules.
///
/// What calibration, search and training come down to at run time.
pub(super) static MASK: Preset = Preset {
    method: Method::Mask,
    family: Family::Basic,
    evidence: Evidence::Code,
    summary: "an explicit mask, one character a step: 1 is computed, 0 is skipped",
    rule: "compute iff mask[step] = 1",
    avoid: "where the number of steps varies: the mask must have as many",
    unsupported: "",
    citation: "the step masks of cache-dit; the common form of searched schedules",
    headline: "",
    needs_calibration: false,
    policy: || free(Method::Mask),
};
