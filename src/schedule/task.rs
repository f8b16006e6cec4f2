//! What a schedule is checked against, and what a plan is drawn for.

use serde::{Deserialize, Serialize};

/// What the rows are; it decides which site is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Domain {
    /// Token ids; the first site is the embedding.
    Text,
    /// Table rows; the first site is the input.
    Table,
    /// Images; the first site is the input.
    Image,
}

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// One class a row.
    SingleLabel,
    /// Any number of classes a row.
    MultiLabel,
    /// Real values.
    Regression,
}

/// The run that a schedule is checked against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// What the rows are.
    pub domain: Domain,
    /// What is predicted.
    pub kind: TaskKind,
    /// Training rows of each class (sums of shares for soft labels); empty where there are no classes.
    pub class_counts: Vec<f64>,
    /// Training rows.
    pub rows: usize,
    /// Steps of the run.
    pub steps: u64,
    /// Epochs of the run, the last one possibly cut short.
    pub epochs: u32,
    /// The run's seed, used unless the schedule brings its own.
    pub seed: u64,
}

/// The rows of one batch, and what pairings and label rules may want to know of the training set.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The training-row numbers of the batch, in batch order.
    pub batch: &'a [u32],
    /// The class of every training row; needed by class pairings and class label rules.
    pub classes: Option<&'a [u32]>,
    /// For every training row the nearest other rows, nearest first; needed by the nearest pairing.
    pub neighbours: Option<&'a [Vec<u32>]>,
}

impl<'a> Rows<'a> {
    /// A batch of which only the row numbers are known.
    pub fn new(batch: &'a [u32]) -> Self {
        Self {
            batch,
            classes: None,
            neighbours: None,
        }
    }
}
