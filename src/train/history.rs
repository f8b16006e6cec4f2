//! What a run records of itself.

use serde::{Deserialize, Serialize};

use crate::metrics::Scores;

/// One line of `history.jsonl`: what happened since the line before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Epoch, from 0, of the last step covered.
    pub epoch: u32,
    /// Optimiser steps done.
    pub step: u64,
    /// Mean training loss over the rows seen, mixed as they were.
    pub train_loss: f64,
    /// λ-weighted training accuracy: the share of each prediction's mixed target that it hits; `None` for numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixed_accuracy: Option<f64>,
    /// Share of the forward passes that mixed.
    pub mixed: f64,
    /// Loss on a fixed sample of the training rows, unmixed and without dropout; taken ten times a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean_loss: Option<f64>,
    /// Learning rate of the last step.
    pub rate: f64,
    /// Scores of the validation rows, where there are any and they were due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Scores>,
}

/// Sums since the last point.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Window {
    pub rows: f64,
    pub loss: f64,
    pub hits: Option<f64>,
    pub passes: u64,
    pub mixed: u64,
}

impl Window {
    /// Adds one forward pass: its mean loss, the λ-weighted hits, its rows, and whether it mixed.
    pub fn add(&mut self, loss: f64, hits: Option<f64>, rows: usize, mixed: bool) {
        self.rows += rows as f64;
        self.loss += loss * rows as f64;
        if let Some(hits) = hits {
            *self.hits.get_or_insert(0.0) += hits;
        }
        self.passes += 1;
        self.mixed += u64::from(mixed);
    }
}
