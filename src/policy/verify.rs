//! Checking a forecast against a block that is computed all the same.

use crate::numeric::powf;
use crate::text::{Named, named};

/// What happens when a forecast is found to be wrong.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyKind {
    /// Nothing is checked.
    None = 0,
    /// The call stands, and the next one is computed (SpeCa's code).
    Next = 1,
    /// The call is given up and made again, computed (SpeCa's paper).
    Rollback = 2,
}

named!(VerifyKind, "verify", {
    None => "none",
    Next => "next",
    Rollback => "rollback",
});

/// Checking a forecast: `error > max(tolerance · decay^progress, floor)` rejects it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verify {
    /// What happens when it is found to be wrong.
    pub kind: VerifyKind,
    /// Skips of a run from which on they are checked, 1 for all.
    pub from: u32,
    /// Error allowed at the start of the run, 0 to 10⁶; larger skips more.
    pub tolerance: f64,
    /// What is left of it at the end, as a factor, above 0 to 1.
    pub decay: f64,
    /// What it never falls below, 0 to 10⁶.
    pub floor: f64,
}

impl Verify {
    /// Nothing is checked.
    pub const NONE: Self = Self {
        kind: VerifyKind::None,
        from: 1,
        tolerance: 0.0,
        decay: 1.0,
        floor: 0.0,
    };

    /// The error allowed at a share of the run.
    #[must_use]
    pub fn allowed(&self, share: f64) -> f64 {
        let shrunk = if self.decay == 1.0 {
            self.tolerance
        } else {
            self.tolerance * powf(self.decay, share)
        };
        if shrunk > self.floor {
            shrunk
        } else {
            self.floor
        }
    }
}
