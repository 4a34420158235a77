//! The published methods as compositions of a policy's parts, one section each.

mod basic;

use super::{
    Budget, BudgetKind, Comparator, Curve, Gauge, GaugeKind, Guards, MAX_DEGREE, MAX_MASK, Policy,
    Pool, Rescale, Site,
};
use crate::text::{Named, named};

/// Where the survey of the field (arXiv 2510.19755) would put a method.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// No method: what the others are compared with or made of.
    Basic = 0,
    /// A fixed schedule.
    Static = 1,
    /// A fixed schedule or table, made for one model by calibration, search or training.
    Calibrated = 2,
    /// Decides step by step.
    TimestepAdaptive = 3,
    /// Decides block by block, or from what the blocks show.
    LayerAdaptive = 4,
    /// Forecasts what it skips.
    Predictive = 5,
    /// Several of these.
    Hybrid = 6,
}

named!(Family, "family", {
    Basic => "basic",
    Static => "static",
    Calibrated => "calibrated",
    TimestepAdaptive => "timestep-adaptive",
    LayerAdaptive => "layer-adaptive",
    Predictive => "predictive",
    Hybrid => "hybrid",
});

/// How well a method is known here.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The official code was read.
    Code = 0,
    /// The paper was read.
    Paper = 1,
    /// Only summaries, or third-party code, were read.
    Notes = 2,
}

named!(Evidence, "evidence", {
    Code => "code",
    Paper => "paper",
    Notes => "notes",
});

/// A method's defaults and where they are from.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Which one.
    pub method: Method,
    /// Where it belongs.
    pub family: Family,
    /// How well it is known here.
    pub evidence: Evidence,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The rule, as a formula.
    pub rule: &'static str,
    /// When another policy is the better choice.
    pub avoid: &'static str,
    /// What of the method is not here, and what was decided where sources disagree.
    pub unsupported: &'static str,
    /// Where it was published.
    pub citation: &'static str,
    /// What its authors report.
    pub headline: &'static str,
    /// Whether it needs a table made for the model.
    pub needs_calibration: bool,
    /// The defaults.
    pub policy: Policy,
}

/// The preset a policy starts from: the first word of its text form.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
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

/// Gives the methods, by number, their names and presets.
macro_rules! presets {
    ($($variant:ident = $name:literal in $module:ident :: $preset:ident),+ $(,)?) => {
        named!(Method, "policy", { $($variant => $name),+ });

        impl Method {
            /// Defaults and citation.
            #[must_use]
            pub const fn preset(self) -> &'static Preset {
                match self {
                    $(Self::$variant => &$module::$preset),+
                }
            }
        }
    };
}

presets! {
    Full = "full" in basic::FULL,
    Interval = "interval" in basic::INTERVAL,
    Mask = "mask" in basic::MASK,
    TeaCache = "teacache" in basic::TEACACHE,
    FbCache = "fbcache" in basic::FBCACHE,
    EasyCache = "easycache" in basic::EASYCACHE,
    MagCache = "magcache" in basic::MAGCACHE,
    TaylorSeer = "taylorseer" in basic::TAYLORSEER,
}

impl Method {
    /// What the text form starts from: the preset, and with any of them the last step is computed
    /// unless the text says otherwise, so also in `full:gauge=signal`.
    pub(super) fn defaults(self) -> Policy {
        let mut policy = self.preset().policy;
        if matches!(self, Self::Full) {
            policy.guards.last_steps = Policy::BASE.guards.last_steps;
        }
        policy
    }
}
