//! Exact quantiles of columns over all rows of a file, in memory that does not grow with the number of columns:
//!
//! ```text
//! q(p) = x[⌊h⌋] + (h − ⌊h⌋)·(x[⌈h⌉] − x[⌊h⌋]),   h = (n − 1)·p,   x sorted from x[0]
//! ```
//!
//! This is the seventh definition of Hyndman and Fan (1996), the default of NumPy and R.

use super::load::read;
use super::picks::{Picks, Taken};
use super::schema::{Column, Schema};
use crate::data::Source;
use crate::error::Result;
use crate::oversample::Progress;

/// Numbers held at once, 256 MB, unless one column alone has more. The file is read as often as that takes.
const MOST_NUMBERS: usize = 1 << 25;

/// The lower quartile, median and upper quartile of each numeric feature over all rows, missing cells left out.
///
/// # Errors
/// [`Error::File`](crate::Error::File) for a file that has changed since it was scanned,
/// [`Error::Io`](crate::Error::Io), [`Error::Interrupted`](crate::Error::Interrupted).
pub fn quartiles(
    source: &Source,
    schema: &Schema,
    progress: &dyn Progress,
) -> Result<Vec<[f64; 3]>> {
    let mut all = Vec::new();
    let visit = |_: usize, numbers: &mut Vec<f64>| {
        all.push([0.25, 0.5, 0.75].map(|p| quantile(numbers, p)));
    };
    each_column(source, schema, |_| true, progress, visit)?;
    Ok(all)
}

/// The median of each numeric feature that has missing cells, 0 for the others.
pub(super) fn medians(
    source: &Source,
    schema: &Schema,
    progress: &dyn Progress,
) -> Result<Vec<f64>> {
    let mut medians = vec![0.0; schema.columns.len()];
    let visit = |i: usize, numbers: &mut Vec<f64>| medians[i] = quantile(numbers, 0.5);
    each_column(source, schema, |c| c.missing > 0, progress, visit)?;
    Ok(schema.numeric().map(|c| medians[c.number - 1]).collect())
}

/// Hands each chosen numeric feature, by its place in the file, and its numbers to `visit`.
fn each_column(
    source: &Source,
    schema: &Schema,
    chosen: impl Fn(&Column) -> bool,
    progress: &dyn Progress,
    mut visit: impl FnMut(usize, &mut Vec<f64>),
) -> Result<()> {
    let columns: Vec<usize> = schema
        .numeric()
        .filter(|c| chosen(c))
        .map(|c| c.number - 1)
        .collect();
    let at_once = (MOST_NUMBERS / schema.rows.max(1)).max(1);
    let passes = columns.len().div_ceil(at_once);
    progress.begin("finding quantiles", (passes * schema.rows) as u64);
    for columns in columns.chunks(at_once) {
        let picks = Picks::numbers(schema, columns);
        let mut numbers = vec![Vec::new(); columns.len()];
        read(source, &picks, progress, |part| {
            split(&part, &mut numbers);
            Ok(())
        })?;
        for (&i, numbers) in columns.iter().zip(&mut numbers) {
            visit(i, numbers);
        }
    }
    Ok(())
}

/// Deals the rows out to their columns, missing cells left out.
fn split(part: &Taken, columns: &mut [Vec<f64>]) {
    let is_there = |row, j| {
        let missing = part.missing.as_ref();
        missing.is_none_or(|m| !m.is_missing(row, j))
    };
    for (row, numbers) in part.numbers.chunks_exact(columns.len()).enumerate() {
        for (j, (&x, column)) in numbers.iter().zip(columns.iter_mut()).enumerate() {
            if is_there(row, j) {
                column.push(x);
            }
        }
    }
}

/// The quantile of numbers, which are reordered; 0 of none.
pub(super) fn quantile(numbers: &mut [f64], p: f64) -> f64 {
    if numbers.is_empty() {
        return 0.0;
    }
    let h = (numbers.len() - 1) as f64 * p;
    let (_, &mut low, above) = numbers.select_nth_unstable_by(h as usize, f64::total_cmp);
    let part = h.fract();
    if part == 0.0 {
        return low;
    }
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    between(low, high, part)
}

/// The quantile of sorted numbers; 0 of none.
pub(super) fn sorted_quantile(sorted: &[f64], p: f64) -> f64 {
    let h = sorted.len().saturating_sub(1) as f64 * p;
    let at = |i: f64| sorted.get(i as usize).copied();
    match (at(h.floor()), at(h.ceil())) {
        (Some(low), Some(high)) => between(low, high, h.fract()),
        _ => 0.0,
    }
}

/// `low` and `part` of the way to `high`, which may be further apart than a number can say.
fn between(low: f64, high: f64, part: f64) -> f64 {
    match (high - low).is_finite() {
        true => low + part * (high - low),
        false => (1.0 - part) * low + part * high,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_numpy() {
        let numbers = [7.0, 1.0, 4.0, 10.0];
        for (p, expected) in [
            (0.0, 1.0),
            (0.25, 3.25),
            (0.5, 5.5),
            (0.75, 7.75),
            (1.0, 10.0),
        ] {
            assert_eq!(quantile(&mut numbers.to_vec(), p), expected);
            assert_eq!(sorted_quantile(&[1.0, 4.0, 7.0, 10.0], p), expected);
        }
        assert_eq!(quantile(&mut [-1e308, 1e308], 0.5), 0.0);
        assert_eq!(sorted_quantile(&[], 0.5), 0.0);
        assert_eq!(quantile(&mut [3.0], 0.75), 3.0);
    }
}
