//! Mixing along principal directions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::columns::ColumnMask;
use crate::error::{Error, Result};

/// Principal directions of the numeric cells of a table, fitted on its training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Numeric cells, with which a row begins.
    pub cells: usize,
    /// The directions `[count, cells]`, row by row: orthonormal, by falling variance.
    pub directions: Vec<f32>,
    /// The variance along each, the eigenvalues `[count]`.
    pub variances: Vec<f64>,
}

impl Basis {
    /// Refuses directions that are not as many rows of `cells` numbers as there are variances, and variances that do
    /// not fall.
    ///
    /// # Errors
    /// [`Error::Shape`], or [`Error::Setting`] naming the number.
    pub fn check(&self) -> Result<()> {
        let expected = self.variances.len() * self.cells;
        if self.cells == 0 || self.directions.len() != expected {
            return Err(Error::Shape {
                what: "principal directions".into(),
                expected: format!("{} of {} cells", self.variances.len(), self.cells),
                got: format!("{} numbers", self.directions.len()),
            });
        }
        if let Some(number) = self.directions.iter().find(|d| !d.is_finite()) {
            return Err(Error::setting("principal direction", "finite", number));
        }
        let mut last = f64::MAX;
        for &variance in &self.variances {
            if !(0.0..=last).contains(&variance) {
                let expected = "at least 0, finite and not above the one before";
                return Err(Error::setting("principal variance", expected, variance));
            }
            last = variance;
        }
        Ok(())
    }

    /// How many directions there are.
    pub fn count(&self) -> usize {
        self.variances.len()
    }

    /// The first `count` directions.
    pub fn first(&self, count: usize) -> Self {
        let count = count.min(self.count());
        Self {
            cells: self.cells,
            directions: self.directions[..count * self.cells].to_vec(),
            variances: self.variances[..count].to_vec(),
        }
    }
}

/// How far rows move towards their partners along some directions; across them they stay.
///
/// ```text
/// shift[r] = V Vᵀ (x[partner] − x[own])            on the numeric cells, V the directions
/// mixed[r] = x[own] + (1 − weight[r])·shift[r]     the categories' cells by the weighted sum
/// mixed[r] = x[own] + V S[r] Vᵀ (x[partner] − x[own]), S the swapped scores; the categories' cells stay
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// The directions along which rows are mixed.
    pub basis: Arc<Basis>,
    /// Which scores a row keeps, a bit a direction; `None` where all are mixed by the weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<ColumnMask>,
}
