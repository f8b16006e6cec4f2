//! Scores of predictions: pure functions of slices, in f64.
//!
//! Targets are soft. Where a hard label is needed it is the largest entry, the lowest index among equals; of
//! predictions likewise. Probabilities are clipped at 2⁻²³ inside a logarithm, as scikit-learn does for f32.

mod classes;
mod classification;
mod detection;
mod entities;
mod multi_label;
mod prior;
mod ranking;
mod regression;
mod reliability;
mod tagging;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use classes::ClassScores;
pub use classification::{classification, hard_labels};
pub use detection::detection;
pub use entities::{Entity, entities};
pub use multi_label::multi_label;
pub use prior::correct_prior;
pub use ranking::{PrecisionRecall, precision_recall, ranking};
pub use regression::regression;
pub use reliability::Bin;
pub use tagging::{ScoredWord, tagging};

use crate::error::{Error, Result};

/// What a score measures. Its name in JSON is [`Metric::name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Metric {
    /// Mean over the anomalies of the precision at their score: the step sum over distinct scores, as scikit-learn's.
    /// A ranking by chance comes to the share of anomalies.
    AveragePrecision,
    /// Chance that an anomaly scores above another row, equal scores counting half: 0.5 by chance.
    RocAuc,
    /// Share of anomalies among the n rows of highest score, n being the number of anomalies.
    PrecisionAtN,
    /// Share of the anomalies among those n rows. As n is the number of anomalies it equals the precision at n; both
    /// are given because both names are looked for.
    RecallAtN,
    /// F1 of entities, micro: one is right if its first word, its last word and its type are (conlleval; Tjong Kim Sang
    /// and Buchholz 2000).
    EntityF1,
    /// Share of the predicted entities that are right.
    EntityPrecision,
    /// Share of the entities that are predicted, exactly.
    EntityRecall,
    /// Share of words whose predicted tag is right; a word that was lost when its row was cut is wrong.
    TokenAccuracy,
    /// Share of rows whose predicted class is the hard label.
    Accuracy,
    /// Mean over the classes of F1, the harmonic mean of precision and recall; a class that stands neither in the
    /// targets nor in the predictions is left out.
    MacroF1,
    /// Mean of −ln p(hard label); over rows and labels for several labels a row, over the words that a token carries for
    /// tags.
    LogLoss,
    /// Expected calibration error over 15 bins of equal width (Guo et al. 2017, section 2).
    Ece,
    /// Mean over rows of Σ (p − y)² over the classes, y one-hot (Brier 1950): 0 to 2; for several labels a row the
    /// mean over rows and labels.
    Brier,
    /// Mean cross-entropy to the soft targets: only where a target is soft.
    SoftLogLoss,
    /// The Brier score to the soft targets: only where a target is soft.
    SoftBrier,
    /// Share of rows all of whose labels are right.
    SubsetAccuracy,
    /// F1 of all labels counted together.
    MicroF1,
    /// Root of the mean squared error over rows and values, in units of the target.
    Rmse,
    /// Mean absolute error over rows and values, in units of the target.
    Mae,
    /// Mean of |error/target| in percent, targets of 0 left out; absent where all are 0.
    Mape,
    /// 1 − residual/total sum of squares, averaged over the values; from two rows on. A constant target gives 1 if it
    /// is met exactly and else 0.
    R2,
}

/// Which way a metric gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Higher is better.
    Higher,
    /// Lower is better.
    Lower,
}

impl Metric {
    /// All metrics, in the order in which they are printed.
    pub const ALL: [Self; 21] = [
        Self::AveragePrecision,
        Self::RocAuc,
        Self::PrecisionAtN,
        Self::RecallAtN,
        Self::EntityF1,
        Self::EntityPrecision,
        Self::EntityRecall,
        Self::TokenAccuracy,
        Self::Accuracy,
        Self::MacroF1,
        Self::LogLoss,
        Self::Ece,
        Self::Brier,
        Self::SoftLogLoss,
        Self::SoftBrier,
        Self::SubsetAccuracy,
        Self::MicroF1,
        Self::Rmse,
        Self::Mae,
        Self::Mape,
        Self::R2,
    ];

