//! What the user says about the columns of a table, and to which columns it applies.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::kind::Role;
use crate::data::{Header, shorten};
use crate::error::{Error, Result};

/// How a table is read. A column is given by its name or, where no column has that name, by its number from 1: `3` or
/// `#3`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScanOptions {
    /// The column of the classes. Default: none, and every column is a feature.
    pub label: Option<String>,
    /// Columns whose cells are names whatever they look like.
    pub categorical: Vec<String>,
    /// Columns in which anything but a number is an error.
    pub numeric: Vec<String>,
    /// Columns that are carried along and otherwise left alone.
    pub ignore: Vec<String>,
    /// Cells that stand for a missing one, beside the empty cell.
    pub na_values: Vec<String>,
    /// Whether the first line of a csv or tsv file names its columns.
    pub header: Header,
}

/// What is known of a column before its cells are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A feature whose kind its cells decide.
    Any,
    Categorical,
    Numeric,
    Label,
    Ignored,
}

impl Wanted {
    pub fn role(self) -> Role {
        match self {
            Self::Label => Role::Label,
            Self::Ignored => Role::Ignored,
            Self::Any | Self::Categorical | Self::Numeric => Role::Feature,
        }
    }
}

impl ScanOptions {
    /// What is wanted of each column.
    pub(super) fn wanted(&self, path: &Path, names: &[String]) -> Result<Vec<Wanted>> {
        let mut wanted = vec![Wanted::Any; names.len()];
        let lists = [
            (self.label.as_slice(), Wanted::Label, "label"),
            (&self.categorical, Wanted::Categorical, "categorical"),
            (&self.numeric, Wanted::Numeric, "numeric"),
            (&self.ignore, Wanted::Ignored, "ignore"),
        ];
        let mut said: Vec<Option<&str>> = vec![None; names.len()];
        for (columns, want, list) in lists {
            for column in columns {
                let i = find(path, names, column)?;
                if let Some(before) = said[i].replace(list) {
                    return Err(named_twice(column, before, list));
                }
                wanted[i] = want;
            }
        }
        check_twins(path, names, &wanted)?;
        Ok(wanted)
    }

    /// Whether a cell of a text file is missing.
    pub(super) fn is_missing(&self, cell: &[u8]) -> bool {
        cell.is_empty() || self.names_missing(cell)
    }

    /// Whether a text stands for a missing cell; the empty text of a Parquet or Arrow file does not.
    pub(super) fn names_missing(&self, text: &[u8]) -> bool {
        self.na_values.iter().any(|na| na.as_bytes() == text)
    }
}

pub(super) fn named_twice(column: &str, before: &str, list: &str) -> Error {
    Error::Conflict(match before == list {
        true => format!("column '{column}' is named twice in --{list}"),
        false => format!("column '{column}' is named in --{before} and in --{list}"),
    })
}

/// The place of a column given by its name or its number.
pub(super) fn find(path: &Path, names: &[String], column: &str) -> Result<usize> {
    let same: Vec<usize> = (0..names.len()).filter(|&i| names[i] == column).collect();
    let number = column.strip_prefix('#').unwrap_or(column);
    let numbered = || number.parse::<usize>().ok()?.checked_sub(1);
    match same.as_slice() {
        [one] => Ok(*one),
        [first, second, ..] => Err(twins(path, column, *first, *second)),
        [] => numbered()
            .filter(|i| *i < names.len())
            .ok_or_else(|| Error::MissingColumn {
                path: path.into(),
                column: column.into(),
                columns: names.iter().map(|n| shorten(n)).collect(),
            }),
    }
}

/// Refuses a name that a feature or the label shares with another column.
fn check_twins(path: &Path, names: &[String], wanted: &[Wanted]) -> Result<()> {
    let mut seen = std::collections::HashMap::new();
    for (i, name) in names.iter().enumerate() {
        if let Some(first) = seen.insert(name.as_str(), i) {
            let used = |i: usize| wanted[i] != Wanted::Ignored;
            if used(first) || used(i) {
                return Err(twins(path, name, first, i));
            }
        }
    }
    Ok(())
}

fn twins(path: &Path, name: &str, first: usize, second: usize) -> Error {
    Error::file(
        path,
        format!(
            "the name '{0}' stands twice, in columns {1} and {2}; rename one, or say --ignore '#{1},#{2}'",
            shorten(name),
            first + 1,
            second + 1
        ),
    )
}
