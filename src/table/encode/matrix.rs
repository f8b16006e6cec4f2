//! Encoded rows as one plain matrix, for learners that know numbers only.

use super::super::encoded::EncodedRows;
use super::column::{CategoricalColumn, FIRST};
use super::encoder::Encoder;
use crate::error::{Error, Result};

/// Most columns that a categorical feature is spread to.
const MOST: usize = 255;

impl Encoder {
    /// Numeric cells and behind them every category as a column of 0 and 1, `[rows, width]`, and the width.
    ///
    /// A feature of more than 255 indices keeps those of missing and unseen categories and the 253 that most rows
    /// have on which the encoder was fitted, of equals the first; rows of the others have 0 everywhere.
    ///
    /// # Errors
    /// [`Error::Shape`] for rows of another encoder.
    pub fn matrix(&self, rows: &EncodedRows) -> Result<(Vec<f32>, usize)> {
        if rows.shape != self.shape {
            return Err(Error::Shape {
                what: "encoded rows".into(),
                expected: format!("{:?}", self.shape),
                got: format!("{:?}", rows.shape),
            });
        }
        let mut width = self.shape.cells();
        let mut places = Vec::with_capacity(self.learnt.categorical.len());
        for column in &self.learnt.categorical {
            places.push(spread(column, width));
            width += column.indices().min(MOST);
        }
        let mut matrix = vec![0.0; rows.len * width];
        for (row, cells) in (0..).zip(matrix.chunks_exact_mut(width.max(1))) {
            let numbers = rows.numbers_of(row);
            cells[..numbers.len()].copy_from_slice(numbers);
            for (places, &index) in places.iter().zip(rows.codes_of(row)) {
                if let Some(place) = places.get(index as usize).copied().flatten() {
                    cells[place] = 1.0;
                }
            }
        }
        Ok((matrix, width))
    }
}

/// The column of the matrix of each index of a feature, which begins at `from`.
fn spread(column: &CategoricalColumn, from: usize) -> Vec<Option<usize>> {
    let first = FIRST as usize;
    let mut most: Vec<usize> = (0..column.rows.len()).collect();
    most.sort_by_key(|&i| std::cmp::Reverse(column.rows[i]));
    most.truncate(MOST - first);
    let mut kept = vec![false; column.indices()];
    kept[..first].fill(true);
    most.into_iter().for_each(|i| kept[first + i] = true);
    let mut next = from..;
    let place = |kept: bool| kept.then(|| next.next()).flatten();
    kept.into_iter().map(place).collect()
}
