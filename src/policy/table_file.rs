//! Calibrated tables as text, with where they come from.
//!
//! ```text
//! refrain-table 1
//! method = smoothcache
//! model = emoji
//! checkpoint = 0f3c9a5d2b7e6614
//! steps = 50
//! sampler = euler
//! date = 2026-11-26
//! fit = 24 of 50 attention calls computed
//! range = 0.001 to 0.18
//! mask = 1101…
//! ```
//!
//! The first line names the format and its version. Then every line is `field = value`: who made the
//! table, for what and how well it fits ([`FIELDS`]), and the keys of a policy that it sets. Empty
//! lines and lines that start with `#` mean nothing.

use core::fmt;

use super::keys::{KEYS, Key};
use super::parse::nearest;
use super::{Method, ParseError, Policy};
use crate::text::Named;

/// First line of a table.
pub const HEADER: &str = "refrain-table 1";

/// What a table says of itself. `method` is required.
pub const FIELDS: [&str; 10] = [
    "method",
    "model",
    "checkpoint",
    "steps",
    "sampler",
    "guidance",
    "date",
    "fit",
    "range",
    "source",
];

/// A calibrated table. Borrows its text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableFile<'a> {
    /// The method it is for.
    pub method: Method,
    text: &'a str,
}

/// Why a text is not a table.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum TableError<'a> {
    /// The first line is another.
    Header {
        /// The first line.
        given: &'a str,
    },
    /// A line is not `field = value`.
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// The line.
        given: &'a str,
    },
    /// No such field or policy key.
    Field {
        /// Number of the line, from 1.
        line: usize,
        /// What was given.
        given: &'a str,
        /// The field or key whose name is nearest.
        nearest: &'static str,
    },
    /// A field is given twice.
    Repeated {
        /// Number of the line, from 1.
        line: usize,
        /// The field.
        field: &'a str,
    },
    /// It does not say which method it is for.
    NoMethod,
    /// The method does not exist.
    Method {
        /// What was given.
        given: &'a str,
        /// The method whose name is nearest.
        nearest: &'static str,
    },
    /// It is for another method than the policy.
    OtherMethod {
        /// The table's.
        table: Method,
        /// The policy's.
        policy: Method,
    },
    /// What it sets is refused.
    Policy(ParseError<'a>),
}

impl fmt::Display for TableError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Header { given } => write!(
                f,
                "a table begins with the line `{HEADER}`, this text with `{given}`"
            ),
            Self::Line { line, given } => {
                write!(
                    f,
                    "table line {line} is `{given}`; it must be `field = value`"
                )
            }
            Self::Field {
                line,
                given,
                nearest,
            } => write!(
                f,
                "table line {line}: there is no field or policy key `{given}`; the nearest is `{nearest}`"
            ),
            Self::Repeated { line, field } => {
                write!(f, "table line {line}: `{field}` is given twice; keep one")
            }
            Self::NoMethod => {
                f.write_str("the table does not say what it is for; add a line `method = …`")
            }
            Self::Method { given, nearest } => write!(
                f,
                "table field `method` is `{given}`, which does not exist; the nearest is `{nearest}`"
            ),
            Self::OtherMethod { table, policy } => write!(
                f,
                "the table is for `{table}`, the policy is `{policy}`; choose a table for it"
            ),
            Self::Policy(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TableError<'_> {}

impl<'a> TableFile<'a> {
    /// Reads a table.
    ///
    /// # Errors
    /// [`TableError`] names the line, the field, and the nearest valid name.
    pub fn parse(text: &'a str) -> Result<Self, TableError<'a>> {
        let first = text.lines().next().unwrap_or("").trim();
        if first != HEADER {
            return Err(TableError::Header { given: first });
        }
        for (line, field, _) in lines(text) {
            let field = field?;
            let known = FIELDS.contains(&field) || KEYS.iter().any(|key| key.name == field);
            if !known {
                let names = FIELDS.into_iter().chain(KEYS.iter().map(|key| key.name));
                return Err(TableError::Field {
                    line,
                    given: field,
                    nearest: nearest(field, names),
                });
            }
            let earlier = lines(text).take_while(|(other, ..)| *other < line);
            if earlier.into_iter().any(|(_, other, _)| other == Ok(field)) {
                return Err(TableError::Repeated { line, field });
            }
        }
        let given = get(text, "method").ok_or(TableError::NoMethod)?;
        let method = Method::from_name(given).ok_or_else(|| TableError::Method {
            given,
            nearest: nearest(given, Method::ALL.iter().map(|method| method.name())),
        })?;
        Ok(Self { method, text })
    }

    /// What it says of itself: a field of [`FIELDS`], or a policy key it sets.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&'a str> {
        get(self.text, field)
    }

    /// The policy keys it sets, with their values.
    pub fn keys(&self) -> impl Iterator<Item = (&'static Key, &'a str)> + use<'a> {
        lines(self.text).filter_map(|(_, field, value)| {
            let field = field.ok().filter(|field| !FIELDS.contains(field))?;
            let key = KEYS.iter().find(|key| key.name == field)?;
            Some((key, value))
        })
    }
}

