//! Files of calibrated tables.

use std::path::{Path, PathBuf};

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::report::{self, Failure};
use crate::dit::Model;
use crate::policy::{Policy, TableFile};

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

    /// Reads tables for a model and a run of so many steps, and says where they were made for others.
    pub(super) fn read_all(
        paths: &[PathBuf],
        model: &Model,
        steps: u32,
    ) -> Result<Vec<Self>, Failure> {
        let tables = paths.iter().map(|path| Self::read(path));
        let tables: Vec<Self> = tables.collect::<Result<_, _>>()?;
        for table in &tables {
            table.note_other(model, steps)?;
        }
        Ok(tables)
    }

    /// The policy with what the table sets, if it is for its method.
    pub(super) fn apply_if_meant(&self, policy: &Policy) -> Result<Policy, Failure> {
        if self.parse()?.method == policy.method {
            self.apply(policy)
        } else {
            Ok(*policy)
        }
    }

    /// The policy with what the table sets.
    pub(super) fn apply(&self, policy: &Policy) -> Result<Policy, Failure> {
        policy
            .with_table(&self.parse()?)
            .map_err(|error| Failure::about(&self.path, error))
    }

    /// Says on standard error where the table was made for something else. The checkpoint counts, or
    /// where the table does not say it, the model's name.
    fn note_other(&self, model: &Model, steps: u32) -> Result<(), Failure> {
        let table = self.parse()?;
        let name = model.known_as().unwrap_or("another");
        let about_model = match table.get("checkpoint") {
            Some(_) => ("checkpoint", format!("{:016x}", model.fingerprint())),
            None => ("model", name.to_string()),
        };
        for (field, ours) in [about_model, ("steps", steps.to_string())] {
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
