//! Why a checkpoint cannot be used.

use alloc::string::String;
use core::fmt;

/// Why a checkpoint cannot be loaded, or not lowered as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelError {
    /// The file cannot be read.
    Read {
        /// Its path.
        path: String,
        /// What the system says.
        why: String,
    },
    /// It is no safetensors file, or a damaged one.
    Format(String),
    /// A tensor is missing, superfluous, of the wrong shape or element type, or holds NaN.
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A size or setting that cannot be used.
    Setting {
        /// Which one.
        field: &'static str,
        /// Its value.
        given: String,
        /// What to do.
        remedy: String,
    },
}

impl ModelError {
    pub(super) fn tensor(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Tensor {
            name: name.into(),
            why: why.into(),
        }
    }

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

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, why } => write!(f, "cannot read `{path}`: {why}"),
            Self::Format(why) => write!(f, "no usable safetensors file: {why}"),
            Self::Tensor { name, why } => write!(f, "tensor `{name}`: {why}"),
            Self::Setting {
                field,
                given,
                remedy,
            } => write!(f, "{field} is {given}: {remedy}"),
        }
    }
}

impl core::error::Error for ModelError {}
