//! Probabilities of classes from trees that each tell one class from the rest.

use rayon::prelude::*;

use super::Matrix;
use super::labels::Labels;
use super::regressor::Regressor;
use crate::error::Result;

/// Trained trees that tell classes apart. [`Forest::fit`](super::Forest::fit) and
/// [`Boosted::fit`](super::Boosted::fit) make it.
///
/// Two classes take one model. More take one for each class against the rest, whose probabilities are divided by their
/// sum (Rifkin and Klautau 2004).
pub struct Classifier {
    members: Vec<Regressor>,
    present: Vec<u32>,
    shares: Vec<f64>,
    count: usize,
}

impl Classifier {
    /// Fits a model for each class that needs one. `fit` gets 1 for the rows of its class and 0 for the others.
    pub(super) fn one_vs_rest(
        labels: &Labels,
        fit: impl Fn(&[f64]) -> Result<Regressor> + Sync,
    ) -> Result<Self> {
        let classes = labels.learnt().par_iter();
        let members = classes.map(|class| fit(&labels.indicator(*class)));
        Ok(Self {
            members: members.collect::<Result<_>>()?,
            present: labels.present.clone(),
            shares: labels.shares.clone(),
            count: labels.count,
        })
    }

    /// Probabilities `[rows, classes]`, row by row: in [0, 1], with sum 1, and 0 for a class that no row had.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) where rows are not as wide as those learnt from.
    pub fn probabilities(&self, rows: &Matrix) -> Result<Vec<f32>> {
        let members = self.members.iter().map(|m| m.means(rows));
        let members = members.collect::<Result<Vec<_>>>()?;
        let mut all = vec![0.0; rows.rows() * self.count];
        for (row, out) in all.chunks_mut(self.count).enumerate() {
            let shares = self.normalised(members.iter().map(|m| m[row]));
            for (class, share) in self.present.iter().zip(shares) {
                out[*class as usize] = share as f32;
            }
        }
        Ok(all)
    }

    /// One probability for each present class. Where every member says 0, the classes' shares stand in.
    fn normalised(&self, said: impl Iterator<Item = f64>) -> Vec<f64> {
        let said: Vec<f64> = said.map(|p| p.clamp(0.0, 1.0)).collect();
        let sum: f64 = said.iter().sum();
        match said[..] {
            [second] => vec![1.0 - second, second],
            _ if sum > 0.0 => said.iter().map(|p| p / sum).collect(),
            _ => self.shares.clone(),
        }
    }
}
