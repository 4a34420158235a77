//! The presets: published methods as compositions of the parts.

use super::{
    Budget, BudgetKind, Comparator, Curve, Gauge, GaugeKind, Guards, MAX_DEGREE, MAX_MASK, Policy,
    Pool, Rescale, Site,
};
use crate::predict::{Predictor, PredictorKind};
use crate::signal::{Reference, SignalKind};
use crate::text::{Named, named};

/// The preset a policy starts from: the first word of its text form.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Every call is computed.
    Full = 0,
    /// One call in `interval` is computed.
    Interval = 1,
    /// An explicit step mask.
    Mask = 2,
    /// Accumulated relative change of the modulated input.
    TeaCache = 3,
    /// Relative change of the first block's residual.
    FbCache = 4,
    /// Input change times the runtime transformation rate.
    EasyCache = 5,
    /// Calibrated magnitude ratios.
    MagCache = 6,
    /// Interval with TaylorSeer's forecast.
    TaylorSeer = 7,
}

named!(Family, "policy", {
    Full => "full",
    Interval => "interval",
    Mask => "mask",
    TeaCache => "teacache",
    FbCache => "fbcache",
    EasyCache => "easycache",
    MagCache => "magcache",
    TaylorSeer => "taylorseer",
});

/// A family's defaults and where they are from.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Which one.
    pub family: Family,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The rule, as a formula.
    pub rule: &'static str,
    /// When another policy is the better choice.
    pub avoid: &'static str,
    /// Where it was published.
    pub citation: &'static str,
    /// Whether it needs a table made for the model.
    pub needs_calibration: bool,
    /// The defaults.
    pub policy: Policy,
}

impl Family {
    /// Defaults and citation.
    #[must_use]
    pub fn preset(self) -> &'static Preset {
        match self {
            Self::Full => &FULL,
            Self::Interval => &INTERVAL,
            Self::Mask => &MASK,
            Self::TeaCache => &TEACACHE,
            Self::FbCache => &FBCACHE,
            Self::EasyCache => &EASYCACHE,
            Self::MagCache => &MAGCACHE,
            Self::TaylorSeer => &TAYLORSEER,
        }
    }

    /// What the text form starts from: the preset, and with any of them the last step is computed
    /// unless the text says otherwise, so also in `full:gauge=signal`.
    pub(super) fn defaults(self) -> Policy {
        let mut policy = self.preset().policy;
        policy.guards.last_steps = Policy::BASE.guards.last_steps;
        policy
    }
}

impl Policy {
    /// Every field at the value that has no effect; every call is computed.
    pub const NEUTRAL: Self = Self {
        struct_size: size_of::<Self>() as u32,
        family: Family::Full,
        gauge: Gauge {
            kind: GaugeKind::Always,
            signal: SignalKind::ModulatedInput,
            reference: Reference::Previous,
            rescale: Rescale::Identity,
            coefficients: [0.0; MAX_DEGREE + 1],
            curve: Curve::EMPTY,
        },
        budget: Budget {
            kind: BudgetKind::Sum,
            comparator: Comparator::Below,
            threshold: 0.0,
            decay: 1.0,
            reset: 1,
            reserved: 0,
        },
        guards: Guards {
            max_warmup_steps: 0,
            last_steps: 0,
            max_continuous_cached_steps: 0,
            max_cached_steps: 0,
            mask_len: 0,
            reserved: 0,
            warmup_fraction: 0.0,
            window_start: 0.0,
            window_end: 1.0,
            mask: [0; MAX_MASK / 32],
        },
        predictor: Predictor::HOLD,
        site: Site::TRUNK,
        pool: Pool::Alone,
        reserved: 0,
    };

    /// What most presets share: the last step is computed.
    const BASE: Self = {
        let mut base = Self::NEUTRAL;
        base.guards.last_steps = 1;
        base
    };
}

static FULL: Preset = Preset {
    family: Family::Full,
    summary: "every call is computed",
    rule: "compute",
    avoid: "it saves nothing: it is what the others are compared with",
    citation: "none",
    needs_calibration: false,
    policy: Policy::NEUTRAL,
};

