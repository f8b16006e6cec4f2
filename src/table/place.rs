//! Where in a file a cell stands: a line of text, or a row where there are no lines.

use std::path::Path;

use crate::data::shorten;
use crate::error::Error;

/// What places in a file count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Lines, from 1.
    Lines,
    /// Rows, from 0.
    #[cfg(feature = "cli")]
    Rows,
}

impl Counted {
    /// An error about a cell.
    pub fn wrong(self, path: &Path, at: u64, column: &str, expected: &str, value: &str) -> Error {
        match self {
            Self::Lines => Error::Cell {
                path: path.into(),
                line: at,
                column: Some(shorten(column)),
                expected: expected.into(),
                value: value.into(),
            },
            #[cfg(feature = "cli")]
            Self::Rows => Error::file(
                path,
                format!(
                    "row {at} (from 0), column '{}': expected {expected}, got '{value}'",
                    shorten(column)
                ),
            ),
        }
    }
}
