//! What does not carry over, and why a text is refused.

use core::fmt;

use crate::policy::keys::{Key, Value};
use crate::policy::{ParseError, PolicyError};

/// Most that one text can have reported.
pub const MAX_NOTES: usize = 48;

/// Something that does not carry over, or not as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    /// The option, or what differs without one.
    pub key: &'a str,
    /// What was given, or the peer's default; empty where there is no value.
    pub value: &'a str,
    /// What becomes of it, and why.
    pub why: &'static str,
}

impl fmt::Display for Note<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)?;
        if !self.value.is_empty() {
            // A value of several lines is one line here.
            f.write_str("=")?;
            for (i, part) in self.value.split_whitespace().enumerate() {
                write!(f, "{}{part}", if i == 0 { "" } else { " " })?;
            }
        }
        write!(f, ": {}", self.why)
    }
}

/// What of a peer's options does not carry over; empty if all does. One line a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried<'a> {
    notes: [Note<'a>; MAX_NOTES],
    len: usize,
}

impl<'a> Carried<'a> {
    pub(super) const NONE: Self = Self {
        notes: [Note {
            key: "",
            value: "",
            why: "",
        }; MAX_NOTES],
        len: 0,
    };

    /// The notes, in the order of the text.
    #[must_use]
    pub fn notes(&self) -> &[Note<'a>] {
        self.notes.get(..self.len).unwrap_or(&[])
    }

    /// Whether everything carries over.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline(never)]
    pub(super) fn say(&mut self, key: &'a str, value: &'a str, why: &'static str) {
        if let Some(free) = self.notes.get_mut(self.len) {
            *free = Note { key, value, why };
            self.len += 1;
        }
    }
}

impl fmt::Display for Carried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, note) in self.notes().iter().enumerate() {
            write!(f, "{}{note}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// What an option takes.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Allowed {
    /// In words.
    Words(&'static str),
    /// What the key it becomes takes.
    Key(&'static Key),
}

/// Why a value is refused, before it is known of which option.
#[derive(Clone, Copy)]
pub(super) enum Wrong {
    Value(Allowed),
    Refused(&'static str),
}

/// Why a text holds no options of that peer. Borrows the text to quote it.
#[derive(Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum PeerError<'a> {
    /// No mode or class is named.
    Missing {
        /// What is missing.
        what: &'static str,
        /// What to give.
        remedy: &'static str,
    },
    /// No mode or class of that name.
    Name {
        /// What it should be.
        what: &'static str,
        /// What was given.
        given: &'a str,
        /// The nearest that there is.
        nearest: &'static str,
    },
    /// No such option.
    Key {
        /// What was given.
        given: &'a str,
        /// The nearest that there is.
        nearest: &'static str,
    },
    /// A part of the text has not the form of an option.
    Item {
        /// What was given.
        given: &'a str,
        /// The form it should have.
        form: &'static str,
    },
    /// An option is given twice.
    Repeated {
        /// The option.
        key: &'a str,
    },
    /// A value cannot be read or is out of range.
    Value(BadValue<'a>),
    /// An option, or a value of it, that cannot be had here.
    Refused {
        /// The option.
        key: &'a str,
        /// What was given; empty where there is no value.
        given: &'a str,
        /// Why.
        why: &'static str,
    },
    /// What the options come to is no policy.
    Policy(PolicyError),
}

/// A value that an option does not take.
#[derive(Clone, Copy, PartialEq)]
pub struct BadValue<'a> {
    /// The option.
    pub key: &'a str,
    /// What was given.
    pub given: &'a str,
    pub(super) allowed: Allowed,
}

impl fmt::Debug for PeerError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for BadValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BadValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option `{}` is `{}`; allowed is ", self.key, self.given)?;
        match self.allowed {
            Allowed::Words(words) => f.write_str(words),
            Allowed::Key(key) => {
                f.write_str(match key.value {
                    Value::Whole { .. } => "a whole number from ",
                    Value::Number { .. } => "a number from ",
                    Value::Choice { .. } | Value::List(_) | Value::Mask | Value::Model => "",
                })?;
                key.write_range(f)
            }
        }
    }
}

impl fmt::Display for PeerError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Missing { what, remedy } => write!(f, "no {what} is given; {remedy}"),
            Self::Name {
                what,
                given,
                nearest,
            } => write!(f, "`{given}` is no {what}; the nearest is `{nearest}`"),
            Self::Key { given, nearest } => {
                write!(
                    f,
                    "option `{given}` does not exist; the nearest is `{nearest}`"
                )
            }
            Self::Item { given, form } => write!(f, "`{given}` is not of the form {form}"),
            Self::Repeated { key } => write!(f, "option `{key}` is given twice; keep one"),
            Self::Value(bad) => bad.fmt(f),
            Self::Refused { key, given, why } => {
                let is = if given.is_empty() { "" } else { "=" };
                write!(f, "option `{key}{is}{given}` cannot be had here: {why}")
            }
            Self::Policy(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PeerError<'_> {}

impl From<PolicyError> for PeerError<'_> {
    fn from(error: PolicyError) -> Self {
        Self::Policy(error)
    }
}

impl From<ParseError<'_>> for Wrong {
    fn from(error: ParseError<'_>) -> Self {
        match error {
            ParseError::Value { key, .. } => Self::Value(Allowed::Key(key)),
            ParseError::Policy(PolicyError::Needs { remedy, .. }) => Self::Refused(remedy),
            ParseError::Policy(PolicyError::NoEffect { needs, .. }) => Self::Refused(needs),
            _ => Self::Refused("the policy has no place for it"),
        }
    }
}