static INTERVAL: Preset = Preset {
    family: Family::Interval,
    summary: "one call in `interval` is computed, counted from the last computed one",
    rule: "compute iff calls since the last computed one = interval",
    avoid: "where some steps matter more than others: use mask or a measured policy",
    citation: "the static schedule of FORA (arXiv 2407.01425) and TaylorSeer (arXiv 2503.06923)",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.family = Family::Interval;
        policy.gauge.kind = GaugeKind::Count;
        policy.budget.threshold = 2.0;
        policy.guards.max_warmup_steps = 1;
        policy
    },
};

static MASK: Preset = Preset {
    family: Family::Mask,
    summary: "an explicit mask, one character a step: 1 is computed, 0 is skipped",
    rule: "compute iff mask[step] = 1",
    avoid: "where the number of steps varies: the mask must have as many",
    citation: "the step masks of cache-dit; the common form of searched schedules",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.family = Family::Mask;
        policy.gauge.kind = GaugeKind::Free;
        policy
    },
};

/// d = mean|m − m_prev| / mean|m_prev| of the first block's modulated input; the first and the last
/// step are computed. The published polynomials may be negative, which lowers the sum, as in the
/// official code.
static TEACACHE: Preset = Preset {
    family: Family::TeaCache,
    summary: "accumulated relative change of the first block's modulated input",
    rule: "spent += p(d); skip iff spent < threshold; a computed call sets spent to 0",
    avoid: "below about 10 steps, and with a polynomial fitted to another model or sampler",
    citation: "Liu et al., Timestep Embedding Tells: It's Time to Cache for Video Diffusion Model, \
               CVPR 2025 (arXiv 2411.19108)",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.family = Family::TeaCache;
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
static FBCACHE: Preset = Preset {
    family: Family::FbCache,
    summary: "relative change of what the first block adds, against the last computed call",
    rule: "skip iff d < threshold",
    avoid: "on shallow models: the first block runs on every call; and on distilled few-step models",
    citation: "First Block Cache, ParaAttention (C. Zeyi, 2024); DBCache in cache-dit",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.family = Family::FbCache;
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
static EASYCACHE: Preset = Preset {
    family: Family::EasyCache,
    summary: "accumulated input change times the rate at which the network passes it on",
    rule: "spent += rate · mean|x − x_prev|; skip iff spent < threshold",
    avoid: "with samplers that add noise, and where input and output have different channels",
    citation: "Zhou et al., Less is Enough: Training-Free Video Diffusion Acceleration via \
               Runtime-Adaptive Caching, 2025 (arXiv 2507.02860)",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.family = Family::EasyCache;
        policy.gauge.kind = GaugeKind::Signal;
        policy.gauge.signal = SignalKind::ModelInput;
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
static MAGCACHE: Preset = Preset {
    family: Family::MagCache,
    summary: "calibrated ratios of the residual's magnitude from step to step",
    rule: "ratio *= curve[step]; spent += |1 − ratio|; skip iff spent ≤ threshold and run ≤ max_run",
    avoid: "with another model, sampler or time shift than the curve was calibrated on",
    citation: "Ma et al., MagCache: Fast Video Generation with Magnitude-Aware Cache, \
               NeurIPS 2025 (arXiv 2506.09045)",
    needs_calibration: true,
    policy: {
        let mut policy = Policy::BASE;
        policy.family = Family::MagCache;
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
static TAYLORSEER: Preset = Preset {
    family: Family::TaylorSeer,
    summary: "one call in `interval` is computed; TaylorSeer's forecast fills in between",
    rule: "compute iff calls since the last computed one = interval; else Σ Dᵢ xⁱ / i!",
    avoid: "at few steps with high order: an interval near a tenth of the steps diverges",
    citation: "Liu et al., From Reusing to Forecasting: Accelerating Diffusion Models with \
               TaylorSeers, ICCV 2025 (arXiv 2503.06923)",
    needs_calibration: false,
    policy: {
        let mut policy = Policy::BASE;
        policy.family = Family::TaylorSeer;
        policy.gauge.kind = GaugeKind::Count;
        policy.budget.threshold = 4.0;
        policy.guards.max_warmup_steps = 3;
        policy.predictor = Predictor::new(PredictorKind::Taylor, 1);
        policy
    },
};
