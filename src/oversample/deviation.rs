//! How widely numeric columns are spread: the population standard deviation, and the distance between the quartiles.
//!
//! σ² = Σ(x − mean)² / n, in two passes, from the first row on: a column of one value gives exactly 0, and a large
//! offset cancels nothing.

use rayon::prelude::*;

use super::rows::{Real, Rows};
use super::settings::Scale;

/// σ of each numeric column over `members`, of which there is at least one.
pub(super) fn deviations<T: Real>(rows: &Rows<'_, T>, members: &[u32]) -> Vec<f64> {
    let width = rows.width();
    let n = members.len() as f64;
    let Some(&first) = members.first() else {
        return vec![0.0; width];
    };
    let row = |i: u32| rows.numbers(i as usize).iter().map(|x| x.to_f64());
    let first: Vec<f64> = row(first).collect();
    let mut mean = vec![0.0; width];
    let mut reach = vec![0f64; width];
    for &i in members {
        for ((x, first), (mean, reach)) in row(i).zip(&first).zip(mean.iter_mut().zip(&mut reach)) {
            *mean += (x - first) / n;
            *reach = reach.max((x - first).abs());
        }
    }
    // In units of the reach no square is too large or too small for a number.
    let mut squares = vec![0.0; width];
    for &i in members {
        for (j, (x, first)) in row(i)
            .zip(&first)
            .enumerate()
            .filter(|(j, _)| reach[*j] > 0.0)
        {
            squares[j] += ((x - first - mean[j]) / reach[j]).powi(2);
        }
    }
    let deviation = |(s, reach): (&f64, &f64)| (s / n).sqrt() * reach;
    squares.iter().zip(&reach).map(deviation).collect()
}

/// What a scale divides each numeric column by; 0 for a column without spread. Columns whose quartiles coincide are
/// divided by their standard deviation.
pub(super) fn spreads<T: Real>(rows: &Rows<'_, T>, scale: Scale) -> Option<Vec<f64>> {
    let all = || deviations(rows, &(0..rows.len() as u32).collect::<Vec<u32>>());
    match (scale, rows.spread()) {
        (Scale::None, _) => None,
        (_, Some(spread)) => Some(spread.to_vec()),
        (Scale::Standard, None) => Some(all()),
        (Scale::Robust, None) => {
            let quartiles = (0..rows.width())
                .into_par_iter()
                .map(|j| quartiles(rows, j));
            let quartiles: Vec<f64> = quartiles.collect();
            let spread = quartiles.into_iter().zip(all());
            Some(spread.map(|(q, sd)| if q > 0.0 { q } else { sd }).collect())
        }
    }
}

/// The same as what numbers are divided by: 1 where a column has no spread, or there is no scale.
pub(super) fn divisors<T: Real>(rows: &Rows<'_, T>, scale: Scale) -> Vec<f64> {
    let spread = spreads(rows, scale).unwrap_or_else(|| vec![1.0; rows.width()]);
    let divisor = |spread| if spread > 0.0 { spread } else { 1.0 };
    spread.into_iter().map(divisor).collect()
}

/// What a category in which two rows differ adds to the square of their distance, as in SMOTENC: the square of the median
/// of the numeric columns' deviations over `members`, in the units of the distance; 1 where there are no numbers.
pub(super) fn mismatch<T: Real>(rows: &Rows<'_, T>, members: &[u32], divisors: &[f64]) -> f64 {
    let deviations = deviations(rows, members);
    let scaled = deviations.iter().zip(divisors).map(|(d, by)| d / by);
    match rows.width() {
        0 => 1.0,
        _ => median(scaled.collect()).powi(2),
    }
}

/// The distance between the quartiles of column `j`, each between the two rows nearest to it in rank.
fn quartiles<T: Real>(rows: &Rows<'_, T>, j: usize) -> f64 {
    let column = (0..rows.len()).filter_map(|i| rows.numbers(i).get(j));
    let mut column: Vec<f64> = column.map(|x| x.to_f64()).collect();
    column.sort_by(f64::total_cmp);
    let at = |q: f64| {
        let rank = q * column.len().saturating_sub(1) as f64;
        let value = |rank: f64| column.get(rank as usize).copied().unwrap_or(0.0);
        value(rank.floor()) + rank.fract() * (value(rank.ceil()) - value(rank.floor()))
    };
    at(0.75) - at(0.25)
}

/// The median; the mean of the middle two where their number is even, and 0 of nothing.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.get(middle)) {
        (_, None) => 0.0,
        (1, Some(&value)) => value,
        (_, Some(&above)) => (values[middle - 1] + above) / 2.0,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(column: &[f64]) -> f64 {
        let rows = Rows::numeric(column, 1).unwrap();
        let members: Vec<u32> = (0..column.len() as u32).collect();
        deviations(&rows, &members)[0]
    }

    #[test]
    fn population_not_sample() {
        assert_eq!(of(&[1.0, 3.0]), 1.0);
        assert_eq!(of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), 2.0);
    }

    #[test]
    fn a_constant_column_has_none_and_offsets_and_scales_do_not_matter() {
        assert_eq!(of(&[0.1; 7]), 0.0);
        assert_eq!(of(&[1.7e9 + 1.0, 1.7e9 + 3.0]), 1.0);
        assert_eq!(of(&[1e300, 3e300]), 1e300);
        assert!((of(&[1e-300, 3e-300]) / 1e-300 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn spreads_of_every_scale() {
        let rows = Rows::numeric(&[0.0, 5.0, 1.0, 5.0, 2.0, 5.0, 3.0, 5.0, 9.0, 5.0], 2).unwrap();
        let of = |rows: &Rows<'_, f64>, scale| spreads(rows, scale);
        assert_eq!(of(&rows, Scale::None), None);
        assert_eq!(of(&rows, Scale::Standard), Some(vec![10f64.sqrt(), 0.0]));
        assert_eq!(of(&rows, Scale::Robust), Some(vec![2.0, 0.0]));
        let told = rows.with_spread(&[4.0, 0.0]).unwrap();
        assert_eq!(of(&told, Scale::Robust), Some(vec![4.0, 0.0]));
        let four = Rows::numeric(&[0.0, 1.0, 3.0, 10.0], 1).unwrap();
        assert_eq!(of(&four, Scale::Robust), Some(vec![4.75 - 0.75]));
        let same = Rows::numeric(&[1.0, 1.0, 1.0, 1.0, 6.0], 1).unwrap();
        assert_eq!(
            of(&same, Scale::Robust),
            Some(vec![2.0]),
            "quartiles coincide"
        );
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), 0.0);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), 3.0);
    }
}
