//! Why a call was refused.

use core::fmt;

/// Why a call was refused. The state is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The lane does not exist, or is not the first of a pool.
    Lane {
        /// Lane given.
        given: u32,
        /// Lanes that may be named.
        lanes: u32,
    },
    /// The step is not on the timeline.
    Step {
        /// Step given.
        given: u32,
        /// Steps of the timeline.
        steps: u32,
    },
    /// The evaluation is not within the step.
    Evaluation {
        /// Evaluation given.
        given: u32,
        /// Evaluations of a step.
        evaluations: u32,
    },
    /// The time is not a finite number.
    Time,
    /// The call is not later than the last one committed on its lane.
    NotForward {
        /// Number of the call, counted over the run.
        given: u32,
        /// First number that is allowed.
        next: u32,
    },
    /// `begin` while a call is open on the lane: commit or abandon it first.
    Open,
    /// `decide` without an open question, or `commit` without a decision.
    NotOpen,
    /// As many values are needed as lanes decide together.
    Values {
        /// Values given.
        given: usize,
        /// Values needed.
        needed: usize,
    },
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Lane { given, lanes } => {
                write!(
                    f,
                    "lane {given} does not exist; lanes are 0 to {}",
                    lanes.wrapping_sub(1)
                )
            }
            Self::Step { given, steps } => {
                write!(f, "step {given} is not on the timeline of {steps} steps")
            }
            Self::Evaluation { given, evaluations } => {
                write!(
                    f,
                    "evaluation {given} is not within a step of {evaluations}"
                )
            }
            Self::Time => f.write_str("the call's time is not a finite number"),
            Self::NotForward { given, next } => write!(
                f,
                "call {given} was made already, the next is {next}; reset the scheduler for a new run"
            ),
            Self::Open => f.write_str("a call is open on this lane; commit or abandon it first"),
            Self::NotOpen => f.write_str("no call of this lane waits for that; begin one first"),
            Self::Values { given, needed } => {
                write!(f, "{given} signal values were given, {needed} are needed")
            }
        }
    }
}

impl core::error::Error for CallError {}
