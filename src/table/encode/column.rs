//! What is learnt of one column.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::data_set::{CodedColumn, DataSet};
use super::super::quantiles::quantile;
use super::settings::NumericEncoding;
use super::transform::Transform;
use crate::error::{Error, Result};

/// The index of a missing category.
pub(super) const MISSING: u32 = 0;
/// The index of a category that no training row has.
pub(super) const UNSEEN: u32 = 1;
/// The index of the first category that training rows have.
pub(super) const FIRST: u32 = 2;

/// What is learnt of a numeric column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NumericColumn {
    pub name: String,
    /// Training rows that have a number.
    pub present: usize,
    /// Training rows that have none. If there are any, the last cell says whether a row misses it.
    pub missing: usize,
    /// The median of the training rows, in place of missing numbers.
    pub median: f64,
    pub transform: Transform,
}

impl NumericColumn {
    /// Learns column `j`, in memory of its own size.
    pub fn fit(encoding: NumericEncoding, data: &DataSet, j: usize, rows: &[u32]) -> Self {
        let there = rows.iter().map(|&r| r as usize);
        let there = there.filter(|&r| !data.is_missing(r, j));
        let mut numbers: Vec<f64> = there.map(|r| data.numbers_of(r)[j]).collect();
        Self {
            name: data.numeric[j].clone(),
            present: numbers.len(),
            missing: rows.len() - numbers.len(),
            median: quantile(&mut numbers, 0.5),
            transform: Transform::fit(encoding, &mut numbers),
        }
    }

    /// Cells that the column takes.
    pub fn cells(&self) -> usize {
        self.transform.cells() + usize::from(self.missing > 0)
    }

    /// Writes the cells of a number; whether one had to be clipped. A column that no training row has is missing in
    /// every row.
    pub fn apply(&self, x: f64, missing: bool, cells: &mut [f32]) -> bool {
        let missing = missing || self.present == 0;
        let (values, indicator) = cells.split_at_mut(self.transform.cells());
        if let Some(cell) = indicator.first_mut() {
            *cell = f32::from(u8::from(missing));
        }
        self.transform.apply(x, values)
    }
}

/// What is learnt of a categorical column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoricalColumn {
    pub name: String,
    /// Training rows that have no category.
    pub missing: usize,
    /// The categories of the training rows, sorted as the column has them: index 2 and more.
    pub categories: Vec<String>,
    /// Training rows of each.
    pub rows: Vec<usize>,
}

impl CategoricalColumn {
    /// Learns categorical column `j`.
    pub fn fit(data: &DataSet, j: usize, rows: &[u32]) -> Result<Self> {
        let column = &data.categorical[j];
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        let mut missing = 0;
        for &row in rows {
            match data.is_missing(row as usize, data.numeric.len() + j) {
                true => missing += 1,
                false => *counts.entry(data.codes_of(row as usize)[j]).or_default() += 1,
            }
        }
        let name = |&code: &u32| {
            let name = column.categories.get(code as usize);
            name.cloned().ok_or_else(|| no_code(column, code))
        };
        Ok(Self {
            name: column.name.clone(),
            missing,
            categories: counts.keys().map(name).collect::<Result<_>>()?,
            rows: counts.into_values().collect(),
        })
    }

    /// Indices of the column.
    pub fn indices(&self) -> usize {
        FIRST as usize + self.categories.len()
    }
}

/// The error for a code that its column does not have.
pub(super) fn no_code(column: &CodedColumn, code: u32) -> Error {
    Error::Shape {
        what: format!("column '{}'", column.name),
        expected: format!("codes below {}", column.categories.len()),
        got: code.to_string(),
    }
}
