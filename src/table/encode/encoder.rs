//! The encoder: what was learnt of every column.

use std::collections::HashSet;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::data_set::DataSet;
use super::super::encoded::TableShape;
use super::column::{CategoricalColumn, NumericColumn};
use super::matched::check;
use super::settings::EncodeSettings;
use crate::error::{Error, Result};

/// Turns raw rows into what a model reads, by what the training rows say.
///
/// Written and read again as JSON it is the same to the last bit.
///
/// ```
/// use candle_mixup::table::{DataSet, EncodeSettings, Encoder, Target};
///
/// let data = DataSet {
///     numbers: vec![1.0, 3.0, 9.0],
///     numeric: vec!["x".into()],
///     codes: vec![],
///     categorical: vec![],
///     missing: None,
///     target: Target::Nothing { rows: 3 },
///     groups: None,
/// };
/// let encoder = Encoder::fit(EncodeSettings::default(), &data, &[0, 1])?;
/// let (rows, _) = encoder.encode(&data)?;
/// assert_eq!(rows.numbers, [-1.0, 1.0, 7.0]);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Learnt", try_from = "Learnt")]
pub struct Encoder {
    pub(super) learnt: Learnt,
    pub(super) shape: TableShape,
}

/// What an encoder keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Learnt {
    settings: EncodeSettings,
    /// Rows that it was fitted on.
    rows: usize,
    pub numeric: Vec<NumericColumn>,
    pub categorical: Vec<CategoricalColumn>,
}

impl Encoder {
    /// Learns from the rows of `data` that `rows` lists and looks at no other.
    ///
    /// # Errors
    /// Those of [`EncodeSettings::check`]; [`Error::Data`] for no rows or no features; [`Error::Shape`] for a row
    /// that there is not or a table whose parts do not fit together; [`Error::Value`] for a number that is not finite.
    pub fn fit(settings: EncodeSettings, data: &DataSet, rows: &[u32]) -> Result<Self> {
        settings.check()?;
        check(data)?;
        check_rows(data, rows)?;
        let numeric = (0..data.numeric.len()).into_par_iter();
        let numeric = numeric.map(|j| NumericColumn::fit(settings.numeric, data, j, rows));
        let categorical = (0..data.categorical.len()).into_par_iter();
        let categorical = categorical.map(|j| CategoricalColumn::fit(data, j, rows));
        Ok(Self::of(Learnt {
            settings,
            rows: rows.len(),
            numeric: numeric.collect(),
            categorical: categorical.collect::<Result<_>>()?,
        }))
    }

    fn of(learnt: Learnt) -> Self {
        let shape = TableShape {
            numeric: learnt.numeric.iter().map(NumericColumn::cells).collect(),
            categories: learnt.categorical.iter().map(|c| c.indices()).collect(),
        };
        Self { learnt, shape }
    }

    /// What an encoded row consists of.
    pub fn shape(&self) -> &TableShape {
        &self.shape
    }

    /// The settings it was fitted with.
    pub fn settings(&self) -> EncodeSettings {
        self.learnt.settings
    }

    /// The number of rows it was fitted on.
    pub fn fitted_rows(&self) -> usize {
        self.learnt.rows
    }

    /// The numeric features by name, in the order of their cells.
    pub fn numeric(&self) -> Vec<&str> {
        let columns = self.learnt.numeric.iter();
        columns.map(|c| c.name.as_str()).collect()
    }

    /// The categorical features by name, in the order of their indices.
    pub fn categorical(&self) -> Vec<&str> {
        let columns = self.learnt.categorical.iter();
        columns.map(|c| c.name.as_str()).collect()
    }

    /// Every feature by name, numeric ones first.
    pub fn names(&self) -> Vec<&str> {
        [self.numeric(), self.categorical()].concat()
    }

    /// The numeric cells by name: `x`, or `x 1`, `x 2` and so on where there are several, and `x missing`.
    pub fn cell_names(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.shape.cells());
        for column in &self.learnt.numeric {
            let name = &column.name;
            match column.transform.cells() {
                1 => names.push(name.clone()),
                cells => names.extend((1..=cells).map(|t| format!("{name} {t}"))),
            }
            if column.missing > 0 {
                names.push(format!("{name} missing"));
            }
        }
        names
    }

    /// The categories of a categorical feature that training rows have: that of index 2 first.
    pub fn categories(&self, feature: usize) -> Option<&[String]> {
        let column = self.learnt.categorical.get(feature);
        column.map(|c| c.categories.as_slice())
    }

    /// Features that are missing in all rows it was fitted on: they say nothing, and what other rows have in them is
    /// taken for missing or unseen.
    pub fn empty(&self) -> Vec<&str> {
        let Learnt {
            numeric,
            categorical,
            ..
        } = &self.learnt;
        let numbers = numeric.iter().filter(|c| c.present == 0).map(|c| &c.name);
        let names = categorical.iter().filter(|c| c.categories.is_empty());
        let empty = numbers.chain(names.map(|c| &c.name));
        empty.map(String::as_str).collect()
    }
}

pub(super) fn check_rows(data: &DataSet, rows: &[u32]) -> Result<()> {
    if rows.is_empty() {
        return Err(Error::Data("there is no row to fit an encoder on".into()));
    }
    if data.numeric.is_empty() && data.categorical.is_empty() {
        return Err(Error::Data("the table has no features".into()));
    }
    match rows.iter().find(|&&r| r as usize >= data.len()) {
        None => Ok(()),
        Some(row) => Err(Error::Shape {
            what: "rows to fit an encoder on".into(),
            expected: format!("rows below {}", data.len()),
            got: row.to_string(),
        }),
    }
}

impl From<Encoder> for Learnt {
    fn from(encoder: Encoder) -> Self {
        encoder.learnt
    }
}

impl TryFrom<Learnt> for Encoder {
    type Error = String;

    fn try_from(learnt: Learnt) -> std::result::Result<Self, String> {
        learnt.settings.check().map_err(|e| e.to_string())?;
        for column in &learnt.numeric {
            if let Some(problem) = column.transform.problem() {
                return Err(format!("column '{}' has {problem}", column.name));
            }
        }
        for column in &learnt.categorical {
            let distinct: HashSet<&String> = column.categories.iter().collect();
            let counts = column.rows.len();
            if distinct.len() != column.categories.len() || counts != distinct.len() {
                let name = &column.name;
                return Err(format!(
                    "column '{name}' has {counts} counts for {} distinct categories",
                    distinct.len()
                ));
            }
        }
        Ok(Self::of(learnt))
    }
}
