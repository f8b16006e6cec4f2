//! What a schedule is checked against, and what a plan is drawn for.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::class_index::ClassIndex;
use super::features::Features;
use super::kernel::KernelIndex;
use crate::plan::Frame;

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

impl Domain {
    /// What such rows are called, several of them.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Text => "texts",
            Self::Table => "tables",
            Self::Image => "images",
        }
    }
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
    /// One tag a token of a row.
    Tags,
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
    /// What the features of a table are at the model's sites; `None` for other rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Features>,
    /// Height and width of images; `None` for other rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Frame>,
}

/// The rows of one batch, and what pairings and label rules may want to know of the training set.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The training-row numbers of the batch, in batch order.
    pub batch: &'a [u32],
    /// The class of every training row; needed by class pairings and class label rules.
    pub classes: Option<&'a [u32]>,
    /// The training rows of each class, prepared once; without it a batch that needs them walks all classes.
    pub by_class: Option<&'a ClassIndex>,
    /// For every training row the nearest other rows, nearest first; needed by the pairings `nearest` and
    /// `class-nearest`, the latter's of the row's own class.
    pub neighbours: Option<&'a [Vec<u32>]>,
    /// The training rows' targets, in their own units; needed by the pairing `kernel`.
    pub targets: Option<&'a KernelIndex>,
    /// Where the training rows lie; needed by the pairing `blocks`.
    pub points: Option<Points<'a>>,
    /// For every training row where the tokens of its texts stand, special tokens left out; needed by the blend `span`
    /// and by cutoffs of tokens.
    pub stretches: Option<&'a [Vec<Range<usize>>]>,
    /// Numbers of a token at the embedding; needed by cutoffs of dimensions.
    pub token_width: Option<usize>,
    /// How many words each training row has; needed by the pairing `reordered`.
    pub words: Option<&'a [u32]>,
}

/// Where the training rows lie, for distances between them: `[rows, width]`, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    /// The numbers of all rows.
    pub values: &'a [f32],
    /// Numbers of a row.
    pub width: usize,
}

impl<'a> Rows<'a> {
    /// A batch of which only the row numbers are known.
    pub fn new(batch: &'a [u32]) -> Self {
        Self {
            batch,
            classes: None,
            by_class: None,
            neighbours: None,
            targets: None,
            points: None,
            stretches: None,
            token_width: None,
            words: None,
        }
    }
}
