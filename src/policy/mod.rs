//! A policy is plain data made of few parts: gauge, budget, guards, predictor, site.
//!
//! Every published method is a composition of these parts ([`Family`] names the presets). A policy
//! has one text form, `family:key=value,…`, that is used everywhere; see [`Policy::parse`].

mod budget;
mod check;
mod family;
mod gauge;
mod guards;
mod keys;
mod parse;
mod print;
mod site;
pub mod tables;

pub use budget::{Budget, BudgetKind, Comparator};
pub use check::PolicyError;
pub use family::{Family, Preset};
pub use gauge::{Curve, Gauge, GaugeKind, MAX_CURVE, MAX_DEGREE, Rescale};
pub use guards::{Guards, MAX_MASK};
pub use keys::{KEYS, Key};
pub use parse::ParseError;
pub use site::{Site, SiteKind};

use crate::predict::Predictor;

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

crate::text::named!(Pool, "pool", {
    Alone => "alone",
    Any => "any",
    All => "all",
    Mean => "mean",
});
use crate::text::Named;

/// When to skip, what to keep, and how to fill in for what was skipped.
///
/// Plain data without pointers: the same bytes configure the Rust scheduler and a C caller.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// Size of the struct in bytes as its writer knew it; what C callers are recognised by.
    pub struct_size: u32,
    /// The preset it came from: what the text form starts with.
    pub family: Family,
    /// What is measured or counted.
    pub gauge: Gauge,
    /// How much of it may be spent before a call is computed.
    pub budget: Budget,
    /// When a call is computed regardless.
    pub guards: Guards,
    /// What stands in for a skipped call.
    pub predictor: Predictor,
    /// What part of the network is skipped.
    pub site: Site,
    /// How lanes decide.
    pub pool: Pool,
    /// Zero.
    pub reserved: u32,
}
