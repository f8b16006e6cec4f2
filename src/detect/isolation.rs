//! Isolation forest (Liu, Ting and Zhou 2008): a row that few random cuts set apart is unusual.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Matrix;
use super::isolation_tree::{IsolationTree, average_path};
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream, name_key};

/// An isolation forest. It uses no labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Isolation {
    /// Trees; default 100.
    pub trees: usize,
    /// Rows that a tree sees, drawn without replacement; default 256, at most all rows.
    pub sample: usize,
}

impl Default for Isolation {
    fn default() -> Self {
        Self {
            trees: 100,
            sample: 256,
        }
    }
}

impl Isolation {
    /// Refuses settings outside their ranges.
    ///
    /// # Errors
    /// [`Error::Setting`] with the setting's range and value.
    pub fn check(&self) -> Result<()> {
        if self.trees == 0 {
            return Err(Error::setting("trees", "at least 1", self.trees));
        }
        if self.sample < 2 {
            return Err(Error::setting("sample", "at least 2", self.sample));
        }
        Ok(())
    }

    /// Grows the trees over `rows`. A cut's column is drawn among those that vary within the node.
    ///
    /// ```
    /// use candle_mixup::detect::{Isolation, Matrix};
    ///
    /// let values: Vec<f32> = (0..40).map(|i| if i == 7 { 99.0 } else { (i % 5) as f32 }).collect();
    /// let rows = Matrix::new(&values, 1)?;
    /// let scores = Isolation::default().fit(&rows, 0)?.scores(&rows)?;
    /// assert!(scores[7] > 0.7 && scores[8] < 0.5);
    /// # Ok::<(), candle_mixup::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] for settings outside their ranges, [`Error::Data`] where there is only one row.
    pub fn fit(&self, rows: &Matrix, seed: u64) -> Result<Isolated> {
        self.check()?;
        let sample = self.sample.min(rows.rows());
        if sample < 2 {
            return Err(Error::Data(
                "an isolation forest needs at least 2 rows, got 1".into(),
            ));
        }
        let limit = sample.next_power_of_two().ilog2() as usize;
        let trees = (0..self.trees as u64).into_par_iter().map(|tree| {
            let mut stream = Stream::keyed(seed, Purpose::Tree, name_key("isolation"), tree);
            let drawn = draw(rows.rows(), sample, &mut stream);
            IsolationTree::grow(rows, drawn, limit, &mut stream)
        });
        Ok(Isolated {
            trees: trees.collect(),
            average: average_path(sample),
            width: rows.width(),
        })
    }
}

/// A grown isolation forest.
#[derive(Debug, Clone, PartialEq)]
pub struct Isolated {
    trees: Vec<IsolationTree>,
    average: f64,
    width: usize,
}

impl Isolated {
    /// 2^(−mean path / average path) of each row, in (0, 1]: near 1 for anomalies, below 0.5 for ordinary rows, and 0.5
    /// throughout where all rows are equal (equation 2).
    ///
    /// # Errors
    /// [`Error::Shape`] where rows are not as wide as those learnt from.
    pub fn scores(&self, rows: &Matrix) -> Result<Vec<f32>> {
        rows.expect_width(self.width)?;
        rows.by_blocks(|block| {
            Ok((0..block.rows())
                .map(|i| self.score(block.row(i)))
                .collect())
        })
    }

    fn score(&self, row: &[f32]) -> f32 {
        let paths: f64 = self.trees.iter().map(|tree| tree.path(row)).sum();
        (-paths / self.trees.len() as f64 / self.average).exp2() as f32
    }
}

/// `count` of 0..n without replacement, each set equally likely (Floyd's algorithm; Bentley and Floyd 1987).
fn draw(n: usize, count: usize, stream: &mut Stream) -> Vec<usize> {
    let mut drawn = BTreeSet::new();
    for last in n - count..n {
        let row = stream.below(last + 1);
        if !drawn.insert(row) {
            drawn.insert(last);
        }
    }
    drawn.into_iter().collect()
}
