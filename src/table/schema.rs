//! What a table holds, learnt in one pass over it.

use std::path::PathBuf;

use serde::Serialize;

use super::kind::{Category, Kind, Role, Summary};
use super::options::ScanOptions;
use super::place::Counted;
use super::tally::First;

/// The columns of a table and how many rows it has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Schema {
    /// The file, or `@NAME`.
    pub path: PathBuf,
    /// Rows, the header not counted.
    pub rows: usize,
    /// The columns in the order of the file.
    pub columns: Vec<Column>,
    /// The classes; none without a label column. The code of a class is its place.
    pub classes: Vec<Category>,
    #[serde(skip)]
    pub(super) options: ScanOptions,
    #[serde(skip)]
    pub(super) counted: Counted,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    /// Its name, or its number where it has none.
    pub name: String,
    /// Its number, from 1.
    pub number: usize,
    /// What it is there for.
    pub role: Role,
    /// What its cells are.
    pub kind: Kind,
    /// Cells that are missing.
    pub missing: u64,
    /// Of a numeric feature.
    pub summary: Option<Summary>,
    /// The names of a categorical feature or of the label; sorted, those of a label that are numbers as numbers. The
    /// code of a name is its place.
    pub categories: Vec<Category>,
    #[serde(skip)]
    pub(super) first_missing: Option<First>,
}

impl Column {
    /// Whether it is a feature of numbers.
    pub fn is_numeric(&self) -> bool {
        self.role == Role::Feature && self.kind.is_numeric()
    }

    /// Whether it is a feature of names.
    pub fn is_coded(&self) -> bool {
        self.role == Role::Feature && self.kind.is_coded()
    }

    /// The name seen most often, of several the first in sorted order.
    pub(super) fn most_frequent(&self) -> u32 {
        let most = self.categories.iter().map(|c| c.rows).max();
        let first = self.categories.iter().position(|c| Some(c.rows) == most);
        first.unwrap_or(0) as u32
    }
}

impl Schema {
    /// The column of the classes.
    pub fn label(&self) -> Option<&Column> {
        self.columns.iter().find(|c| c.role == Role::Label)
    }

    /// The numeric features in the order of the file, which is that of [`Loaded::numbers`](super::Loaded::numbers).
    pub fn numeric(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| c.is_numeric())
    }

    /// The categorical features in the order of the file, which is that of [`Loaded::codes`](super::Loaded::codes).
    pub fn categorical(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| c.is_coded())
    }

    /// The population standard deviation of each numeric feature over all rows.
    pub fn spread(&self) -> Vec<f64> {
        let deviation = |c: &Column| c.summary.map_or(0.0, |s| s.deviation);
        self.numeric().map(deviation).collect()
    }

    /// The names of the classes.
    pub fn class_names(&self) -> Vec<String> {
        self.classes.iter().map(|c| c.name.clone()).collect()
    }

    /// The rows of each class.
    pub fn counts(&self) -> Vec<usize> {
        self.classes.iter().map(|c| c.rows as usize).collect()
    }

    /// The missing cells of all features.
    pub fn missing(&self) -> u64 {
        let features = self.columns.iter().filter(|c| c.role == Role::Feature);
        features.map(|c| c.missing).sum()
    }
}
