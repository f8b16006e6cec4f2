//! What the report of an experiment is made of: plain values, all of which can be stored and read back.

use serde::{Deserialize, Serialize};

use crate::compare::{Comparison, Ranks};
use crate::metrics::{Bin, PrecisionRecall};
use crate::oversample::Projection;
use crate::report::{ClassCount, History};

/// Everything in the report of an experiment: detectors × arms on one table or several.
///
/// A detector is a model with its training, an arm what is done to its training rows or batches; the first arm of a
/// detector is the one that the others are compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentReport {
    /// Heading of the page.
    pub title: String,
    /// Version of the program that made it.
    pub version: String,
    /// Full settings.
    pub settings: serde_json::Value,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The tables.
    pub tables: Vec<TableSummary>,
    /// Folds of every table.
    pub folds: usize,
    /// Seeds of every fold.
    pub seeds: usize,
    /// What was done about class shares that resampling changed: `keep` or `correct`.
    pub prior: String,
    /// The outcomes: one entry for each detector on each table at each scarcity.
    pub trials: Vec<Trial>,
    /// The arms' ranks over the tables, by detector; empty for one table.
    pub ranks: Vec<(String, Ranks)>,
    /// Arms that a detector does not take.
    pub absent: Vec<Absent>,
    /// Real and synthetic rows in two dimensions.
    pub projections: Vec<TableProjection>,
}

/// One table, in numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TableSummary {
    /// Its name, as in [`Trial::table`].
    pub name: String,
    /// Its rows.
    pub rows: usize,
    /// Numeric features.
    pub numeric: usize,
    /// Categorical features.
    pub categorical: usize,
    /// Classes with their rows; empty for regression.
    pub classes: Vec<(String, usize)>,
    /// The target's values; `None` where it has classes.
    pub values: Option<ValueSummary>,
    /// Cells without a value.
    pub missing: usize,
    /// Fingerprint of the data.
    pub fingerprint: String,
    /// Anything else worth a line.
    pub notes: Vec<String>,
}

/// The values of a regression's target, in its own units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ValueSummary {
    /// The least.
    pub least: f64,
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation.
    pub std: f64,
    /// The greatest.
    pub greatest: f64,
}

/// One detector on one table at one scarcity of labels: arms over folds × seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The table.
    pub table: String,
    /// The detector.
    pub detector: String,
    /// Anomalies kept in a training set; `None` for all that there are, and for regression.
    pub anomalies: Option<usize>,
    /// Anomalies that a training set has before any is left out, rounded over the folds; 0 for regression.
    pub training_anomalies: usize,
    /// Share of anomalies among the test rows, in [0, 1]; `None` for regression.
    pub prevalence: Option<f64>,
    /// The scores of the arms.
    pub comparison: Comparison,
    /// The arms again, in the same order, with what is plotted.
    pub arms: Vec<TrialArm>,
}

/// What one arm of a trial did besides its scores.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TrialArm {
    /// The arm's name, as in the comparison.
    pub name: String,
    /// One precision-recall curve a run; empty for regression.
    pub curves: Vec<Vec<PrecisionRecall>>,
    /// Calibration before and after the correction of class shares; `None` where there is none.
    pub calibration: Option<Calibration>,
    /// One history a run; empty where training has no steps.
    pub histories: Vec<History>,
    /// What a reader should know, such as a method that another took the place of.
    pub notes: Vec<String>,
}

/// Calibration on the test rows before and after the correction of class shares.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Calibration {
    /// As the detector answered.
    pub before: Calibrated,
    /// With the class shares of the table put back.
    pub after: Calibrated,
}

/// How well probabilities fit what happened.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Calibrated {
    /// Bins of the anomaly's probability, those of all runs together (see [`pool`](crate::report::pool)): the
    /// `reliability` of [`detection`](crate::metrics::detection).
    pub bins: Vec<Bin>,
    /// Expected calibration error, the mean over the runs.
    pub ece: f64,
    /// Log loss, the mean over the runs.
    pub log_loss: f64,
}

/// An arm that a detector does not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    /// The detector.
    pub detector: String,
    /// The arm.
    pub arm: String,
    /// Why, as half a sentence.
    pub why: String,
}

/// The training rows of one table in two dimensions, with the rows that one arm made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableProjection {
    /// The table.
    pub table: String,
    /// The arm.
    pub arm: String,
    /// Every class, in the order of their numbers.
    pub classes: Vec<ClassCount>,
    /// Numeric features.
    pub numeric: usize,
    /// Categorical features.
    pub categorical: usize,
    /// The seed of the sample that is drawn.
    pub seed: u64,
    /// The points.
    pub projection: Projection,
}
