//! What a table's features are at a model's sites.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::curve_check::check_number;
use crate::error::{Error, Result};
use crate::plan::{Basis, Site};

/// How a table model's sites are made up of features, numeric ones first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Cells of each feature in the flat input row, at least 1.
    pub widths: Vec<usize>,
    /// Tokens of each feature at the embedding; empty where the embedding is flat.
    pub tokens: Vec<usize>,
    /// Cells of a token; 0 where the embedding is flat.
    pub token_width: usize,
    /// The mutual information of each feature with the target, on the training rows; only the proportions count.
    pub information: Vec<f64>,
    /// The principal directions of the numeric cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Arc<Basis>>,
}

impl Features {
    /// How many features there are.
    pub fn count(&self) -> usize {
        self.widths.len()
    }

    /// Whether the embedding is made of tokens.
    pub fn has_tokens(&self) -> bool {
        self.token_width > 0
    }

    /// Cells of each feature at the input or the embedding.
    pub(super) fn segments(&self, site: Site) -> Vec<usize> {
        if site == Site::Embedding && self.has_tokens() {
            self.tokens.iter().map(|t| t * self.token_width).collect()
        } else {
            self.widths.clone()
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let count = self.count();
        if count == 0 {
            return Err(Error::setting("features", "at least one", 0));
        }
        check_cells("features.widths", &self.widths)?;
        check_length("features.information", count, self.information.len())?;
        for information in &self.information {
            check_number("features.information", *information, &(0.0..=f64::MAX))?;
        }
        if self.has_tokens() {
            check_length("features.tokens", count, self.tokens.len())?;
            check_cells("features.tokens", &self.tokens)?;
        } else if self.tokens.iter().any(|&t| t > 0) {
            let expected = "at least 1 where features have tokens";
            return Err(Error::setting("features.token_width", expected, 0));
        }
        self.basis.as_ref().map_or(Ok(()), |b| self.check_basis(b))
    }

    fn check_basis(&self, basis: &Basis) -> Result<()> {
        basis.check()?;
        let cells: usize = self.widths.iter().sum();
        if basis.cells > cells {
            let expected = format!("at most the {cells} cells of a row");
            return Err(Error::setting(
                "features.basis.cells",
                expected,
                basis.cells,
            ));
        }
        Ok(())
    }
}

fn check_cells(field: &str, cells: &[usize]) -> Result<()> {
    match cells.contains(&0) {
        true => Err(Error::setting(field, "at least 1", 0)),
        false => Ok(()),
    }
}

fn check_length(field: &str, features: usize, length: usize) -> Result<()> {
    match length == features {
        true => Ok(()),
        false => Err(Error::setting(
            field,
            format!("{features} numbers, one a feature"),
            length,
        )),
    }
}
