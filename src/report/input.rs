//! What a report is made of: plain values, all of which can be stored and read back.

use serde::{Deserialize, Serialize};

use crate::compare::{Comparison, Values};
use crate::linearity::Linearity;
use crate::metrics::{Bin, Scores};
use crate::plan::Site;

/// The data behind a report, in numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DataSummary {
    /// Where the rows come from: a path or `@name`.
    pub source: String,
    /// Rows trained on.
    pub training_rows: usize,
    /// Rows of the validation split, 0 for none.
    pub validation_rows: usize,
    /// Rows scored.
    pub test_rows: usize,
    /// Classes with their training rows; empty for regression.
    pub classes: Vec<(String, usize)>,
    /// Texts cut to the token limit; `None` where there are no texts.
    pub cut_texts: Option<usize>,
    /// Rows that stand in both training and test.
    pub shared_rows: usize,
    /// Fingerprint of the data.
    pub fingerprint: String,
    /// Anything else worth a line.
    pub notes: Vec<String>,
}

/// One entry of a run's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The step, from 0.
    pub step: u64,
    /// The epoch, from 0.
    pub epoch: u32,
    /// Training loss since the entry before, on the targets trained with (mixed ones where rows are mixed).
    pub train_loss: f64,
    /// Loss on a fixed sample of the training rows, neither mixed nor smoothed: this one compares between arms.
    #[serde(default)]
    pub clean_loss: Option<f64>,
    /// Scores on the validation rows, where they were taken.
    pub validation: Option<Values>,
}

/// One run's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The run's seed.
    pub seed: u64,
    /// Its entries by rising step.
    pub points: Vec<Point>,
}

/// What the schedule did at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draw {
    /// The step, from 0.
    pub step: u64,
    /// The probability of mixing at this step, in [0, 1].
    pub probability: f64,
    /// α of the weight law, where it has one.
    pub alpha: Option<f64>,
    /// The site drawn; `None` for a plain step.
    pub site: Option<Site>,
}

/// The bins of several runs as one diagram: rows counted together, bin by bin.
pub fn pool(runs: &[Vec<Bin>]) -> Vec<Bin> {
    let bins = runs.iter().map(Vec::len).max().unwrap_or(0);
    (0..bins)
        .map(|b| {
            let filled = || runs.iter().filter_map(|r| r.get(b)).filter(|b| b.count > 0);
            let count: usize = filled().map(|b| b.count).sum();
            let mean = |value: fn(&Bin) -> f64| {
                filled().map(|b| value(b) * b.count as f64).sum::<f64>() / count.max(1) as f64
            };
            Bin {
                confidence: mean(|b| b.confidence),
                accuracy: mean(|b| b.accuracy),
                count,
            }
        })
        .collect()
}

/// What one arm did besides its scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmDetail {
    /// The arm's name, as in the comparison.
    pub name: String,
    /// One history a run.
    pub histories: Vec<History>,
    /// Reliability on the test rows of all runs (see [`pool`]); empty for regression.
    pub reliability: Vec<Bin>,
    /// The draws of the first seed, one a step; empty for an arm that never mixes.
    pub draws: Vec<Draw>,
}

/// Everything on the page of `compare`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompareReport {
    /// Heading of the page.
    pub title: String,
    /// Version of the program that made it.
    pub version: String,
    /// Full settings.
    pub settings: serde_json::Value,
    /// The data.
    pub data: DataSummary,
    /// The scores and what they say.
    pub comparison: Comparison,
    /// The arms again, in the same order, with what is plotted.
    pub arms: Vec<ArmDetail>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Everything on the page of `train`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainReport {
    /// Heading of the page.
    pub title: String,
    /// Version of the program that made it.
    pub version: String,
    /// Full settings.
    pub settings: serde_json::Value,
    /// The data.
    pub data: DataSummary,
    /// The run's history.
    pub history: Vec<Point>,
    /// Scores on the test rows, with those by class and the reliability bins where there are any.
    pub test: Scores,
    /// Names of the classes, in class order.
    pub classes: Vec<String>,
    /// The schedule's draws, one a step; empty where nothing is mixed.
    pub draws: Vec<Draw>,
    /// How far the model is from linear, where that was measured.
    pub linearity: Option<Linearity>,
    /// How long it took, in seconds.
    pub seconds: f64,
}
