//! How rows are encoded, as a user says it.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How a table's rows are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncodeSettings {
    /// What becomes of a number. Default: `standard`.
    pub numeric: NumericEncoding,
}

/// What becomes of a number. Missing ones are left out of every statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum NumericEncoding {
    /// `(x − mean) / deviation`, with the population's deviation; a constant column becomes 0.
    #[default]
    Standard,
    /// Its rank among the training rows as a standard normal number, within ±5.1993; a constant column becomes 0.
    /// At most 1000 ranks are kept and the others lie on lines between them. Numbers that occur several times have the
    /// middle of their ranks.
    Quantile,
    /// Several cells, each of which rises from 0 to 1 within one of the bins (Gorishniy, Rubachev, Babenko 2022,
    /// section 3.1). Bins hold equally many training rows; a constant column has one cell, 0.
    Piecewise {
        /// Bins, 2 to 1000; equal borders make fewer. Default: 16.
        #[serde(default = "sixteen")]
        bins: usize,
    },
    /// `(x − least) / (greatest − least)`; a constant column becomes 0.
    MinMax,
    /// The number as it is.
    None,
}

fn sixteen() -> usize {
    16
}

impl EncodeSettings {
    /// # Errors
    /// [`Error::Setting`] for a number of bins out of its range.
    pub fn check(&self) -> Result<()> {
        match self.numeric {
            NumericEncoding::Piecewise { bins } if !(2..=1000).contains(&bins) => {
                Err(Error::setting("bins", "2 to 1000", bins))
            }
            _ => Ok(()),
        }
    }
}