    /// The name in JSON and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::AveragePrecision => "average_precision",
            Self::RocAuc => "roc_auc",
            Self::PrecisionAtN => "precision_at_n",
            Self::RecallAtN => "recall_at_n",
            Self::EntityF1 => "entity_f1",
            Self::EntityPrecision => "entity_precision",
            Self::EntityRecall => "entity_recall",
            Self::TokenAccuracy => "token_accuracy",
            Self::Accuracy => "accuracy",
            Self::MacroF1 => "macro_f1",
            Self::LogLoss => "log_loss",
            Self::Ece => "ece",
            Self::Brier => "brier",
            Self::SoftLogLoss => "soft_log_loss",
            Self::SoftBrier => "soft_brier",
            Self::SubsetAccuracy => "subset_accuracy",
            Self::MicroF1 => "micro_f1",
            Self::Rmse => "rmse",
            Self::Mae => "mae",
            Self::Mape => "mape",
            Self::R2 => "r2",
        }
    }

    /// Which way it gets better.
    pub fn better(self) -> Direction {
        match self {
            Self::AveragePrecision | Self::RocAuc | Self::PrecisionAtN | Self::RecallAtN => {
                Direction::Higher
            }
            Self::EntityF1 | Self::EntityPrecision | Self::EntityRecall | Self::TokenAccuracy => {
                Direction::Higher
            }
            Self::Accuracy | Self::MacroF1 | Self::SubsetAccuracy | Self::MicroF1 | Self::R2 => {
                Direction::Higher
            }
            Self::LogLoss | Self::Ece | Self::Brier | Self::SoftLogLoss | Self::SoftBrier => {
                Direction::Lower
            }
            Self::Rmse | Self::Mae | Self::Mape => Direction::Lower,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one set of predictions scored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// The values, by metric.
    pub values: BTreeMap<Metric, f64>,
    /// One entry a class, in class order; empty for regression and for a ranking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_class: Vec<ClassScores>,
    /// The 15 bins of the reliability diagram, of confidence (b/15, (b+1)/15], or for [`detection`] of the anomaly's
    /// probability; empty for regression and for a ranking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reliability: Vec<Bin>,
}

impl Scores {
    /// The value of `metric`, if it was taken.
    pub fn get(&self, metric: Metric) -> Option<f64> {
        self.values.get(&metric).copied()
    }
}

/// Refuses what cannot be scored: no rows, lengths that do not fit, numbers that are not finite.
fn check<T: Copy + Into<f64>>(
    what: &str,
    predictions: &[T],
    targets: &[T],
    columns: usize,
) -> Result<()> {
    if predictions.len() != targets.len() || columns == 0 || !targets.len().is_multiple_of(columns)
    {
        return Err(Error::Shape {
            what: format!("{what} to score"),
            expected: format!("rows of {columns}, as many as of targets"),
            got: format!(
                "{} values and {} of targets",
                predictions.len(),
                targets.len()
            ),
        });
    }
    if targets.is_empty() {
        return Err(Error::Data("no rows to score".into()));
    }
    for (what, values) in [(what, predictions), ("targets", targets)] {
        let finite = |v: &T| Into::<f64>::into(*v).is_finite();
        if let Some(i) = values.iter().position(|v| !finite(v)) {
            return Err(Error::Data(format!(
                "{what}: row {}, column {} is {}, and cannot be scored",
                i / columns,
                i % columns,
                Into::<f64>::into(values[i])
            )));
        }
    }
    Ok(())
}

/// −ln p, with p clipped so that one sure error does not outweigh all the rest.
fn surprise(p: f64) -> f64 {
    -p.max(f64::from(f32::EPSILON)).ln()
}

/// a/b, and 0 where there is nothing to divide by.
fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_json_keys() {
        for metric in Metric::ALL {
            let json = serde_json::to_string(&metric).expect("a unit variant is a string");
            assert_eq!(json, format!("\"{metric}\""));
            assert_eq!(
                serde_json::from_str::<Metric>(&json).expect("a name"),
                metric
            );
        }
        assert!(Metric::ALL.is_sorted());
    }

    #[test]
    fn scores_round_trip_through_json() {
        let scores = classification(&[0.75, 0.25, 0.5, 0.5], &[1., 0., 0., 1.], 2).expect("scores");
        let json = serde_json::to_string(&scores).expect("plain data");
        assert!(json.starts_with(r#"{"values":{"accuracy":0.5,"#), "{json}");
        assert_eq!(serde_json::from_str::<Scores>(&json).expect("data"), scores);
        let strange = json.replacen("per_class", "other", 1);
        assert!(serde_json::from_str::<Scores>(&strange).is_err());
    }

    #[test]
    fn what_cannot_be_scored_is_refused() {
        let message = |p: &[f32], t: &[f32], c| {
            classification(p, t, c)
                .expect_err("cannot be scored")
                .to_string()
        };
        assert_eq!(message(&[], &[], 2), "no rows to score");
        let nan = message(&[0.5, 0.5, f32::NAN, 0.5], &[1., 0., 1., 0.], 2);
        assert_eq!(
            nan,
            "probabilities: row 1, column 0 is NaN, and cannot be scored"
        );
        let target = message(&[0.5, 0.5], &[1., f32::INFINITY], 2);
        assert_eq!(
            target,
            "targets: row 0, column 1 is inf, and cannot be scored"
        );
        for (p, t, c) in [(2, 4, 2), (3, 3, 2), (2, 2, 0)] {
            let shape = message(&vec![0.5; p], &vec![0.5; t], c);
            assert!(
                shape.starts_with("probabilities to score: expected"),
                "{shape}"
            );
        }
        assert!(multi_label(&[], &[], 2).is_err());
        assert!(regression(&[f64::NAN], &[1.0], 1).is_err());
    }
}
