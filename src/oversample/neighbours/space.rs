//! Rows with a distance between them.
//!
//! ```text
//! Euclidean  √(Σ (f·(x − y))² + penalty·(categories in which they differ))
//! Manhattan  Σ f·|x − y|
//! Cosine     ½·‖x/|x| − y/|y|‖² = 1 − cos(x, y), on f·x and f·y
//! ```
//!
//! f is 1, or one over the column's spread. Differences are taken directly, in f64: the expanded form
//! ‖x‖² − 2x·y + ‖y‖² loses every digit once a column is offset far enough.

use rayon::prelude::*;

use super::{Neighbours, Progress, search};
use crate::error::{Error, Result};
use crate::oversample::deviation;
use crate::oversample::rows::{Real, Rows};
use crate::oversample::settings::{Metric, Scale};

/// Rows with a distance between them.
pub struct Space<'a, T> {
    rows: Rows<'a, T>,
    metric: Metric,
    factors: Option<Vec<f64>>,
    /// One over the length of each row, for the cosine; 0 for a row of zeros.
    inverse: Vec<f64>,
    mismatch: f64,
}

impl<'a, T: Real> Space<'a, T> {
    /// The distance that a metric and a scale make of `rows`.
    ///
    /// A scale divides by the spread that [`Rows::with_spread`] states, or else by that of `rows`. A constant column is
    /// left out; a column that is not constant but whose quartiles coincide is divided by its standard deviation.
    pub fn new(rows: Rows<'a, T>, metric: Metric, scale: Scale) -> Self {
        let mut space = Self {
            rows,
            metric,
            factors: factors(&rows, scale),
            inverse: Vec::new(),
            mismatch: 0.0,
        };
        if metric == Metric::Cosine {
            space.inverse = (0..rows.len())
                .into_par_iter()
                .map(|i| space.inverse_length(i))
                .collect();
        }
        space
    }

    /// The same with `penalty` for each category in which two rows differ, added to the square of the Euclidean
    /// distance.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for another metric.
    pub fn with_mismatch(&self, penalty: f64) -> Result<Self> {
        if self.metric != Metric::Euclidean {
            return Err(Error::Unsupported {
                op: "a distance with categories",
                what: "another metric than euclidean".into(),
            });
        }
        Ok(Self {
            factors: self.factors.clone(),
            inverse: Vec::new(),
            mismatch: penalty,
            ..*self
        })
    }

