//! The directions in which encoded rows vary most.

use rayon::prelude::*;

use super::super::encoded::EncodedRows;
use crate::error::{Error, Result};
use crate::jacobi::{jacobi, signed};

/// Rows whose products are summed at a time: in a fixed order, so that the result is the same at any thread count.
const ROWS: usize = 4096;

/// The principal directions of the numeric cells over the rows that `fitted` lists: all of them, `[cells, cells]` row
/// by row, orthonormal, and the variance along each, which falls. The largest component of each direction is positive.
///
/// Work grows with the third power of the cells; rows without numeric cells have no direction.
///
/// # Errors
/// [`Error::Data`] for no rows, [`Error::Shape`] for one that there is not.
pub fn principal(rows: &EncodedRows, fitted: &[u32]) -> Result<(Vec<f32>, Vec<f64>)> {
    if fitted.is_empty() {
        return Err(Error::Data("there is no row to find directions in".into()));
    }
    if let Some(row) = fitted.iter().find(|&&r| r as usize >= rows.len) {
        return Err(Error::Shape {
            what: "rows to find directions in".into(),
            expected: format!("rows below {}", rows.len),
            got: row.to_string(),
        });
    }
    if rows.shape.cells() == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    let (variances, directions) = jacobi(covariance(rows, fitted));
    let cells = directions.into_iter().flat_map(signed);
    let directions = cells.map(|x| x as f32).collect();
    let variances = variances.into_iter().map(|v| v.max(0.0)).collect();
    Ok((directions, variances))
}

fn covariance(rows: &EncodedRows, fitted: &[u32]) -> Vec<Vec<f64>> {
    let cells = rows.shape.cells();
    let n = fitted.len() as f64;
    let mut mean = vec![0.0; cells];
    for &row in fitted {
        let numbers = rows.numbers_of(row).iter();
        let sums = mean.iter_mut().zip(numbers);
        sums.for_each(|(m, x)| *m += f64::from(*x) / n);
    }
    let partials: Vec<Vec<f64>> = fitted
        .par_chunks(ROWS)
        .map(|part| products(rows, part, &mean))
        .collect();
    let entry = |i: usize, j: usize| {
        let place = i.max(j) * cells + i.min(j);
        partials.iter().map(|p| p[place]).sum::<f64>() / n
    };
    let row = |i| (0..cells).map(|j| entry(i, j)).collect();
    (0..cells).map(row).collect()
}

/// The sums of products of centred cells, the lower triangle.
fn products(rows: &EncodedRows, part: &[u32], mean: &[f64]) -> Vec<f64> {
    let cells = mean.len();
    let mut sums = vec![0.0; cells * cells];
    let mut centred = vec![0.0; cells];
    for &row in part {
        let numbers = rows.numbers_of(row).iter().zip(mean);
        let own = centred.iter_mut().zip(numbers);
        own.for_each(|(c, (x, m))| *c = f64::from(*x) - m);
        for (i, sums) in sums.chunks_exact_mut(cells).enumerate() {
            let by = centred[i];
            let lower = sums.iter_mut().zip(&centred[..=i]);
            lower.for_each(|(s, c)| *s += by * c);
        }
    }
    sums
}
