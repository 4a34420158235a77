//! temporary

use super::{Evidence, Family, Method, Preset};
use crate::policy::{BudgetKind, Comparator, GaugeKind, Policy, Rescale, Schedule, Site};
use crate::predict::{Predictor, PredictorKind};
use crate::signal::{Metric, Reference, SignalKind};

pub(super) static FULL: Preset = Preset {
    method: Method::Full,
    family: Family::Basic,
    evidence: Evidence::Code,
    summary: "every call is computed",
    rule: "compute",
    avoid: "it saves nothing: it is what the others are compared with",
    unsupported: "",
    headline: "",
    citation: "none",
    needs_calibration: false,
    policy: Policy::NEUTRAL,
};

pub(super) static INTERVAL: Preset = Preset {
    method: Method::Interval,
    family: Family::Basic,
    evidence: Evidence::Code,
    summary: "one call in `interval` is computed, counted from the last computed one",
    rule: "compute iff calls since the last computed one = interval",
    avoid: "where some steps matter more than others: use mask or a measured policy",
    unsupported: "",
    headline: "",
    citation: "the static schedule of FORA (arXiv 2407.01425) and TaylorSeer (arXiv 2503.06923)",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.method = Method::Interval;
        policy.gauge.kind = GaugeKind::Count;
        policy.gauge.interval = 2;
        policy.guards.max_warmup_steps = 1;
        policy
    },
};

pub(super) static MASK: Preset = Preset {
    method: Method::Mask,
    family: Family::Basic,
    evidence: Evidence::Code,
    summary: "an explicit mask, one character a step: 1 is computed, 0 is skipped",
    rule: "compute iff mask[step] = 1",
    avoid: "where the number of steps varies: the mask must have as many",
    unsupported: "",
    headline: "",
    citation: "the step masks of cache-dit; the common form of searched schedules",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.method = Method::Mask;
        policy.gauge.kind = GaugeKind::Free;
        policy
    },
};

/// d = mean|m − m_prev| / mean|m_prev| of the first block's modulated input; the first and the last
/// step are computed. The published polynomials may be negative, which lowers the sum, as in the
/// official code.
pub(super) static TEACACHE: Preset = Preset {
    method: Method::TeaCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "accumulated relative change of the first block's modulated input",
    rule: "spent += p(d); skip iff spent < threshold; a computed call sets spent to 0",
    avoid: "below about 10 steps, and with a polynomial fitted to another model or sampler",
    unsupported: "",
    headline: "",
    citation: "Liu et al., Timestep Embedding Tells: It's Time to Cache for Video Diffusion Model, \
               CVPR 2025 (arXiv 2411.19108)",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.method = Method::TeaCache;
        policy.gauge.kind = GaugeKind::Signal;
        policy.gauge.signal = SignalKind::ModulatedInput;
        policy.gauge.reference = Reference::Previous;
        policy.budget.threshold = 0.1;
        policy.guards.max_warmup_steps = 1;
        policy
    },
};

/// r = what the front blocks added to their input; d = mean|r_anchor − r| / mean|r_anchor| against
/// the last computed call. As in ParaAttention, equality computes. The official rule protects no
/// last step (`last=0`).
pub(super) static FBCACHE: Preset = Preset {
    method: Method::FbCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "relative change of what the first block adds, against the last computed call",
    rule: "skip iff d < threshold",
    avoid: "on shallow models: the first block runs on every call; and on distilled few-step models",
    unsupported: "",
    headline: "",
    citation: "First Block Cache, ParaAttention (C. Zeyi, 2024); DBCache in cache-dit",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.method = Method::FbCache;
        policy.gauge.kind = GaugeKind::Signal;
        policy.gauge.signal = SignalKind::FrontResidual;
        policy.gauge.reference = Reference::Computed;
        policy.budget.kind = BudgetKind::Instant;
        policy.budget.threshold = 0.08;
        policy.guards.max_warmup_steps = 1;
        policy.site = Site::range(1, 0);
        policy
    },
};

/// k = mean|v_c − v_c'| / mean|x_c − x_c'| over the two latest computed calls; the cost of a skip is
/// k · mean|x − x_prev| / mean|v_c|. The host hands in k / mean|v_c| with each computed call.
pub(super) static EASYCACHE: Preset = Preset {
    method: Method::EasyCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "accumulated input change times the rate at which the network passes it on",
    rule: "spent += rate · mean|x − x_prev|; skip iff spent < threshold",
    avoid: "with samplers that add noise, and where input and output have different channels",
    unsupported: "",
    headline: "",
    citation: "Zhou et al., Less is Enough: Training-Free Video Diffusion Acceleration via \
               Runtime-Adaptive Caching, 2025 (arXiv 2507.02860)",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.method = Method::EasyCache;
        policy.gauge.kind = GaugeKind::Signal;
        policy.gauge.signal = SignalKind::ModelInput;
        policy.gauge.metric = Metric::MeanAbsolute;
        policy.gauge.reference = Reference::Previous;
        policy.gauge.rescale = Rescale::Rate;
        policy.budget.threshold = 0.05;
        policy.guards.max_warmup_steps = 5;
        policy.site = Site::MODEL;
        policy
    },
};

/// Before the retention steps nothing accumulates; a computed call restarts the product at 1. As in
/// the official FLUX code, `≤` allows a skip. The official rule protects no last step (`last=0`).
pub(super) static MAGCACHE: Preset = Preset {
    method: Method::MagCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "calibrated ratios of the residual's magnitude from step to step",
    rule: "ratio *= curve[step]; spent += |1 − ratio|; skip iff spent ≤ threshold and run ≤ max_run",
    avoid: "with another model, sampler or time shift than the curve was calibrated on",
    unsupported: "",
    headline: "",
    citation: "Ma et al., MagCache: Fast Video Generation with Magnitude-Aware Cache, \
               NeurIPS 2025 (arXiv 2506.09045)",
    needs_calibration: true,
    policy: {
        let mut policy = Policy::BASE;
        policy.method = Method::MagCache;
        policy.gauge.kind = GaugeKind::Curve;
        policy.budget.comparator = Comparator::AtMost;
        policy.budget.threshold = 0.06;
        policy.guards.max_warmup_steps = 1;
        policy.guards.warmup_fraction = 0.2;
        policy.guards.max_continuous_cached_steps = 3;
        policy
    },
};

/// The schedule of the official code: the first `warmup` steps, then every `interval`-th. Features
/// are forecast from the warm-up's last two steps on, as there.
pub(super) static TAYLORSEER: Preset = Preset {
    method: Method::TaylorSeer,
    family: Family::Predictive,
    evidence: Evidence::Code,
    summary: "one call in `interval` is computed; TaylorSeer's forecast fills in between",
    rule: "compute iff calls since the last computed one = interval; else Σ Dᵢ xⁱ / i!",
    avoid: "at few steps with high order: an interval near a tenth of the steps diverges",
    unsupported: "",
    headline: "",
    citation: "Liu et al., From Reusing to Forecasting: Accelerating Diffusion Models with \
               TaylorSeers, ICCV 2025 (arXiv 2503.06923)",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.method = Method::TaylorSeer;
        policy.gauge.kind = GaugeKind::Count;
        policy.gauge.interval = 4;
        policy.guards.max_warmup_steps = 3;
        policy.predictor = Predictor::new(PredictorKind::Taylor, 1);
        policy
    },
};
