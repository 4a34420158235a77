//! Tables of text.

use core::fmt;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// For words.
    Left,
    /// For numbers.
    Right,
}

/// Rows under a header, each column as wide as its widest cell.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with that header.
    pub(super) fn new<'a>(header: impl AsRef<[(&'a str, Align)]>) -> Self {
        let header = header.as_ref();
        Self {
            columns: header.iter().map(|(_, align)| *align).collect(),
            rows: alloc::vec![header.iter().map(|(name, _)| name.to_string()).collect()],
        }
    }

    /// Adds a row, one cell a column.
    pub(super) fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        for (i, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for ((cell, align), width) in row.iter().zip(&self.columns).zip(&widths) {
                line.push_str(&match align {
                    Align::Left => alloc::format!("{cell:<width$}  "),
                    Align::Right => alloc::format!("{cell:>width$}  "),
                });
            }
            let end = if i + 1 < self.rows.len() { "\n" } else { "" };
            write!(f, "{}{end}", line.trim_end())?;
        }
        Ok(())
    }
}
