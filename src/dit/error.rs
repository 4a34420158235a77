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
    /// What the file says of itself cannot be used.
    Metadata {
        /// Of what.
        key: &'static str,
        /// What it says.
        given: String,
        /// What it must say.
        remedy: String,
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

    pub(super) fn metadata(
        key: &'static str,
        given: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Metadata {
            key,
            given: given.into(),
            remedy: remedy.into(),
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
            Self::Tensor { name, why } => write!(f, "tensor `{}`: {why}", Shown(name)),
            Self::Metadata { key, given, remedy } => {
                write!(f, "metadata `{key}` is {}: {remedy}", Shown(given))
            }
            Self::Setting {
                field,
                given,
                remedy,
            } => write!(f, "{field} is {}: {remedy}", Shown(given)),
        }
    }
}

impl core::error::Error for ModelError {}

/// Text out of a file: on one line, and not all of it if it is long.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 80;
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(MOST) {
            match c {
                '\'' | '"' => write!(f, "{c}")?,
                _ => write!(f, "{}", c.escape_debug())?,
            }
        }
        f.write_str(if chars.next().is_some() { "…" } else { "" })
    }
}
