//! When a call is computed whatever the gauge says.

use crate::timeline::Timeline;

/// Longest explicit step mask, in steps.
pub const MAX_MASK: usize = 1024;

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
    /// Skipped calls of a whole run, 0 for no limit.
    pub max_cached_steps: u32,
    /// Steps in `mask`, 0 for no mask, up to 1024; else the steps of the timeline.
    pub mask_len: u32,
    /// Zero.
    pub reserved: u32,
    /// Share of the steps, 0 to 1, that are always computed at the start, rounded to whole steps
    /// (MagCache's retention); the longer of this and `max_warmup_steps` counts.
    pub warmup_fraction: f64,
    /// Skips are allowed from this share of the steps, 0 to 1.
    pub window_start: f64,
    /// Skips are allowed up to, and without, this share of the steps, 0 to 1.
    pub window_end: f64,
    /// One bit a step, lowest bit of the first word first: 1 is always computed, 0 is left to the
    /// gauge. Bits beyond `mask_len` are zero.
    pub mask: [u32; MAX_MASK / 32],
}

impl Guards {
    /// Steps computed at the start of a run of `steps`.
    #[must_use]
    pub fn warmup(&self, steps: u32) -> u32 {
        let share = (self.warmup_fraction * f64::from(steps) + 0.5) as u32;
        self.max_warmup_steps.max(share)
    }

    /// Whether `step` is among the last steps of the run.
    #[must_use]
    pub fn is_last(&self, step: u32, timeline: Timeline) -> bool {
        step >= timeline.steps.saturating_sub(self.last_steps)
    }

    /// Whether `step` lies within the window in which skips are allowed.
    #[must_use]
    pub fn in_window(&self, step: u32, timeline: Timeline) -> bool {
        // A quotient is rounded once, as the shares were when they were read: a product would put
        // step 7 of 100 outside a window from 0.07 on.
        let share = f64::from(step) / f64::from(timeline.steps);
        share >= self.window_start && share < self.window_end
    }

    /// Whether the mask has `step` computed. Without a mask nothing is.
    #[must_use]
    pub fn masked(&self, step: u32) -> bool {
        step < self.mask_len
            && self
                .mask
                .get(step as usize / 32)
                .is_some_and(|word| word >> (step % 32) & 1 == 1)
    }

    /// Whether a bit is set that belongs to no step of the mask.
    pub(super) fn has_bits_beyond(&self) -> bool {
        self.mask.iter().zip(0_u32..).any(|(word, i)| {
            let used = self.mask_len.saturating_sub(i * 32).min(32);
            word.checked_shr(used).unwrap_or(0) != 0
        })
    }

    /// Whether warm-up, last steps, window or mask have `step` computed.
    #[must_use]
    pub fn forces(&self, step: u32, timeline: Timeline) -> bool {
        step < self.warmup(timeline.steps)
            || self.is_last(step, timeline)
            || !self.in_window(step, timeline)
            || self.masked(step)
    }
}
