//! How much a feature says about the target: mutual information in nats, from counts of the training rows.
//!
//! ```text
//! I(f; y) = Σ p(f, y) · ln(p(f, y) / (p(f)·p(y)))
//! ```
//!
//! Counts of few rows overestimate it, most for features of many categories.

use rayon::prelude::*;

use super::super::data_set::{DataSet, Target};
use super::super::quantiles::sorted_quantile;
use super::encoder::{Encoder, check_rows};
use super::matched::Matched;
use crate::error::Result;

/// Bins that numbers are counted in.
const BINS: usize = 16;
/// The bin of missing numbers and categories.
const NOWHERE: u32 = u32::MAX;

impl Encoder {
    /// The mutual information of each feature with the target over the rows that `rows` lists, as a share of the sum
    /// over all features; all 0 where no feature says anything or there is no target. Numeric features come first.
    ///
    /// Numbers, targets among them, are counted in 16 bins of equally many rows, or each by itself where there are no
    /// more than 16; a missing cell has a bin of its own. Of several target columns it is the mean.
    ///
    /// # Errors
    /// As [`Encoder::encode`] and [`Encoder::fit`].
    pub fn information(&self, data: &DataSet, rows: &[u32]) -> Result<Vec<f64>> {
        let matched = Matched::new(self, data)?;
        check_rows(data, rows)?;
        let targets = target_bins(&data.target, rows);
        let features = self.shape.features();
        let of = |f: usize| {
            let bins = feature_bins(&matched, f, rows);
            let each = targets.iter().map(|t| mutual(&bins, t));
            each.sum::<f64>()
        };
        let mut all: Vec<f64> = (0..features).into_par_iter().map(of).collect();
        let sum: f64 = all.iter().sum();
        if sum > 0.0 {
            all.iter_mut().for_each(|i| *i /= sum);
        }
        Ok(all)
    }
}

fn feature_bins(matched: &Matched<'_>, feature: usize, rows: &[u32]) -> Vec<u32> {
    let data = matched.data;
    let rows = rows.iter().map(|&r| r as usize);
    if let Some(&j) = matched.numeric.get(feature) {
        let number = |r| (!data.is_missing(r, j)).then(|| data.numbers_of(r)[j]);
        return bins(&rows.map(number).collect::<Vec<_>>());
    }
    let (j, _) = matched.categorical[feature - matched.numeric.len()];
    let code = |r| match data.is_missing(r, data.numeric.len() + j) {
        true => NOWHERE,
        false => data.codes_of(r)[j],
    };
    rows.map(code).collect()
}

/// The bins of the rows' targets, once for each target column.
fn target_bins(target: &Target, rows: &[u32]) -> Vec<Vec<u32>> {
    let rows = || rows.iter().map(|&r| r as usize);
    match target {
        Target::Classes { classes, .. } => vec![rows().map(|r| classes[r]).collect()],
        Target::Values { values, names } => {
            let width = names.len();
            let column = |j| {
                let numbers = rows().map(|r| Some(values[r * width + j]));
                bins(&numbers.collect::<Vec<_>>())
            };
            (0..width).map(column).collect()
        }
        Target::Nothing { .. } => Vec::new(),
    }
}

/// The bin of each number: of its own where there are few different ones, else by quantiles.
fn bins(numbers: &[Option<f64>]) -> Vec<u32> {
    let mut sorted: Vec<f64> = numbers.iter().flatten().copied().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut borders = sorted.clone();
    borders.dedup();
    if borders.len() > BINS {
        let border = |i| sorted_quantile(&sorted, i as f64 / BINS as f64);
        borders = (1..BINS).map(border).collect();
        borders.dedup();
    }
    let bin = |x: f64| borders.partition_point(|b| *b < x) as u32;
    let bins = numbers.iter().map(|x| x.map_or(NOWHERE, bin));
    bins.collect()
}

/// The mutual information of two columns of bins. Pairs are sorted, not tabled: there may be many of either.
fn mutual(a: &[u32], b: &[u32]) -> f64 {
    let n = a.len() as f64;
    let (of_a, of_b) = (counts(a.to_vec()), counts(b.to_vec()));
    let pairs: Vec<(u32, u32)> = a.iter().copied().zip(b.iter().copied()).collect();
    let count = |counts: &[(u32, usize)], bin: u32| {
        let place = counts.binary_search_by_key(&bin, |(b, _)| *b);
        place.map_or(0.0, |i| counts[i].1 as f64)
    };
    let term = |((a, b), both): ((u32, u32), usize)| {
        let both = both as f64;
        both / n * (both * n / (count(&of_a, a) * count(&of_b, b))).ln()
    };
    counts(pairs).into_iter().map(term).sum::<f64>().max(0.0)
}

/// Each different item and how often it is there, sorted.
fn counts<T: Ord + Copy>(mut items: Vec<T>) -> Vec<(T, usize)> {
    items.sort_unstable();
    let runs = items.chunk_by(|a, b| a == b);
    runs.map(|run| (run[0], run.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_columns_share_nothing_and_equal_ones_their_entropy() {
        let a: Vec<u32> = (0..60).map(|i| i % 3).collect();
        let b: Vec<u32> = (0..60).map(|i| i / 3 % 4).collect();
        assert_eq!(mutual(&a, &b), 0.0);
        assert!((mutual(&a, &a) - 3f64.ln()).abs() < 1e-15);
        // A coin known in half of the cases: ½·ln 2.
        let (known, coin) = ([0, 0, 1, 1, 2, 2, 2, 2], [0, 0, 1, 1, 0, 1, 0, 1]);
        assert!((mutual(&known, &coin) - 0.5 * 2f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn bins_hold_equally_many() {
        let numbers: Vec<Option<f64>> = (0..1600).map(|i| Some(f64::from(i * 7 % 1600))).collect();
        let counted = counts(bins(&numbers));
        assert_eq!(counted.len(), 16);
        assert!(counted.iter().all(|(_, n)| *n == 100), "{counted:?}");
    }

    #[test]
    fn few_numbers_and_missing_ones_have_bins_of_their_own() {
        let few = [Some(5.0), None, Some(-1.0), Some(5.0)];
        assert_eq!(bins(&few), [1, NOWHERE, 0, 1]);
        // Nearly all are the least: the others still stand apart.
        let mut most: Vec<Option<f64>> = vec![Some(0.0); 980];
        most.extend((1..=20).map(|i| Some(f64::from(i))));
        let bins = bins(&most);
        assert_ne!(bins[0], bins[980]);
    }
}
