//! How widely columns are spread.

use rayon::prelude::*;

use super::rows::{Real, Rows};

/// The population standard deviation of each numeric column over some rows, of differences to the first of them, so
/// that a constant column has exactly 0 and a large offset costs nothing.
pub(super) fn deviations<T: Real>(rows: &Rows<'_, T>, of: &[u32]) -> Vec<f64> {
    let Some(&first) = of.first() else {
        return vec![0.0; rows.width()];
    };
    let origin = rows.numbers(first as usize);
    let mut sums = vec![(0.0f64, 0.0f64); rows.width()];
    let mean_of = |sums: &mut Vec<(f64, f64)>| {
        for &i in of {
            for (sum, (x, o)) in sums
                .iter_mut()
                .zip(rows.numbers(i as usize).iter().zip(origin))
            {
                sum.0 += x.to_f64() - o.to_f64();
            }
        }
        sums.iter_mut().for_each(|sum| sum.0 /= of.len() as f64);
    };
    mean_of(&mut sums);
    for &i in of {
        for (sum, (x, o)) in sums
            .iter_mut()
            .zip(rows.numbers(i as usize).iter().zip(origin))
        {
            sum.1 += (x.to_f64() - o.to_f64() - sum.0).powi(2);
        }
    }
    sums.iter()
        .map(|(_, squares)| (squares / of.len() as f64).sqrt())
        .collect()
}

/// The distance between the quartiles of each numeric column, interpolated linearly between order statistics; the
/// standard deviation where it is 0.
pub(super) fn quartile_distances<T: Real>(rows: &Rows<'_, T>) -> Vec<f64> {
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let deviations = deviations(rows, &all);
    (0..rows.width())
        .into_par_iter()
        .map(|j| {
            let mut column: Vec<f64> = (0..rows.len())
                .map(|i| rows.numbers(i)[j].to_f64())
                .collect();
            column.sort_by(f64::total_cmp);
            match quantile(&column, 0.75) - quantile(&column, 0.25) {
                0.0 => deviations[j],
                distance => distance,
            }
        })
        .collect()
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len().max(1) - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(a), Some(b)) => a + (b - a) * place.fract(),
        _ => 0.0,
    }
}

/// The median; `None` of nothing. The mean of the two middle ones of an even number.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match n % 2 {
        _ if n == 0 => None,
        1 => Some(values[n / 2]),
        _ => Some(0.5 * (values[n / 2 - 1] + values[n / 2])),
    }
}
