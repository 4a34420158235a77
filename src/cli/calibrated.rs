//! Files of calibrated tables.

use std::path::Path;

use alloc::format;
use alloc::string::{String, ToString};

use super::report::{self, Failure};
use crate::policy::{Method, Policy, TableFile};

/// Longest table, in bytes.
const MAX_TABLE: u64 = 1 << 20;

/// A calibrated table and the file it is from.
#[derive(Clone, Debug)]
pub(super) struct Table {
    path: String,
    text: String,
}

impl Table {
    /// Reads and checks a table.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = report::read(path, MAX_TABLE)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::about(path.display(), "not UTF-8 text; give a table"))?;
        let table = Self {
            path: path.display().to_string(),
            text,
        };
        table.parse()?;
        Ok(table)
    }

    fn parse(&self) -> Result<TableFile<'_>, Failure> {
        TableFile::parse(&self.text).map_err(|error| Failure::about(&self.path, error))
    }

    /// The method it is for.
    pub(super) fn method(&self) -> Result<Method, Failure> {
        Ok(self.parse()?.method)
    }

    /// The policy with what the table sets.
    pub(super) fn apply(&self, policy: &Policy) -> Result<Policy, Failure> {
        policy
            .with_table(&self.parse()?)
            .map_err(|error| Failure::about(&self.path, error))
    }

    /// Says on standard error where the table was made for something else.
    pub(super) fn note_other(&self, model: &str, steps: u32) -> Result<(), Failure> {
        let table = self.parse()?;
        for (field, ours) in [("model", model.to_string()), ("steps", steps.to_string())] {
            if let Some(theirs) = table.get(field).filter(|theirs| *theirs != ours) {
                report::note(format!(
                    "{}: made for {field} {theirs}, used with {ours}",
                    self.path
                ));
            }
        }
        Ok(())
    }
}
