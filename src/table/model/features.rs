//! Which values of a row, as a model sees it, belong to which feature.

use crate::table::TableShape;

/// What each feature owns, numeric features first and then categories.
///
/// Features lie one behind the other: the cells of feature f begin where those of f - 1 end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureCells {
    /// Cells in the flat row of the `input` site.
    pub widths: Vec<usize>,
    /// Tokens at the `embedding` site; empty where that is flat.
    pub tokens: Vec<usize>,
    /// Width of a token; 0 where the `embedding` site is flat.
    pub token_width: usize,
}

impl FeatureCells {
    /// Of a model without tokens, each category a vector of its own width.
    pub(super) fn flat(shape: &TableShape, vectors: &[usize]) -> Self {
        Self {
            widths: [&shape.numeric[..], vectors].concat(),
            tokens: Vec::new(),
            token_width: 0,
        }
    }

    /// Of a model with one token a numeric cell and one a category.
    pub(super) fn tokens(shape: &TableShape, width: usize) -> Self {
        let categories = shape.categories.len();
        Self {
            widths: [&shape.numeric[..], &vec![width; categories]].concat(),
            tokens: [&shape.numeric[..], &vec![1; categories]].concat(),
            token_width: width,
        }
    }
}
