//! Values from trees, whichever crate grew them.

use forust_ml::GradientBooster;
use smartcore::ensemble::random_forest_regressor::RandomForestRegressor;
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::Matrix;
use crate::error::{Error, Result};

/// A few trees of a random forest.
pub(super) type Grove = RandomForestRegressor<f32, f64, DenseMatrix<f32>, Vec<f64>>;

/// Trained trees that predict a number. [`Forest::fit_values`](super::Forest::fit_values) and
/// [`Boosted::fit_values`](super::Boosted::fit_values) make it.
pub struct Regressor {
    pub(super) trees: Trees,
    pub(super) width: usize,
}

/// Who grew the trees, and how their sum becomes the answer.
pub(super) enum Trees {
    /// The mean over all trees; each grove comes with its number of trees.
    Forest(Vec<(usize, Grove)>),
    /// 1 / (1 + exp(−sum)).
    Logistic(Box<GradientBooster>),
    /// sum · scale + offset.
    Squared {
        booster: Box<GradientBooster>,
        scale: f64,
        offset: f64,
    },
}

impl Regressor {
    /// The predicted value of each row.
    ///
    /// # Errors
    /// [`Error::Shape`] where rows are not as wide as those learnt from.
    pub fn values(&self, rows: &Matrix) -> Result<Vec<f32>> {
        let means = self.means(rows)?;
        Ok(means.into_iter().map(|v| v as f32).collect())
    }

    /// The same in double precision.
    pub(super) fn means(&self, rows: &Matrix) -> Result<Vec<f64>> {
        rows.expect_width(self.width)?;
        rows.by_blocks(|block| match &self.trees {
            Trees::Forest(groves) => mean(groves, &block),
            Trees::Logistic(booster) => Ok(boosted(booster, &block, |s| 1.0 / (1.0 + (-s).exp()))),
            Trees::Squared {
                booster,
                scale,
                offset,
            } => Ok(boosted(booster, &block, |s| s * scale + offset)),
        })
    }
}

/// The mean over the trees of all groves.
fn mean(groves: &[(usize, Grove)], block: &Matrix) -> Result<Vec<f64>> {
    let rows = dense(
        block.rows(),
        block.width(),
        block.values().to_vec(),
        Order::Rows,
    )?;
    let mut sums = vec![0.0; block.rows()];
    for (trees, grove) in groves {
        let means = grove.predict(&rows).map_err(refused)?;
        let both = sums.iter_mut().zip(means);
        both.for_each(|(sum, mean)| *sum += mean * *trees as f64);
    }
    let trees: usize = groves.iter().map(|(trees, _)| trees).sum();
    Ok(sums.into_iter().map(|sum| sum / trees as f64).collect())
}

fn boosted(booster: &GradientBooster, block: &Matrix, link: impl Fn(f64) -> f64) -> Vec<f64> {
    let columns: Vec<f64> = block.by_column().into_iter().map(f64::from).collect();
    let rows = forust_ml::Matrix::new(&columns, block.rows(), block.width());
    booster
        .predict(&rows, false)
        .into_iter()
        .map(link)
        .collect()
}

/// How a dense matrix lies in memory.
#[derive(PartialEq)]
pub(super) enum Order {
    Rows,
    Columns,
}

pub(super) fn dense(
    rows: usize,
    width: usize,
    values: Vec<f32>,
    order: Order,
) -> Result<DenseMatrix<f32>> {
    DenseMatrix::new(rows, width, values, order == Order::Columns).map_err(refused)
}

/// What a crate of trees said, as our error.
pub(super) fn refused(problem: impl std::fmt::Display) -> Error {
    Error::Data(format!("trees: {problem}"))
}
