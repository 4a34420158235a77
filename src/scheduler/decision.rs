//! Decisions, their reasons, and what is kept of them.

use crate::predict::MAX_ANCHORS;
use crate::text::{Named, named};

/// [`Decision::slot`] of a decision that writes no anchor.
pub const NO_SLOT: u32 = u32::MAX;
/// [`Decision::slot`] of a computed call whose feature is added to running sums: slot k gains
/// `weightsₖ · feature`.
pub const ADD_TO_SLOTS: u32 = u32::MAX - 1;
/// [`Decision::slot`] of the first of those: slot k becomes `weightsₖ · feature`.
pub const SET_SLOTS: u32 = u32::MAX - 2;

/// What to do with a call.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Run the network; write what the site gave to the anchor slot, or into running sums.
    Compute = 0,
    /// Take the newest anchor as it is.
    Reuse = 1,
    /// Blend the anchors by the weights.
    Predict = 2,
    /// Blend the anchors by the weights, compute the block that is checked from what they give, and
    /// commit with the error between the two.
    Verify = 3,
}

named!(Action, "action", {
    Compute => "compute",
    Reuse => "reuse",
    Predict => "predict",
    Verify => "verify",
});

impl Action {
    /// Its letter in a trace: `C` computed, `r` reused, `p` predicted, `v` predicted and verified.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Compute => 'C',
            Self::Reuse => 'r',
            Self::Predict => 'p',
            Self::Verify => 'v',
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
    /// Skipped: nothing is measured, and neither a guard nor the schedule objects.
    Free = 12,
    /// Computed: the schedule says so.
    Schedule = 13,
    /// Computed: the forecast of the call before, or of this call, was found to be wrong. In the
    /// event of a verified call: it was found to be wrong.
    ForecastRejected = 14,
    /// Computed: the signals of the run have added up to their limit.
    MaxSpent = 15,
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
    Schedule => "schedule",
    ForecastRejected => "forecast-rejected",
    MaxSpent => "max-spent",
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
    /// With `Predict` and `Verify`: the order used, which ramps up with the history. Else 0.
    pub order: u32,
    /// The anchor slot to write: with `Compute` what the site gave, else what the blend gave, for
    /// predictors that take forecasts for features; of a verified call once its forecast stands.
    /// [`NO_SLOT`] if nothing is kept;
    /// [`ADD_TO_SLOTS`] and [`SET_SLOTS`] for running sums.
    pub slot: u32,
    /// Of a skipped call: one weight per anchor slot; the stand-in is `base + Σ weightₖ · anchorₖ`. A
    /// slot with weight 0 must not be read. Of a computed call that goes into running sums: what the
    /// feature counts in each. Else zero.
    pub weights: [f32; MAX_ANCHORS],
    /// Of a skipped call with `split=band`: the weights of the low band; `weights` are those of the
    /// rest. Else zero.
    pub low_weights: [f32; MAX_ANCHORS],
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
    /// Signal handed in before the call or with its commit (of the first lane, or the mean of the
    /// pool), or the error of a verified call; −1 if none was usable.
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
    /// Of them predicted and verified; the forecast stood.
    pub verified: u32,
    /// Forecasts that were found to be wrong. One that stands all the same (`verify=next`) is also
    /// counted as verified; one that is made again, computed, is no call of its own.
    pub rejected: u32,
    /// Calls by reason, indexed by its number.
    pub reasons: [u32; REASONS],
}

impl Stats {
    /// Calls that were skipped.
    #[must_use]
    pub const fn skipped(&self) -> u32 {
        self.reused
            .saturating_add(self.predicted)
            .saturating_add(self.verified)
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
            Action::Verify => &mut self.verified,
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
        self.verified = self.verified.saturating_add(other.verified);
        self.rejected = self.rejected.saturating_add(other.rejected);
        for (sum, n) in self.reasons.iter_mut().zip(other.reasons) {
            *sum = sum.saturating_add(n);
        }
    }
}
