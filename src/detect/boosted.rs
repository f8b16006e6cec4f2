//! Gradient-boosted trees (Friedman 2001; Chen and Guestrin 2016), from the crate `forust-ml`.

use forust_ml::GradientBooster;
use forust_ml::objective::ObjectiveType;
use forust_ml::sampler::SampleMethod;
use serde::{Deserialize, Serialize};

use super::labels::{Labels, check_targets, check_weights};
use super::regressor::{Regressor, Trees, refused};
use super::{Classifier, Matrix};
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream, name_key};

/// Boosted trees over histograms of 256 bins a column: each tree mends what those before it got wrong.
///
/// Classes are learnt by logistic loss, values by squared error. Each tree sees its own draw of rows (Friedman 2002).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Boosted {
    /// Trees; default 100.
    pub rounds: usize,
    /// What a leaf's answer is multiplied by, in (0, 1]; default 0.1.
    pub learning_rate: f32,
    /// Most splits from root to leaf; default 6.
    pub max_depth: usize,
    /// Least sum of second derivatives in a leaf; with squared error that is its weight in rows. Default 1.
    pub min_leaf_weight: f32,
    /// Penalty on the square of a leaf's answer; default 1.
    pub l2: f32,
    /// Share of the rows that a tree sees, in (0, 1]; default 0.8. With 1 the seed has no effect.
    pub row_share: f32,
}

impl Default for Boosted {
    fn default() -> Self {
        Self {
            rounds: 100,
            learning_rate: 0.1,
            max_depth: 6,
            min_leaf_weight: 1.0,
            l2: 1.0,
            row_share: 0.8,
        }
    }
}

impl Boosted {
    /// Refuses settings outside their ranges.
    ///
    /// # Errors
    /// [`Error::Setting`] with the setting's range and value.
    pub fn check(&self) -> Result<()> {
        for (field, value) in [("rounds", self.rounds), ("max-depth", self.max_depth)] {
            if value == 0 {
                return Err(Error::setting(field, "at least 1", value));
            }
        }
        let shares = [
            ("learning-rate", self.learning_rate),
            ("row-share", self.row_share),
        ];
        for (field, value) in shares {
            if !(value > 0.0 && value <= 1.0) {
                return Err(Error::setting(field, "above 0 and at most 1", value));
            }
        }
        for (field, value) in [("min-leaf-weight", self.min_leaf_weight), ("l2", self.l2)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::setting(field, "0 or more and finite", value));
            }
        }
        Ok(())
    }

    /// Learns to tell `class_count` classes apart; `classes` has one a row, from 0.
    ///
    /// Weights multiply the loss of their rows. They are first brought to mean 1, so that the other settings keep
    /// their meaning.
    ///
    /// # Errors
    /// [`Error::Setting`] for settings, classes or weights outside their ranges, [`Error::Shape`] where there is not
    /// one a row, [`Error::Data`] where all rows are of one class.
    pub fn fit(
        &self,
        rows: &Matrix,
        classes: &[u32],
        class_count: usize,
        weights: Option<&[f32]>,
        seed: u64,
    ) -> Result<Classifier> {
        let labels = Labels::check(rows, classes, class_count, weights)?;
        let plan = self.plan(rows, labels.weights.clone(), seed)?;
        Classifier::one_vs_rest(&labels, |targets| {
            let booster = plan.boost(targets, ObjectiveType::LogLoss)?;
            Ok(plan.regressor(Trees::Logistic(booster)))
        })
    }

    /// Learns to predict `targets`, one a row.
    ///
    /// # Errors
    /// As [`Self::fit`], but for classes.
    pub fn fit_values(
        &self,
        rows: &Matrix,
        targets: &[f32],
        weights: Option<&[f32]>,
        seed: u64,
    ) -> Result<Regressor> {
        check_targets(rows, targets)?;
        let plan = self.plan(rows, check_weights(rows, weights)?, seed)?;
        let (targets, scale, offset) = to_unit(targets);
        let booster = plan.boost(&targets, ObjectiveType::SquaredLoss)?;
        Ok(plan.regressor(Trees::Squared {
            booster,
            scale,
            offset,
        }))
    }

    fn plan(&self, rows: &Matrix, weights: Option<Vec<f64>>, seed: u64) -> Result<Plan<'_>> {
        self.check()?;
        let mut stream = Stream::keyed(seed, Purpose::Tree, name_key("boosted"), 0);
        Ok(Plan {
            settings: self,
            columns: rows.by_column().into_iter().map(f64::from).collect(),
            rows: rows.rows(),
            width: rows.width(),
            weights: weights.unwrap_or_else(|| vec![1.0; rows.rows()]),
            seed: stream.next_u64(),
        })
    }
}

/// Boosting about to start: all but its targets and its loss.
struct Plan<'a> {
    settings: &'a Boosted,
    columns: Vec<f64>,
    rows: usize,
    width: usize,
    weights: Vec<f64>,
    seed: u64,
}

impl Plan<'_> {
    fn boost(&self, targets: &[f64], loss: ObjectiveType) -> Result<Box<GradientBooster>> {
        let mut booster = self.booster(loss);
        let rows = forust_ml::Matrix::new(&self.columns, self.rows, self.width);
        let fitted = booster.fit(&rows, targets, &self.weights, None);
        fitted.map_err(refused)?;
        Ok(Box::new(booster))
    }

    /// On the thread that asks, and on no other: classes already share the threads.
    fn booster(&self, loss: ObjectiveType) -> GradientBooster {
        let mut booster = GradientBooster::default();
        booster.objective_type = loss;
        booster.iterations = self.settings.rounds;
        booster.learning_rate = self.settings.learning_rate;
        booster.max_depth = self.settings.max_depth;
        booster.min_leaf_weight = self.settings.min_leaf_weight;
        booster.l2 = self.settings.l2;
        booster.subsample = self.settings.row_share;
        booster.sample_method = match self.settings.row_share {
            1.0 => SampleMethod::None,
            _ => SampleMethod::Random,
        };
        booster.initialize_base_score = true;
        booster.allow_missing_splits = false;
        booster.parallel = false;
        booster.seed = self.seed;
        booster
    }

    fn regressor(&self, trees: Trees) -> Regressor {
        Regressor {
            trees,
            width: self.width,
        }
    }
}

/// Targets brought to [−1, 1] with what leads back, because gradients are single precision and get squared.
fn to_unit(targets: &[f32]) -> (Vec<f64>, f64, f64) {
    let all = || targets.iter().map(|t| f64::from(*t));
    let least = all().fold(f64::INFINITY, f64::min);
    let most = all().fold(f64::NEG_INFINITY, f64::max);
    let offset = (least + most) / 2.0;
    let half = (most - least) / 2.0;
    let scale = if half > 0.0 { half } else { 1.0 };
    (all().map(|t| (t - offset) / scale).collect(), scale, offset)
}