    /// The rows.
    pub fn rows(&self) -> &Rows<'a, T> {
        &self.rows
    }

    /// What each numeric column is multiplied by before distances are taken; `None` for 1.
    pub fn factors(&self) -> Option<&[f64]> {
        self.factors.as_deref()
    }

    pub(super) fn metric(&self) -> Metric {
        self.metric
    }

    /// The distance between two rows.
    pub fn distance(&self, a: u32, b: u32) -> f64 {
        self.of_rank(self.rank(a as usize, b as usize))
    }

    /// The distance that a rank stands for.
    pub(super) fn of_rank(&self, rank: f64) -> f64 {
        match self.metric {
            Metric::Euclidean => rank.sqrt(),
            Metric::Manhattan | Metric::Cosine => rank,
        }
    }

    /// What rows are ordered by: the distance, or its square where it is Euclidean.
    #[inline]
    pub(super) fn rank(&self, a: usize, b: usize) -> f64 {
        let (x, y) = (self.rows.numbers(a), self.rows.numbers(b));
        match (self.metric, &self.factors) {
            (Metric::Euclidean, None) => squares(x, y, |_, x, y| x - y) + self.mismatches(a, b),
            (Metric::Euclidean, Some(f)) => {
                squares(x, y, |j, x, y| (x - y) * f[j]) + self.mismatches(a, b)
            }
            (Metric::Manhattan, _) => (0..x.len())
                .map(|j| (x[j].to_f64() - y[j].to_f64()).abs() * self.factor(j))
                .sum(),
            (Metric::Cosine, _) => match (self.inverse[a], self.inverse[b]) {
                (p, q) if (p == 0.0) != (q == 0.0) => 1.0,
                (p, q) => {
                    0.5 * squares(x, y, |j, x, y| {
                        let f = self.factor(j);
                        x * f * p - y * f * q
                    })
                }
            },
        }
    }

    /// The rank, unless the categories alone take it past `limit`.
    #[inline]
    pub(super) fn rank_within(&self, a: usize, b: usize, limit: f64) -> Option<f64> {
        let near = self.mismatch == 0.0 || self.mismatches(a, b) <= limit;
        near.then(|| self.rank(a, b))
    }

    fn mismatches(&self, a: usize, b: usize) -> f64 {
        if self.mismatch == 0.0 {
            return 0.0;
        }
        let pairs = self.rows.codes(a).iter().zip(self.rows.codes(b));
        self.mismatch * pairs.filter(|(p, q)| p != q).count() as f64
    }

    fn factor(&self, j: usize) -> f64 {
        self.factors.as_ref().map_or(1.0, |f| f[j])
    }

    fn inverse_length(&self, i: usize) -> f64 {
        let numbers = self.rows.numbers(i).iter().enumerate();
        let scaled = || numbers.clone().map(|(j, x)| x.to_f64() * self.factor(j));
        let longest = scaled().fold(0.0, |most: f64, x| most.max(x.abs()));
        match longest > 0.0 {
            true => 1.0 / (longest * scaled().map(|x| (x / longest).powi(2)).sum::<f64>().sqrt()),
            false => 0.0,
        }
    }

    /// Row `i` as a point whose Euclidean (or, for that metric, Manhattan) distances to other such points are those of
    /// the numbers, `centre` subtracted first so that an offset costs no digits.
    pub(super) fn point(&self, i: usize, centre: &[f64], out: &mut [f64]) {
        let scale = match self.metric {
            Metric::Cosine => self.inverse[i],
            _ => 1.0,
        };
        let numbers = self.rows.numbers(i);
        for (j, (out, x)) in out.iter_mut().zip(numbers).enumerate() {
            *out = match self.metric {
                Metric::Cosine => x.to_f64() * self.factor(j) * scale - centre[j],
                _ => (x.to_f64() - centre[j]) * self.factor(j),
            };
        }
    }

    /// One number of a row as [`Space::point`] has it, but for the centre.
    pub(super) fn coordinate(&self, i: usize, j: usize) -> f64 {
        let x = self.rows.numbers(i)[j].to_f64();
        match self.metric {
            Metric::Cosine => x * self.factor(j) * self.inverse[i],
            _ => x,
        }
    }

    /// The Euclidean distance between two points that ranks up to `rank` do not exceed.
    pub(super) fn radius(&self, rank: f64) -> f64 {
        match self.metric {
            Metric::Euclidean => rank.sqrt(),
            Metric::Manhattan => rank,
            Metric::Cosine => (2.0 * rank).sqrt(),
        }
    }

    /// The `k` rows of `among` nearest to each of `queries`, nearest first, each query itself left out by its number;
    /// of equally near rows the lower number comes first. Both lists hold numbers of rows; `among` is ascending.
    ///
    /// # Errors
    /// [`Error::Setting`] if `among` holds fewer than `k` other rows, [`Error::Interrupted`].
    pub fn nearest(
        &self,
        queries: &[u32],
        among: &[u32],
        k: usize,
        progress: &dyn Progress,
    ) -> Result<Neighbours> {
        let others = |q: &u32| among.len() - usize::from(among.binary_search(q).is_ok());
        let least = match k < among.len() {
            true => k,
            false => queries.iter().map(others).min().unwrap_or(k),
        };
        if k == 0 || least < k {
            return Err(Error::setting(
                "k",
                format!("between 1 and the {least} other rows"),
                k,
            ));
        }
        search::nearest(self, queries, among, k, progress)
    }
}

/// Σ f(j, x, y)², in four sums side by side.
#[inline(always)]
fn squares<T: Real>(x: &[T], y: &[T], f: impl Fn(usize, f64, f64) -> f64) -> f64 {
    let mut sums = [0.0f64; 4];
    let n = x.len().min(y.len());
    let (x, y) = (&x[..n], &y[..n]);
    for start in (0..n - n % 4).step_by(4) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            let j = start + lane;
            let d = f(j, x[j].to_f64(), y[j].to_f64());
            *sum += d * d;
        }
    }
    for j in n - n % 4..n {
        let d = f(j, x[j].to_f64(), y[j].to_f64());
        sums[j % 4] += d * d;
    }
    (sums[0] + sums[2]) + (sums[1] + sums[3])
}

fn factors<T: Real>(rows: &Rows<'_, T>, scale: Scale) -> Option<Vec<f64>> {
    let inverse = |spread: f64| if spread > 0.0 { 1.0 / spread } else { 0.0 };
    let spread = deviation::spreads(rows, scale)?;
    Some(spread.into_iter().map(inverse).collect())
}
