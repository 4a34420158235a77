//! Recorded signals, from a file of comma-separated values.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::str;
use std::path::Path;

use super::report::{self, Failure};
use crate::policy::{Policy, VerifyKind, Wants};
use crate::predict::PredictorKind;
use crate::signal::SignalKind;
use crate::text::Named;

/// Longest file of signals, in bytes.
const MAX_SIGNALS: u64 = 256 << 20;

/// What a column of the file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Call,
    Time,
    Signal(SignalKind),
    Rate,
    Factor,
    Error,
}

impl Column {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "call" => Some(Self::Call),
            "time" => Some(Self::Time),
            "rate" => Some(Self::Rate),
            "factor" => Some(Self::Factor),
            "error" => Some(Self::Error),
            _ => SignalKind::from_name(name).map(Self::Signal),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Time => "time",
            Self::Signal(_) => "signal",
            Self::Rate => "rate",
            Self::Factor => "factor",
            Self::Error => "error",
        }
    }
}

/// Recorded signals, one row a call.
#[derive(Debug, Default)]
pub(super) struct Signals {
    columns: Vec<Column>,
    /// Row after row.
    values: Vec<f64>,
}

impl Signals {
    pub(super) fn read(path: &Path, steps: u32) -> Result<Self, Failure> {
        let bytes = report::read(path, MAX_SIGNALS)?;
        let text = str::from_utf8(&bytes).map_err(|_| {
            Failure::about(
                path.display(),
                "not UTF-8 text; give comma-separated values",
            )
        })?;
        Self::parse(text, steps).map_err(|error| Failure::about(path.display(), error))
    }

    fn parse(text: &str, steps: u32) -> Result<Self, String> {
        let mut lines = text
            .lines()
            .enumerate()
            .filter(|(_, l)| !l.trim().is_empty());
        let (_, header) = lines
            .next()
            .ok_or("empty; the first line names the columns")?;
        let mut columns = Vec::new();
        for name in header
            .trim_start_matches('\u{feff}')
            .split(',')
            .map(str::trim)
        {
            let column = Column::from_name(name).ok_or_else(|| {
                let names: Vec<&str> = SignalKind::ALL.iter().map(|kind| kind.name()).collect();
                format!(
                    "column `{name}` is unknown; columns are call, time, {}, rate, factor, error",
                    names.join(", ")
                )
            })?;
            if columns.contains(&column) {
                return Err(format!("column `{name}` is there twice; keep one"));
            }
            columns.push(column);
        }
        let mut values = Vec::new();
        let mut rows = 0_u32;
        for (number, line) in lines {
            let line_number = number + 1;
            let fields = line.split(',').count();
            if fields != columns.len() {
                return Err(format!(
                    "line {line_number} has {fields} fields but the header has {}",
                    columns.len()
                ));
            }
            for (field, column) in line.split(',').map(str::trim).zip(&columns) {
                let value = match field {
                    "" => f64::NAN,
                    _ => field.parse().map_err(|_| {
                        format!(
                            "line {line_number}: `{field}` is not a number; empty is not measured"
                        )
                    })?,
                };
                if *column == Column::Call && value != f64::from(rows) {
                    return Err(format!(
                        "line {line_number} is call {field} but should be call {rows}; \
                         give every call once, in order"
                    ));
                }
                values.push(value);
            }
            rows = rows.saturating_add(1);
        }
        if rows != steps {
            return Err(format!(
                "{rows} rows of signals but --steps is {steps}; give one row a call"
            ));
        }
        Ok(Self { columns, values })
    }

    /// The value of a call, NaN if it was not recorded.
    pub(super) fn at(&self, column: Column, call: u32) -> f64 {
        let index = self.columns.iter().position(|c| *c == column);
        index
            .and_then(|i| self.values.get(call as usize * self.columns.len() + i))
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// The sampler's time at a call: 1000 falling evenly to 0 if it was not recorded.
    pub(super) fn time(&self, call: u32, steps: u32) -> f64 {
        if self.columns.contains(&Column::Time) {
            return self.at(Column::Time, call);
        }
        1000.0 * (1.0 - f64::from(call) / f64::from(steps))
    }

    /// Tells which columns the policy would have used.
    pub(super) fn note_missing(&self, policy: &Policy, given: bool) {
        let mut wanted = Vec::new();
        if policy.gauge.measures() {
            wanted.push(Column::Signal(policy.gauge.signal));
        }
        for (column, asked) in [
            (Column::Rate, policy.wants() == Wants::Rate),
            (
                Column::Factor,
                policy.predictor.kind == PredictorKind::Aligned,
            ),
            (Column::Error, policy.verify.kind != VerifyKind::None),
        ] {
            wanted.extend(asked.then_some(column));
        }
        for column in wanted.into_iter().filter(|c| !self.columns.contains(c)) {
            let name = match column {
                Column::Signal(kind) => kind.name(),
                other => other.name(),
            };
            let source = if given {
                "the file has no column"
            } else {
                "without --signals there is no"
            };
            report::note(format_args!(
                "{policy} asks for `{name}`, but {source} `{name}`: calls that need it are computed"
            ));
        }
    }
}
