//! What training and evaluation read: rows by number, in the model's own input form.

use crate::error::Result;

/// Rows that a model can read, by number.
pub trait RowSource: Sync {
    /// What the model's forward pass takes: a token batch, a table batch, an image batch.
    type Input;

    /// Number of rows.
    fn len(&self) -> usize;

    /// Whether there is no row.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// These rows, in this order, as one batch.
    ///
    /// # Errors
    /// Candle's.
    fn batch(&self, rows: &[u32]) -> Result<Self::Input>;

    /// How large a row is (tokens of a text): rows of similar size are batched together. 1 where all are alike.
    fn size(&self, _row: u32) -> usize {
        1
    }
}
