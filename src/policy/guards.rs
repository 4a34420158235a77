//! When a call is computed whatever the gauge says.

use crate::text::{Named, named};
use crate::timeline::Timeline;

/// Longest explicit step mask, in bits: steps times columns.
pub const MAX_MASK: usize = 16384;

/// How a share of the steps becomes a number of steps.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// `⌊share · steps + ½⌋`
    Nearest = 0,
    /// `⌊share · steps⌋`
    Down = 1,
}

named!(Rounding, "rounding", {
    Nearest => "nearest",
    Down => "down",
});

/// What a window is given in.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Shares of the steps, 0 to 1: `start ≤ step / steps < end`.
    Share = 0,
    /// Steps: `start ≤ step < end`.
    Step = 1,
    /// The sampler's time (timestep or sigma), in either direction: `start < time < end`.
    Time = 2,
}

named!(Window, "window", {
    Share => "share",
    Step => "step",
    Time => "time",
});

/// How skips in a row are counted.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunCount {
    /// Skips since the last computed call.
    Consecutive = 0,
    /// As cache-dit's code has it: the count falls to zero only when the limit is reached, the first
    /// skip of the run counts one, a skip right after another counts one, or two from zero, and any
    /// other skip counts nothing. A limit of 1 so lets two skips in a row pass.
    CacheDit = 1,
}

named!(RunCount, "run count", {
    Consecutive => "consecutive",
    CacheDit => "cache-dit",
});

/// When a call is computed whatever the gauge says. Guards only ever turn a skip into a computed
/// call, never the reverse.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guards {
    /// First steps that are always computed, 0 to 2³⁰.
    pub max_warmup_steps: u32,
    /// Last steps that are always computed, 0 to 2³⁰. 1 unless a policy says otherwise: a skipped
    /// last step leaves visible noise.
    pub last_steps: u32,
    /// Longest run of skipped calls, 0 for no limit.
    pub max_continuous_cached_steps: u32,
    /// How that run is counted.
    pub run_count: RunCount,
    /// Skipped calls of a whole run, 0 for no limit.
    pub max_cached_steps: u32,
    /// First steps in which no two calls in a row are skipped (SpeCa's enhanced steps).
    pub enhanced_steps: u32,
    /// How `warmup_fraction` is rounded.
    pub rounding: Rounding,
    /// What the window is given in.
    pub window: Window,
    /// Share of the steps, 0 to 1, that are always computed at the start (MagCache's retention);
    /// the longer of this and `max_warmup_steps` counts.
    pub warmup_fraction: f64,
    /// Skips are allowed from here.
    pub window_start: f64,
    /// Skips are allowed up to, and without, this.
    pub window_end: f64,
    /// Signals of the whole run that may add up before every call is computed, 0 for no limit
    /// (cache-dit's `max_accumulated`).
    pub max_spent: f64,
    /// Bits in `mask`, 0 for no mask, up to 16384: the steps of the timeline times the columns.
    pub mask_len: u32,
    /// Zero.
    pub reserved: u32,
    /// One bit a step and column, lowest bit of the first word first, the columns of a step next to
    /// each other: 1 is always computed, 0 is left to the gauge. Bits beyond `mask_len` are zero.
    pub mask: [u32; MAX_MASK / 32],
}

impl Guards {
    /// Steps computed at the start of a run of `steps`.
    #[must_use]
    pub fn warmup(&self, steps: u32) -> u32 {
        let half = match self.rounding {
            Rounding::Nearest => 0.5,
            Rounding::Down => 0.0,
        };
        let share = (self.warmup_fraction * f64::from(steps) + half) as u32;
        self.max_warmup_steps.max(share)
    }

    /// Whether `step` is among the last steps of the run.
    #[must_use]
    pub fn is_last(&self, step: u32, timeline: Timeline) -> bool {
        step >= timeline.steps.saturating_sub(self.last_steps)
    }

    /// Whether a call lies within the window in which skips are allowed.
    #[must_use]
    pub fn in_window(&self, step: u32, time: f64, timeline: Timeline) -> bool {
        let (start, end) = (self.window_start, self.window_end);
        match self.window {
            Window::Share => {
                // A quotient is rounded once, as the shares were when they were read: a product
                // would put step 7 of 100 outside a window from 0.07 on.
                let share = f64::from(step) / f64::from(timeline.steps);
                share >= start && share < end
            }
            Window::Step => f64::from(step) >= start && f64::from(step) < end,
            Window::Time => time > start && time < end,
        }
    }

    /// Columns of the mask on a timeline: lane n follows column n mod columns. 1 without a mask.
    #[must_use]
    pub fn columns(&self, steps: u32) -> u32 {
        self.mask_len.checked_div(steps).unwrap_or(0).max(1)
    }

    /// Whether the mask has `step` computed on `lane`. Without a mask nothing is.
    #[must_use]
    pub fn masked(&self, step: u32, lane: u32, steps: u32) -> bool {
        if self.mask_len == 0 {
            return false;
        }
        let columns = self.columns(steps);
        let column = lane.checked_rem(columns).unwrap_or(0);
        self.bit(step.saturating_mul(columns).saturating_add(column))
    }

    /// A bit of the mask.
    #[must_use]
    pub fn bit(&self, index: u32) -> bool {
        index < self.mask_len
            && self
                .mask
                .get(index as usize / 32)
                .is_some_and(|word| word >> (index % 32) & 1 == 1)
    }

    /// Whether a bit is set that belongs to no step of the mask.
    pub(super) fn has_bits_beyond(&self) -> bool {
        self.mask.iter().zip(0_u32..).any(|(word, i)| {
            let used = self.mask_len.saturating_sub(i * 32).min(32);
            word.checked_shr(used).unwrap_or(0) != 0
        })
    }
}
