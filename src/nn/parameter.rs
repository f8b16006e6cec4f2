//! A trainable weight, as the optimiser sees it.

use candle_core::Var;
use candle_nn::VarMap;

use super::lazy_rows::LazyRows;

/// A trainable weight with its share in the learning rate and in weight decay.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name; unique among the parameters trained together.
    pub name: String,
    /// The weight. Rows of an embedding table may still await weight decay: see [`Weights::settle`](super::Weights::settle).
    pub var: Var,
    /// What the learning rate is multiplied by, 1 by default.
    pub rate: f64,
    /// Whether weight decay applies: by default to matrices and tables, not to biases and norms (rank 1).
    pub decay: bool,
    /// For embedding tables, where the backward pass leaves the touched rows.
    pub(super) rows: Option<LazyRows>,
}

impl Parameter {
    /// A parameter with the default rate and decay.
    pub fn new(name: impl Into<String>, var: Var) -> Self {
        Self {
            name: name.into(),
            decay: var.rank() >= 2,
            var,
            rate: 1.0,
            rows: None,
        }
    }

    /// The parameters of a model built on Candle's own `VarMap`, in the order of their names.
    pub fn from_varmap(map: &VarMap) -> Vec<Self> {
        // A poisoned lock still holds whole entries: `VarMap` inserts them in one call.
        let map = map.data().lock().unwrap_or_else(|e| e.into_inner());
        let mut all: Vec<Self> = map
            .iter()
            .map(|(name, var)| Self::new(name, var.clone()))
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}
