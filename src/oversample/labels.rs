//! Soft labels of synthetic rows.
//!
//! ```text
//! target[r] = label_weight[r]·y[own[r]] + (1 − label_weight[r])·y[partner[r]],  y one-hot
//! ```

use super::engine::{Balanced, Made};
use crate::error::{Error, Result};
use crate::split::Strata;

impl Balanced {
    /// The targets of all synthetic rows, `[len, classes]` row by row, in the order of
    /// [`Balanced::numbers`]; every row adds up to 1.
    ///
    /// There is a column for each class that is named or occurs. A derived partner, such as the mean of a class, is of
    /// the class that was made. `strata` are those of the rows that were balanced.
    ///
    /// # Errors
    /// [`Error::Pairs`] if `strata` lack a row that the recipes name.
    pub fn targets(&self, strata: Strata<'_>) -> Result<Vec<f64>> {
        let most = strata.classes.iter().max().map_or(0, |&c| c as usize + 1);
        let classes = most.max(strata.names.len()).max(1);
        let mut targets = vec![0.0; self.len() * classes];
        let mut rows = targets.chunks_exact_mut(classes);
        for made in &self.made {
            for (r, row) in rows.by_ref().take(made.recipe.len()).enumerate() {
                let label_weight = made.recipe.pairs.label_weight()[r];
                row[class_of(made, strata, "own", r)?] += label_weight;
                if label_weight < 1.0 {
                    row[class_of(made, strata, "partner", r)?] += 1.0 - label_weight;
                }
            }
        }
        Ok(targets)
    }
}

/// The class of one parent of row `r`.
fn class_of(made: &Made, strata: Strata<'_>, column: &'static str, r: usize) -> Result<usize> {
    let pairs = &made.recipe.pairs;
    let parent = if column == "own" {
        pairs.own()
    } else {
        pairs.partner()
    }[r];
    match strata.classes.get(parent as usize) {
        Some(&class) => Ok(class as usize),
        None if column == "partner" && !made.recipe.derived.is_empty() => Ok(made.class as usize),
        None => Err(Error::Pairs {
            column,
            row: r,
            expected: format!("below the {} rows with a class", strata.classes.len()),
            value: parent.to_string(),
        }),
    }
}
