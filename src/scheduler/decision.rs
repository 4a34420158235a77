//! Decisions, their reasons, and what is kept of them.

use crate::predict::MAX_ANCHORS;
use crate::text::{Named, named};

/// [`Decision::slot`] of a decision that writes no anchor.
pub const NO_SLOT: u32 = u32::MAX;

/// What to do with a call.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Run the network; write what the site gave to the anchor slot.
    Compute = 0,
    /// Take the newest anchor as it is.
    Reuse = 1,
    /// Blend the anchors by the weights.
    Predict = 2,
}

named!(Action, "action", {
    Compute => "compute",
    Reuse => "reuse",
    Predict => "predict",
});

impl Action {
    /// Its letter in a trace: `C` computed, `r` reused, `p` predicted.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Compute => 'C',
            Self::Reuse => 'r',
            Self::Predict => 'p',
        }
    }

    /// Whether the site is left out.
    #[must_use]
    pub const fn skips(self) -> bool {
        !matches!(self, Self::Compute)
    }
}

/// Why a call was decided as it was.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Computed: the policy never skips.
    Always = 0,
    /// Computed: within the first steps.
    Warmup = 1,
    /// Computed: within the last steps.
    LastSteps = 2,
    /// Computed: outside the window.
    Window = 3,
    /// Computed: the mask says so.
    Mask = 4,
    /// Computed: there is nothing to reuse yet.
    NoHistory = 5,
    /// Computed: the longest run of skips is reached.
    MaxRun = 6,
    /// Computed: the skips of the whole run are used up.
    MaxTotal = 7,
    /// Computed: the signal is missing, NaN, infinite or negative, or gives no finite cost.
    SignalUnusable = 8,
    /// Computed: the transformation rate is not known yet.
    RateUnknown = 9,
    /// Computed: the budget is spent.
    BudgetSpent = 10,
    /// Skipped: within the budget.
    WithinBudget = 11,
    /// Skipped: the gauge is free and no guard objects.
    Free = 12,
}

named!(Reason, "reason", {
    Always => "always",
    Warmup => "warmup",
    LastSteps => "last-steps",
    Window => "window",
    Mask => "mask",
    NoHistory => "no-history",
    MaxRun => "max-run",
    MaxTotal => "max-total",
    SignalUnusable => "signal-unusable",
    RateUnknown => "rate-unknown",
    BudgetSpent => "budget-spent",
    WithinBudget => "within-budget",
    Free => "free",
});

/// Number of reasons.
pub(super) const REASONS: usize = Reason::ALL.len();

impl Reason {
    /// Whether a call with this reason is skipped.
    #[must_use]
    pub const fn allows_skip(self) -> bool {
        matches!(self, Self::WithinBudget | Self::Free)
    }
}

/// What to do with one call, and why.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// With `Predict`: the order used, which ramps up with the history. Else 0.
    pub order: u32,
    /// With `Compute`: the anchor slot to write, [`NO_SLOT`] if nothing is kept. Else [`NO_SLOT`].
    pub slot: u32,
    /// With `Reuse` and `Predict`: one weight per anchor slot; the stand-in is
    /// `base + Σ weightₖ · anchorₖ`. A slot with weight 0 must not be read.
    pub weights: [f32; MAX_ANCHORS],
}

/// What a trace keeps of a committed call.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Number of the call, counted over the run.
    pub call: u32,
    /// Sampler step.
    pub step: u32,
    /// Evaluation within the step.
    pub evaluation: u32,
    /// Lane, or the first lane of a pool.
    pub lane: u32,
    /// What was done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Order used.
    pub order: u32,
    /// Anchor slot written, [`NO_SLOT`] for none.
    pub slot: u32,
    /// Signal handed in (of the first lane, or the mean of the pool); −1 if none was usable.
    pub signal: f64,
    /// Budget spent after the call.
    pub spent: f64,
}

/// Counters of a run.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Calls committed.
    pub calls: u32,
    /// Of them computed.
    pub computed: u32,
    /// Of them reused.
    pub reused: u32,
    /// Of them predicted.
    pub predicted: u32,
    /// Calls by reason, indexed by its number.
    pub reasons: [u32; REASONS],
    /// Zero.
    pub reserved: u32,
}

impl Stats {
    /// Calls that were skipped.
    #[must_use]
    pub const fn skipped(&self) -> u32 {
        self.reused.saturating_add(self.predicted)
    }

    /// Calls with that reason.
    #[must_use]
    pub fn with_reason(&self, reason: Reason) -> u32 {
        self.reasons.get(reason as usize).copied().unwrap_or(0)
    }

    pub(super) fn count(&mut self, action: Action, reason: Reason) {
        let counter = match action {
            Action::Compute => &mut self.computed,
            Action::Reuse => &mut self.reused,
            Action::Predict => &mut self.predicted,
        };
        *counter = counter.saturating_add(1);
        self.calls = self.calls.saturating_add(1);
        if let Some(counter) = self.reasons.get_mut(reason as usize) {
            *counter = counter.saturating_add(1);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.computed = self.computed.saturating_add(other.computed);
        self.reused = self.reused.saturating_add(other.reused);
        self.predicted = self.predicted.saturating_add(other.predicted);
        for (sum, n) in self.reasons.iter_mut().zip(other.reasons) {
            *sum = sum.saturating_add(n);
        }
    }
}
