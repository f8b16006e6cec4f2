//! Exact nearest neighbours: ties by (distance, row), the row itself left out by its number.

use rayon::prelude::*;

use super::rows::{Real, Rows};
use super::settings::{Metric, Scale};
use crate::error::{Error, Result};

/// Is told how far long work is, and may stop it.
pub trait Progress: Sync {
    /// Work of `total` units begins.
    fn begin(&self, _work: &str, _total: u64) {}
    /// So many more units are done.
    fn advance(&self, _units: u64) {}
    /// Whether to stop; the work then ends with [`Error::Interrupted`].
    fn stop(&self) -> bool {
        false
    }
}

/// Nobody is told.
impl Progress for () {}

/// The `k` nearest rows of each query, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    k: usize,
    rows: Vec<u32>,
    distances: Vec<f64>,
}

impl Neighbours {
    /// Neighbours of a query.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The neighbours of query `q`, row numbers of the table, by (distance, row).
    pub fn of(&self, q: usize) -> &[u32] {
        &self.rows[q * self.k..][..self.k]
    }

    /// Their distances.
    pub fn distances(&self, q: usize) -> &[f64] {
        &self.distances[q * self.k..][..self.k]
    }
}

/// Rows with a distance between them.
pub struct Space<'a, T> {
    rows: Rows<'a, T>,
    metric: Metric,
    factors: Option<Vec<f64>>,
    mismatch: f64,
}

impl<'a, T: Real> Space<'a, T> {
    /// The distance that a metric and a scale make of `rows`.
    pub fn new(rows: Rows<'a, T>, metric: Metric, _scale: Scale) -> Self {
        Self {
            rows,
            metric,
            factors: None,
            mismatch: 0.0,
        }
    }

    /// The same with `penalty` for each category in which two rows differ, added to the sum of squares (Euclidean).
    pub fn with_mismatch(&self, penalty: f64) -> Self {
        Self {
            factors: self.factors.clone(),
            mismatch: penalty,
            ..*self
        }
    }

    /// What each numeric column is multiplied by before distances are taken; `None` for 1.
    pub fn factors(&self) -> Option<&[f64]> {
        self.factors.as_deref()
    }

    /// The rows.
    pub fn rows(&self) -> &Rows<'a, T> {
        &self.rows
    }

    /// The distance between two rows, by direct differences in f64.
    pub fn distance(&self, a: u32, b: u32) -> f64 {
        match self.metric {
            Metric::Euclidean => self.rank(a, b).sqrt(),
            _ => self.rank(a, b),
        }
    }

    fn rank(&self, a: u32, b: u32) -> f64 {
        let (x, y) = (self.rows.numbers(a as usize), self.rows.numbers(b as usize));
        let factor = |j: usize| self.factors.as_ref().map_or(1.0, |f| f[j]);
        let difference = |j: usize| (x[j].to_f64() - y[j].to_f64()) * factor(j);
        let numbers: f64 = (0..x.len()).map(|j| difference(j).powi(2)).sum();
        let (p, q) = (self.rows.codes(a as usize), self.rows.codes(b as usize));
        let mismatches = p.iter().zip(q).filter(|(p, q)| p != q).count();
        numbers + self.mismatch * mismatches as f64
    }

    /// The `k` rows of `among` nearest to each of `queries`, itself left out; fewer than `k` others are an error.
    ///
    /// # Errors
    /// [`Error::Setting`] for too few rows, [`Error::Interrupted`].
    pub fn nearest(
        &self,
        queries: &[u32],
        among: &[u32],
        k: usize,
        progress: &dyn Progress,
    ) -> Result<Neighbours> {
        progress.begin("neighbours", queries.len() as u64);
        let lists: Vec<Vec<(f64, u32)>> = queries
            .par_iter()
            .map(|&q| {
                let mut all: Vec<(f64, u32)> = among
                    .iter()
                    .filter(|&&i| i != q)
                    .map(|&i| (self.rank(q, i), i))
                    .collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                all.truncate(k);
                all
            })
            .collect();
        if lists.iter().any(|l| l.len() < k) {
            return Err(Error::setting("k", format!("below {}", among.len()), k));
        }
        Ok(Neighbours {
            k,
            rows: lists.iter().flatten().map(|&(_, i)| i).collect(),
            distances: lists.iter().flatten().map(|&(d, _)| d.sqrt()).collect(),
        })
    }
}