impl Policy {
    /// The policy with what a table of its method sets.
    ///
    /// # Errors
    /// [`TableError`] if the table is for another method, or a value is refused.
    pub fn with_table<'a>(&self, table: &TableFile<'a>) -> Result<Self, TableError<'a>> {
        if table.method != self.method {
            return Err(TableError::OtherMethod {
                table: table.method,
                policy: self.method,
            });
        }
        let mut policy = *self;
        for (key, value) in table.keys() {
            policy.assign(key, value).map_err(TableError::Policy)?;
        }
        for (key, _) in table.keys() {
            policy
                .check_applies(key)
                .map_err(|error| TableError::Policy(error.into()))?;
        }
        policy
            .check()
            .map_err(|error| TableError::Policy(error.into()))?;
        Ok(policy)
    }
}

/// The lines that say something: number, field, value.
fn lines<'a>(
    text: &'a str,
) -> impl Iterator<Item = (usize, Result<&'a str, TableError<'a>>, &'a str)> {
    let lines = text.lines().zip(1..).skip(1);
    let said = lines.filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'));
    said.map(|(given, line)| match given.split_once('=') {
        Some((field, value)) => (line, Ok(field.trim()), value.trim()),
        None => (line, Err(TableError::Line { line, given }), ""),
    })
}

fn get<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    lines(text)
        .find(|(_, field, _)| *field == Ok(name))
        .map(|(.., value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "refrain-table 1\n# made by hand\nmethod = magcache\nmodel = toy\n\
                        steps = 4\ncurve = 1/1.1/0.9/0.8\nthreshold = 0.2\n";

    #[test]
    fn sets_what_it_says() {
        let table = TableFile::parse(TEXT).expect("a table");
        assert_eq!(table.get("model"), Some("toy"));
        assert_eq!(table.get("sampler"), None);
        let policy = Policy::parse("magcache:retention=0.3").expect("a policy");
        assert!(policy.needs_curve());
        let calibrated = policy.with_table(&table).expect("it fits");
        let text = "magcache:retention=0.3,threshold=0.2,curve=1/1.1/0.9/0.8";
        assert_eq!(calibrated, Policy::parse(text).expect("a policy"));
    }

    #[test]
    fn refusals_name_the_line_and_the_remedy() {
        let said = |text: &'static str| match TableFile::parse(text) {
            Ok(table) => {
                let policy = (table.method.preset().policy)();
                policy.with_table(&table).expect_err("refused")
            }
            Err(error) => error,
        };
        for (text, message) in [
            (
                "refrain-table 2\n",
                "a table begins with the line `refrain-table 1`, this text with `refrain-table 2`",
            ),
            (
                "refrain-table 1\n\ncurve\n",
                "table line 3 is `curve`; it must be `field = value`",
            ),
            (
                "refrain-table 1\nmethod = magcache\ncurv = 1\n",
                "table line 3: there is no field or policy key `curv`; the nearest is `curve`",
            ),
            (
                "refrain-table 1\nsteps = 3\nsteps = 4\n",
                "table line 3: `steps` is given twice; keep one",
            ),
            (
                "refrain-table 1\n",
                "the table does not say what it is for; add a line `method = …`",
            ),
            (
                "refrain-table 1\nmethod = magcach\n",
                "table field `method` is `magcach`, which does not exist; the nearest is `magcache`",
            ),
            (
                "refrain-table 1\nmethod = magcache\ncurve = 1/x\n",
                "policy key `curve` is `1/x`; allowed is 1 to 128 numbers from -1000000 to 1000000, \
                 separated by /",
            ),
            (
                "refrain-table 1\nmethod = magcache\ncoefficients = 1\n",
                "policy key `coefficients` has no effect here: it needs rescale=polynomial; \
                 leave it out",
            ),
        ] {
            assert_eq!(format!("{}", said(text)), message);
        }
        let other = Policy::parse("teacache").expect("a policy");
        let table = TableFile::parse(TEXT).expect("a table");
        assert_eq!(
            format!("{}", other.with_table(&table).expect_err("another method")),
            "the table is for `magcache`, the policy is `teacache`; choose a table for it"
        );
    }
}
