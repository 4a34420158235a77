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

/// What the threshold is a multiple of.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Nothing: it is a cost.
    Constant = 0,
    /// What was measured in the last three calls of the warm-up, the newest in full, the others a
    /// tenth and a hundredth (Foresight's λ).
    Learned = 1,
    /// The largest cost of the run so far (PreciseCache).
    Largest = 2,
}

named!(Scale, "scale", {
    Constant => "constant",
    Learned => "learned",
    Largest => "largest",
});

/// What the phases of a threshold are a share of.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The steps of the run.
    Step = 0,
    /// The calls computed within the window, of all calls of the run (UCache).
    Computed = 1,
}

named!(Progress, "progress", {
    Step => "step",
    Computed => "computed",
});

/// How much cost may be spent before a call is computed.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// How costs add up.
    pub kind: BudgetKind,
    /// Whether a skip may spend all of the threshold or must stay below it.
    pub comparator: Comparator,
    /// What the threshold is a multiple of.
    pub scale: Scale,
    /// What its phases are a share of.
    pub progress: Progress,
    /// Cost allowed, in units of the gauge times the scale, 0 to 10⁶. Larger skips more. With
    /// `Below`, 0 computes every call.
    pub threshold: f64,
    /// With `Leaky`: share of the amount spent that is left at the next call, 0 to 1.
    pub decay: f64,
    /// What the threshold is multiplied by before `early_until`, 0 to 100.
    pub early_factor: f64,
    /// Share of the run before which `early_factor` counts, 0 to 1.
    pub early_until: f64,
    /// What the threshold is multiplied by after `late_from`, 0 to 100.
    pub late_factor: f64,
    /// Share of the run after which `late_factor` counts, 0 to 1.
    pub late_from: f64,
    /// Largest cost of a single call, 0 for no limit: a call that costs more is computed whatever
    /// was spent (MagCache in FramePack).
    pub max_cost: f64,
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

    /// The threshold at a share of the run, before it is scaled.
    #[must_use]
    pub fn threshold_at(&self, share: f64) -> f64 {
        let factor = if share < self.early_until {
            self.early_factor
        } else if share > self.late_from {
            self.late_factor
        } else {
            1.0
        };
        self.threshold * factor
    }

    /// Whether an amount still allows a skip under that threshold.
    #[must_use]
    pub fn allows(&self, spent: f64, threshold: f64) -> bool {
        match self.comparator {
            Comparator::Below => spent < threshold,
            Comparator::AtMost => spent <= threshold,
        }
    }
}
