//! A policy is plain data made of few parts: gauge, budget, guards, predictor, site.
//!
//! Every published method is a composition of these parts ([`methods`] has them, one section each). A
//! policy has one text form, `method:key=value,…`, that is used everywhere; see [`Policy::parse`].

mod budget;
mod check;
mod gauge;
mod guards;
mod keys;
pub mod methods;
mod parse;
mod place;
mod print;
pub mod schedule;
mod site;
mod split;
pub mod table_file;
pub mod tables;
mod verify;

pub use budget::{Budget, BudgetKind, Comparator, Progress, Scale};
pub use check::PolicyError;
pub use gauge::{
    Codebook, Curve, CurveBy, Deviation, Gauge, GaugeKind, MAX_CODEBOOK, MAX_CURVE, MAX_DEGREE,
    Rescale,
};
pub use guards::{Guards, MAX_MASK, Rounding, RunCount, Window};
pub use keys::{KEYS, Key};
pub use methods::{Method, Preset};
pub use parse::ParseError;
pub use place::{At, Place, Unit};
pub use schedule::{Level, Schedule};
pub use site::{Keep, Site, SiteKind};
pub use split::{Split, SplitKind};
pub use table_file::{FIELDS as TABLE_FIELDS, HEADER as TABLE_HEADER, TableError, TableFile};
pub use verify::{Verify, VerifyKind};

use crate::predict::{Predictor, PredictorKind};
use crate::signal::{Filter, Metric, Reference, SignalKind};
use crate::text::{Named, named};

/// How lanes decide.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Each lane for itself.
    Alone = 0,
    /// One decision for all lanes: computed if any lane wants it computed.
    Any = 1,
    /// One decision for all lanes: computed only if every lane wants it computed.
    All = 2,
    /// One decision for all lanes, from the mean of their signals.
    Mean = 3,
}

named!(Pool, "pool", {
    Alone => "alone",
    Any => "any",
    All => "all",
    Mean => "mean",
});

/// What a computed call is to be committed with.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Nothing.
    Nothing = 0,
    /// Its transformation rate (EasyCache), one per lane that decides:
    /// `mean|v − v'| / mean|x − x'| / mean|v|` over this and the computed call before.
    Rate = 1,
    /// The signal of a late gauge, one value per lane that decides.
    Signal = 2,
    /// Inner products of the newly kept feature with every kept feature, itself first, then from
    /// newest to oldest, at most six (DMD).
    Products = 3,
}

named!(Wants, "wants", {
    Nothing => "nothing",
    Rate => "rate",
    Signal => "signal",
    Products => "products",
});

/// When to skip, what to keep, and how to fill in for what was skipped.
///
/// Plain data without pointers: the same bytes configure the Rust scheduler and a C caller.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// Size of the struct in bytes as its writer knew it; what C callers are recognised by.
    pub struct_size: u32,
    /// The preset it came from: what the text form starts with.
    pub method: Method,
    /// What is measured or counted.
    pub gauge: Gauge,
    /// How much of it may be spent before a call is computed.
    pub budget: Budget,
    /// What stands in for a skipped call.
    pub predictor: Predictor,
    /// Which parts of a feature have weights of their own.
    pub split: Split,
    /// Whether a forecast is checked.
    pub verify: Verify,
    /// What part of the network is skipped.
    pub site: Site,
    /// How lanes decide.
    pub pool: Pool,
    /// Zero.
    pub reserved: u32,
    /// When a call is computed regardless.
    pub guards: Guards,
}

impl Policy {
    /// Every field at the value that has no effect; every call is computed.
    pub const NEUTRAL: Self = Self {
        struct_size: size_of::<Self>() as u32,
        method: Method::Full,
        gauge: Gauge {
            kind: GaugeKind::Always,
            signal: SignalKind::ModulatedInput,
            metric: Metric::RelativeL1,
            reference: Reference::Previous,
            filter: Filter::None,
            rescale: Rescale::Identity,
            schedule: Schedule::Since,
            interval: 1,
            offset: 0,
            level: Level::Slow,
            deviation: Deviation::Absolute,
            protect: 0,
            filter_size: 0.0,
            center: 0.0,
            growth: 0.0,
            domain_min: 0.0,
            domain_max: 1e9,
            run_factor: 0.0,
            coefficients: [0.0; MAX_DEGREE + 1],
            codebook: Codebook::EMPTY,
            curve: Curve::EMPTY,
        },
        budget: Budget {
            kind: BudgetKind::Sum,
            comparator: Comparator::Below,
            scale: Scale::Constant,
            progress: Progress::Step,
            threshold: 0.0,
            decay: 1.0,
            early_factor: 1.0,
            early_until: 0.0,
            late_factor: 1.0,
            late_from: 1.0,
            max_cost: 0.0,
            reset: 1,
            reserved: 0,
        },
        predictor: Predictor::HOLD,
        split: Split::NONE,
        verify: Verify::NONE,
        site: Site::TRUNK,
        pool: Pool::Alone,
        reserved: 0,
        guards: Guards {
            max_warmup_steps: 0,
            last_steps: 0,
            max_continuous_cached_steps: 0,
            run_count: RunCount::Consecutive,
            max_cached_steps: 0,
            enhanced_steps: 0,
            rounding: Rounding::Nearest,
            window: Window::Share,
            warmup_fraction: 0.0,
            window_start: 0.0,
            window_end: 1.0,
            max_spent: 0.0,
            mask_len: 0,
            reserved: 0,
            mask: [0; MAX_MASK / 32],
        },
    };

    /// What most presets share: the last step is computed.
    const BASE: Self = {
        let mut base = Self::NEUTRAL;
        base.guards.last_steps = 1;
        base
    };

    /// What a computed call should be committed with, as `Outcome::Measured`.
    #[must_use]
    pub const fn wants(&self) -> Wants {
        let skips = !matches!(self.gauge.kind, GaugeKind::Always);
        if matches!(self.gauge.kind, GaugeKind::Late) {
            Wants::Signal
        } else if matches!(self.gauge.kind, GaugeKind::Signal)
            && matches!(self.gauge.rescale, Rescale::Rate)
        {
            Wants::Rate
        } else if skips && matches!(self.predictor.kind, PredictorKind::Dmd) {
            Wants::Products
        } else {
            Wants::Nothing
        }
    }
}
