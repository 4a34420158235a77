//! Why a run cannot be made, or cannot go on.

use alloc::string::String;
use core::fmt;

use crate::{
    dit::ModelError, executor::ExecutorError, policy::PolicyError, sampler::SamplerError,
    scheduler::CallError,
};

/// Why a run cannot be made, or cannot go on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RunError {
    /// The model, or how it is to be split.
    Model(ModelError),
    /// The device.
    Executor(ExecutorError),
    /// The policy.
    Policy(PolicyError),
    /// The scheduler refused a call.
    Call(CallError),
    /// The sampler does not fit the model or the number of steps.
    Sampler(SamplerError),
    /// A run is saved between calls, and this one is within one.
    WithinCall,
    /// What was to be resumed is no saved run, of another version or model, or damaged.
    Saved(String),
    /// A value that cannot be used.
    Setting {
        /// Which one.
        field: &'static str,
        /// Its value.
        given: String,
        /// What to do.
        remedy: String,
    },
}

impl RunError {
    pub(super) fn setting(
        field: &'static str,
        given: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Setting {
            field,
            given: given.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(error) => error.fmt(f),
            Self::Executor(error) => error.fmt(f),
            Self::Policy(error) => error.fmt(f),
            Self::Call(error) => error.fmt(f),
            Self::Sampler(error) => error.fmt(f),
            Self::WithinCall => f.write_str(
                "the run is within a call; finish it or cancel it before the run is saved",
            ),
            Self::Saved(why) => write!(
                f,
                "saved run: {why}; hand in all bytes that were saved, or start anew"
            ),
            Self::Setting {
                field,
                given,
                remedy,
            } => write!(f, "{field} is {given}: {remedy}"),
        }
    }
}

// The message is the wrapped error's own, so its source is that error's source.
impl core::error::Error for RunError {}

macro_rules! wraps {
    ($($error:ident => $variant:ident),+ $(,)?) => {$(
        impl From<$error> for RunError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )+};
}
wraps!(
    ModelError => Model,
    ExecutorError => Executor,
    PolicyError => Policy,
    CallError => Call,
    SamplerError => Sampler,
);
