//! The rows that trees see, checked once.

use rayon::prelude::*;

use crate::error::{Error, Result};

/// Rows that one task scores at a time.
const ROWS_A_TASK: usize = 2048;

/// Rows of finite numbers, row by row `[rows, width]`; categories are spread to 0/1 columns by the caller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix<'a> {
    values: &'a [f32],
    width: usize,
}

impl<'a> Matrix<'a> {
    /// `values` as whole rows of `width` numbers.
    ///
    /// ```
    /// use candle_mixup::detect::Matrix;
    ///
    /// let rows = Matrix::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2)?;
    /// assert_eq!(rows.row(1), [3.0, 4.0]);
    /// # Ok::<(), candle_mixup::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Data`] where there are no rows or no columns, [`Error::Shape`] where the last row is not whole,
    /// [`Error::Value`] with row and column for a number that is not finite.
    pub fn new(values: &'a [f32], width: usize) -> Result<Self> {
        if values.is_empty() || width == 0 {
            return Err(Error::Data(
                "trees need at least one row and one column".into(),
            ));
        }
        if !values.len().is_multiple_of(width) {
            return Err(Error::Shape {
                what: "rows for trees".into(),
                expected: format!("whole rows of {width} numbers"),
                got: format!("{} numbers", values.len()),
            });
        }
        match values.iter().position(|v| !v.is_finite()) {
            Some(at) => Err(Error::Value {
                row: at / width,
                column: at % width,
                expected: "a finite number",
                value: f64::from(values[at]),
            }),
            None => Ok(Self { values, width }),
        }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All numbers, row by row.
    pub fn values(&self) -> &'a [f32] {
        self.values
    }

    /// Row `row`, which must be below [`Self::rows`].
    pub fn row(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.width..][..self.width]
    }

    /// All numbers, column by column.
    #[cfg(feature = "trees")]
    pub(super) fn by_column(&self) -> Vec<f32> {
        let mut columns = Vec::with_capacity(self.values.len());
        for column in 0..self.width {
            columns.extend(self.values.iter().skip(column).step_by(self.width));
        }
        columns
    }

    /// That the rows are as wide as those learnt from.
    pub(super) fn expect_width(&self, width: usize) -> Result<()> {
        if self.width == width {
            return Ok(());
        }
        Err(Error::Shape {
            what: "rows for trees".into(),
            expected: format!("rows of {width} numbers, as learnt"),
            got: format!("rows of {}", self.width),
        })
    }

    /// What `score` makes of each block of rows, one after the other; blocks are the same at any thread count.
    pub(super) fn by_blocks<T: Send>(
        &self,
        score: impl Fn(Matrix) -> Result<Vec<T>> + Sync,
    ) -> Result<Vec<T>> {
        let blocks = self.values.par_chunks(ROWS_A_TASK * self.width);
        let scored = blocks.map(|values| {
            score(Matrix {
                values,
                width: self.width,
            })
        });
        Ok(scored
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect())
    }
}
