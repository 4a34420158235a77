//! Schedules: which calls are computed when nothing is measured.

use crate::text::{Named, named};

/// Which calls are computed.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Every `interval`-th, counted from the last computed one (TaylorSeer).
    Since = 0,
    /// Steps at a multiple of `interval` from `offset` (DeepCache, PAB).
    First = 1,
    /// Steps at a multiple of `interval` from the last step (FORA).
    Last = 2,
    /// One in `interval`, densest around `center` (DeepCache's non-uniform schedule).
    Quadratic = 3,
    /// cache-dit's steps computation mask at `level`.
    Scm = 4,
    /// ToCa's and DuCa's schedule: intervals around `interval`, longer at first, and every second
    /// step from 60 to 80 % of the run.
    Toca = 5,
}

named!(Schedule, "schedule", {
    Since => "since",
    First => "first",
    Last => "last",
    Quadratic => "quadratic",
    Scm => "scm",
    Toca => "toca",
});

/// How much cache-dit's mask skips.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// About a quarter to a third.
    Slow = 0,
    /// About half.
    Medium = 1,
    /// About two thirds.
    Fast = 2,
    /// About three quarters.
    Ultra = 3,
}

named!(Level, "level", {
    Slow => "slow",
    Medium => "medium",
    Fast => "fast",
    Ultra => "ultra",
});

pub fn scm(_level: Level, _steps: u32, _step: u32) -> bool {
    true
}
pub fn quadratic(_interval: u32, _center: f64, _steps: u32, _step: u32) -> bool {
    true
}
pub fn toca(_interval: u32, _steps: u32, _step: u32) -> bool {
    true
}
