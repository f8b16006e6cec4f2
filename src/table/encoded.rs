//! Table rows as a model reads them: numeric cells after their transform, and category indices.

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::source::RowSource;

/// What an encoded row consists of.
///
/// A numeric feature takes one cell or more: its value, or several for a piecewise-linear encoding, and behind them one
/// that is 1 where the value was missing, if training rows ever missed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableShape {
    /// Cells of each numeric feature.
    pub numeric: Vec<usize>,
    /// Indices of each categorical feature: 0 stands for a missing value, 1 for a category that no training row has.
    pub categories: Vec<usize>,
}

impl TableShape {
    /// Numeric cells of a row.
    pub fn cells(&self) -> usize {
        self.numeric.iter().sum()
    }

    /// Features of a row.
    pub fn features(&self) -> usize {
        self.numeric.len() + self.categories.len()
    }
}

/// Encoded rows.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedRows {
    /// What a row consists of.
    pub shape: TableShape,
    /// `[rows, shape.cells()]`.
    pub numbers: Vec<f32>,
    /// `[rows, shape.categories.len()]`.
    pub codes: Vec<u32>,
    /// Number of rows.
    pub len: usize,
}

impl EncodedRows {
    /// The rows of `other` behind these.
    ///
    /// # Errors
    /// [`Error::Shape`] for rows of another shape.
    pub fn append(&mut self, other: &Self) -> Result<()> {
        if self.shape != other.shape {
            return Err(Error::Shape {
                what: "encoded rows to append".into(),
                expected: format!("{:?}", self.shape),
                got: format!("{:?}", other.shape),
            });
        }
        self.numbers.extend_from_slice(&other.numbers);
        self.codes.extend_from_slice(&other.codes);
        self.len += other.len;
        Ok(())
    }

    /// The numeric cells of a row.
    pub fn numbers_of(&self, row: u32) -> &[f32] {
        let cells = self.shape.cells();
        &self.numbers[row as usize * cells..][..cells]
    }

    /// The category indices of a row.
    pub fn codes_of(&self, row: u32) -> &[u32] {
        let categories = self.shape.categories.len();
        &self.codes[row as usize * categories..][..categories]
    }
}

/// What a table model's forward pass reads.
#[derive(Debug, Clone)]
pub struct TableBatch {
    /// f32 `[rows, cells]`; no cells where there is no numeric feature.
    pub numbers: Tensor,
    /// u32 `[rows, categories]`; no columns where there is no categorical feature.
    pub codes: Tensor,
}

/// Encoded rows as training reads them.
#[derive(Debug, Clone)]
pub struct TableSource<'a> {
    rows: &'a EncodedRows,
    device: Device,
}

impl<'a> TableSource<'a> {
    /// Batches of `rows` on `device`.
    pub fn new(rows: &'a EncodedRows, device: Device) -> Self {
        Self { rows, device }
    }
}

impl RowSource for TableSource<'_> {
    type Input = TableBatch;

    fn len(&self) -> usize {
        self.rows.len
    }

    fn batch(&self, rows: &[u32]) -> Result<TableBatch> {
        let shape = &self.rows.shape;
        let (cells, categories) = (shape.cells(), shape.categories.len());
        let mut numbers = Vec::with_capacity(rows.len() * cells);
        let mut codes = Vec::with_capacity(rows.len() * categories);
        for &row in rows {
            numbers.extend_from_slice(self.rows.numbers_of(row));
            codes.extend_from_slice(self.rows.codes_of(row));
        }
        Ok(TableBatch {
            numbers: Tensor::from_vec(numbers, (rows.len(), cells), &self.device)?,
            codes: Tensor::from_vec(codes, (rows.len(), categories), &self.device)?,
        })
    }
}
