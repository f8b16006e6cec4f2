//! Random forest (Breiman 2001), with trees from the crate `smartcore`.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smartcore::ensemble::random_forest_regressor::RandomForestRegressorParameters;
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::labels::{Labels, check_targets, check_weights};
use super::regressor::{Grove, Order, Regressor, Trees, dense, refused};
use super::{Classifier, Matrix};
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream, name_key};

/// Trees that one task grows. More save time in growing, because a task sorts each column once; fewer save time in
/// predicting, because each row walks all trees of a task in turn and they push each other out of the cache.
const TREES_A_TASK: usize = 5;

/// A random forest: each tree sees a bootstrap sample, each split a draw of columns.
///
/// A probability is the mean over the trees of the class's share in the leaf. The trees regress on 0 and 1: the drop in
/// variance is half the drop in Gini impurity, so that the splits are those of a forest for classes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forest {
    /// Trees; default 100.
    pub trees: usize,
    /// Most splits from root to leaf; default `None`, no limit.
    pub max_depth: Option<u16>,
    /// Fewest rows of a leaf; default 1.
    pub min_leaf: usize,
    /// Columns drawn for each split; default `None`: √width for classes (Breiman 2001); all of them for values, as
    /// in scikit-learn, since a third of many 0/1 columns is too few.
    pub columns: Option<usize>,
}

impl Default for Forest {
    fn default() -> Self {
        Self {
            trees: 100,
            max_depth: None,
            min_leaf: 1,
            columns: None,
        }
    }
}

impl Forest {
    /// Refuses settings outside their ranges.
    ///
    /// # Errors
    /// [`Error::Setting`] with the setting's range and value.
    pub fn check(&self) -> Result<()> {
        let depth = self.max_depth.map_or(1, usize::from);
        let settings = [
            ("trees", self.trees),
            ("max-depth", depth),
            ("min-leaf", self.min_leaf),
            ("columns", self.columns.unwrap_or(1)),
        ];
        match settings.iter().find(|(_, value)| *value == 0) {
            Some((field, value)) => Err(Error::setting(*field, "at least 1", value)),
            None => Ok(()),
        }
    }

    /// Learns to tell `class_count` classes apart; `classes` has one a row, from 0.
    ///
    /// A bootstrap draws rows by their weights, where there are any: a row of weight 2 is drawn twice as often.
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
        let columns = (rows.width() as f64).sqrt() as usize;
        let plan = self.plan(rows, labels.weights.as_deref(), columns, seed)?;
        Classifier::one_vs_rest(&labels, |targets| plan.grow(targets))
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
        let weights = check_weights(rows, weights)?;
        let plan = self.plan(rows, weights.as_deref(), rows.width(), seed)?;
        plan.grow(&targets.iter().map(|t| f64::from(*t)).collect::<Vec<_>>())
    }

    fn plan<'a>(
        &self,
        rows: &Matrix,
        weights: Option<&'a [f64]>,
        columns: usize,
        seed: u64,
    ) -> Result<Plan<'a>> {
        self.check()?;
        let columns = self.columns.unwrap_or(columns).clamp(1, rows.width());
        Ok(Plan {
            rows: dense(rows.rows(), rows.width(), rows.by_column(), Order::Columns)?,
            width: rows.width(),
            weights,
            trees: self.trees,
            parameters: RandomForestRegressorParameters {
                // The crate counts levels of nodes, we count splits.
                max_depth: self.max_depth.map(|depth| depth.saturating_add(1)),
                min_samples_leaf: self.min_leaf,
                min_samples_split: 2,
                n_trees: 0,
                m: Some(columns),
                keep_samples: false,
                seed,
            },
        })
    }
}

/// A forest about to grow: all but its targets.
struct Plan<'a> {
    rows: DenseMatrix<f32>,
    width: usize,
    weights: Option<&'a [f64]>,
    trees: usize,
    parameters: RandomForestRegressorParameters,
}

impl Plan<'_> {
    fn grow(&self, targets: &[f64]) -> Result<Regressor> {
        let tasks = (0..self.trees.div_ceil(TREES_A_TASK)).into_par_iter();
        let groves = tasks.map(|task| self.grove(task, targets));
        Ok(Regressor {
            trees: Trees::Forest(groves.collect::<Result<_>>()?),
            width: self.width,
        })
    }

    /// The trees of one task. All classes share the bootstrap samples of a task.
    fn grove(&self, task: usize, targets: &[f64]) -> Result<(usize, Grove)> {
        let trees = TREES_A_TASK.min(self.trees - task * TREES_A_TASK);
        let (seed, key) = (self.parameters.seed, name_key("forest"));
        let seed = Stream::keyed(seed, Purpose::Tree, key, task as u64).next_u64();
        let parameters = self.parameters.clone().with_n_trees(trees).with_seed(seed);
        let targets = targets.to_vec();
        let grove = match self.weights {
            Some(weights) => Grove::fit_with_weights(&self.rows, &targets, weights, parameters),
            None => Grove::fit(&self.rows, &targets, parameters),
        };
        Ok((trees, grove.map_err(refused)?))
    }
}
