//! How much cost may be spent before a call is computed.

use crate::text::{Named, named};

/// How the costs of consecutive calls add up.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetKind {
    /// They add up since the last computed call.
    Sum = 0,
    /// Each call's cost counts alone.
    Instant = 1,
    /// They add up, and what was spent before shrinks by `decay` with every call.
    Leaky = 2,
}

named!(BudgetKind, "budget", {
    Sum => "sum",
    Instant => "instant",
    Leaky => "leaky",
});

/// When the amount spent still allows a skip.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    /// `spent < threshold`
    Below = 0,
    /// `spent ≤ threshold`
    AtMost = 1,
}

named!(Comparator, "comparator", {
    Below => "below",
    AtMost => "at-most",
});

/// How much cost may be spent before a call is computed.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// How costs add up.
    pub kind: BudgetKind,
    /// Whether a skip may spend all of the threshold or must stay below it.
    pub comparator: Comparator,
    /// Cost allowed, in units of the gauge, 0 to 10⁶. Larger skips more. With `Below`, 0 computes
    /// every call.
    pub threshold: f64,
    /// With `Leaky`: share of the amount spent that is left at the next call, 0 to 1.
    pub decay: f64,
    /// 1: a computed call sets the amount spent to zero. 0: it goes on (UCache for stochastic
    /// samplers).
    pub reset: u32,
    /// Zero.
    pub reserved: u32,
}

impl Budget {
    /// The amount spent after one more call of that cost.
    #[must_use]
    pub fn spend(&self, spent: f64, cost: f64) -> f64 {
        match self.kind {
            BudgetKind::Sum => spent + cost,
            BudgetKind::Instant => cost,
            BudgetKind::Leaky => spent * self.decay + cost,
        }
    }

    /// Whether the amount spent still allows a skip.
    #[must_use]
    pub fn allows(&self, spent: f64) -> bool {
        match self.comparator {
            Comparator::Below => spent < self.threshold,
            Comparator::AtMost => spent <= self.threshold,
        }
    }
}
