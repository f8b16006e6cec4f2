//! Missing cells: what is done about them, and where they are.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What is done about the missing cells of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// They are an error.
    #[default]
    Reject,
    /// A number becomes the median of its column, a category the most frequent one, both over all rows of the file.
    Impute,
    /// They stay missing, marked in [`Loaded::missing`](super::Loaded::missing), with a 0 in their place.
    Carry,
}

impl FromStr for Missing {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "reject" => Ok(Self::Reject),
            "impute" => Ok(Self::Impute),
            "carry" => Ok(Self::Carry),
            _ => Err(Error::Unknown {
                kind: "policy for missing cells",
                name: name.into(),
                known: ["reject", "impute", "carry"].map(String::from).into(),
            }),
        }
    }
}

/// Which cells of rows are missing: a bit a cell, numeric features first, then categorical ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingCells {
    /// Words of 64 cells that a row takes.
    width: usize,
    words: Vec<u64>,
}

impl MissingCells {
    pub(super) fn new(cells: usize) -> Self {
        Self {
            width: cells.div_ceil(64),
            words: Vec::new(),
        }
    }

    pub(super) fn push_row(&mut self) {
        self.words.resize(self.words.len() + self.width, 0);
    }

    /// Marks a cell of the last row.
    pub(super) fn mark(&mut self, cell: usize) {
        let row = self.words.len() - self.width;
        self.words[row + cell / 64] |= 1 << (cell % 64);
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.words.extend_from_slice(&other.words);
    }

    /// The same rows with these cells only, in this order.
    pub(super) fn only(&self, cells: &[usize]) -> Self {
        let rows = self.words.len() / self.width.max(1);
        let mut only = Self::new(cells.len());
        for row in 0..rows {
            only.push_row();
            for (place, &cell) in cells.iter().enumerate() {
                if self.is_missing(row, cell) {
                    only.mark(place);
                }
            }
        }
        only
    }

    /// The bits, a row behind the other.
    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    /// Whether a cell of a row is missing; numeric features come first, then categorical ones.
    pub fn is_missing(&self, row: usize, cell: usize) -> bool {
        let word = self.words.get(row * self.width + cell / 64);
        word.is_some_and(|w| cell / 64 < self.width && w >> (cell % 64) & 1 == 1)
    }

    /// The missing cells of the rows that `rows` lists, one behind the other.
    ///
    /// # Errors
    /// [`Error::Shape`] for a row that there is not.
    pub fn of(&self, rows: &[u32]) -> Result<Self> {
        let mut words = Vec::with_capacity(rows.len() * self.width);
        for &row in rows {
            let from = row as usize * self.width;
            let row = self.words.get(from..from + self.width);
            words.extend_from_slice(row.ok_or_else(|| Error::Shape {
                what: "rows with missing cells".into(),
                expected: format!("rows below {}", self.words.len() / self.width.max(1)),
                got: "one beyond".into(),
            })?);
        }
        Ok(Self {
            width: self.width,
            words,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_bits() {
        let mut cells = MissingCells::new(70);
        for mark in [0, 63, 64, 69] {
            cells.push_row();
            cells.mark(mark);
        }
        let chosen = cells.of(&[3, 0, 3]).expect("rows that there are");
        for (row, mark) in [(0, 69), (1, 0), (2, 69)] {
            for cell in 0..70 {
                assert_eq!(chosen.is_missing(row, cell), cell == mark);
            }
        }
        let only = cells.only(&[64, 0]);
        assert!(only.is_missing(2, 0) && only.is_missing(0, 1));
        assert!((0..4).all(|r| only.is_missing(r, 0) == (r == 2)));
        assert!(matches!(cells.of(&[4]), Err(Error::Shape { .. })));
    }
}
