//! What training and evaluation read: rows by number, in the model's own input form.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::plan::MixPlan;

/// Rows that a model can read, by number.
pub trait RowSource: Sync {
    /// What the model's forward pass takes: a token batch, a table batch, an image batch. It may be made on a thread
    /// of its own.
    type Input: Send;

    /// Number of rows.
    fn len(&self) -> usize;

    /// Whether there is no row.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// These rows, in this order, as one batch.
    ///
    /// # Errors
    /// Candle's.
    fn batch(&self, rows: &[u32]) -> Result<Self::Input>;

    /// The same as a training pass sees them: changed at random by what is known beforehand to leave the target alone
    /// (a mirrored photograph), and already mixed where the plan mixes the raw input and the source can do it on its
    /// own buffer, or where it moves tokens, which nothing else can. A function of what is asked and of nothing else. By
    /// default the plain batch, unmixed.
    ///
    /// # Errors
    /// Candle's, and the blend's.
    fn training(&self, asked: &Asked<'_>) -> Result<Fed<Self::Input>> {
        Ok(Fed::new(self.batch(asked.rows)?, false))
    }

    /// Whether [`training`](Self::training) loads the last rows with their words in the orders of a plan's
    /// [`Blend::Reordered`](crate::Blend::Reordered). Default: false; such plans are then refused.
    fn reorders(&self) -> bool {
        false
    }

    /// How large a row is (tokens of a text): rows of similar size are batched together. 1 where all are alike.
    fn size(&self, _row: u32) -> usize {
        1
    }

    /// Where the tokens of a row's texts stand in it, special tokens left out: one stretch a text. None where rows are
    /// no texts.
    fn stretches(&self, _row: u32) -> Vec<Range<usize>> {
        Vec::new()
    }
}

/// What a training pass asks of a source.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The rows in order: the batch's own and behind them those that the plan loads.
    pub rows: &'a [u32],
    /// The run's seed.
    pub seed: u64,
    /// The epoch, from 0.
    pub epoch: u32,
    /// The pass's plan.
    pub plan: Option<&'a MixPlan>,
}

/// A batch for a training pass.
#[derive(Debug)]
pub struct Fed<I> {
    /// What the forward pass reads.
    pub input: I,
    /// Whether the rows are already mixed as the plan says, so that the tap must not mix them again.
    pub mixed: bool,
    /// What became of the texts that were to be changed; of other rows nothing.
    pub readings: Readings,
}

impl<I> Fed<I> {
    /// A batch of rows that are no texts to be changed.
    pub fn new(input: I, mixed: bool) -> Self {
        Self {
            input,
            mixed,
            readings: Readings::default(),
        }
    }
}

/// Texts that training passes were to change when they read them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Readings {
    /// How often a text was to be changed.
    pub texts: u64,
    /// How often it came out as it was, by reason.
    pub unchanged: BTreeMap<String, u64>,
}

impl Readings {
    /// Adds one text; the reason, where it came out as it was.
    pub fn count(&mut self, unchanged: Option<impl ToString>) {
        self.texts += 1;
        if let Some(reason) = unchanged {
            *self.unchanged.entry(reason.to_string()).or_default() += 1;
        }
    }

    /// Adds those of another pass.
    pub fn add(&mut self, other: &Self) {
        self.texts += other.texts;
        for (reason, n) in &other.unchanged {
            *self.unchanged.entry(reason.clone()).or_default() += n;
        }
    }

    /// How many came out as they were.
    pub fn left(&self) -> u64 {
        self.unchanged.values().sum()
    }
}
