//! Least squares on expected moments.

use crate::data::{Data, ROWS, WIDTH, mean};
use crate::quadrature::Moments;

/// Whose target a mixed row has.
#[derive(Clone, Copy, PartialEq)]
pub enum Target {
    /// Mixed as the features are.
    Mixed,
    /// That of the row itself.
    Own,
}

/// The minimiser of the expected squared loss on mixed rows: an intercept, 0 where there is to be none, and slopes.
pub fn mixed(data: &Data, law: Moments, target: Target, intercept: bool) -> Vec<f64> {
    let width = WIDTH + usize::from(intercept);
    let column = |row: usize, c: usize| data.x[row].get(c).copied().unwrap_or(1.0);
    let x_mean = |c: usize| mean((0..ROWS).map(|r| column(r, c)));
    let y_mean = mean(data.y.iter().copied());
    let gram = |a: usize, b: usize| {
        let squares = mean((0..ROWS).map(|r| column(r, a) * column(r, b)));
        law.squares() * squares + law.cross() * x_mean(a) * x_mean(b)
    };
    let product = |a: usize| {
        let own = mean((0..ROWS).map(|r| column(r, a) * data.y[r]));
        let other = x_mean(a) * y_mean;
        match target {
            Target::Mixed => law.squares() * own + law.cross() * other,
            Target::Own => law.first * own + (1.0 - law.first) * other,
        }
    };
    let rows = (0..width).map(|a| {
        let row = (0..width).map(|b| gram(a, b));
        row.chain([product(a)]).collect()
    });
    let mut solution = solved(rows.collect());
    let first = if intercept { solution.pop() } else { None };
    std::iter::once(first.unwrap_or(0.0))
        .chain(solution)
        .collect()
}

/// Ordinary least squares.
pub fn ordinary(data: &Data, intercept: bool) -> Vec<f64> {
    mixed(data, Moments::constant(1.0), Target::Mixed, intercept)
}

/// The solution of a system whose right side is the last column, by Gauss's elimination with pivots.
pub fn solved(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let n = rows.len();
    for k in 0..n {
        let size = |r: &usize| rows[*r][k].abs();
        let pivot = (k..n)
            .max_by(|a, b| size(a).total_cmp(&size(b)))
            .expect("not empty");
        rows.swap(k, pivot);
        for r in (0..n).filter(|r| *r != k) {
            let factor = rows[r][k] / rows[k][k];
            let row = rows[k].clone();
            rows[r]
                .iter_mut()
                .zip(&row)
                .for_each(|(v, w)| *v -= factor * w);
        }
    }
    (0..n).map(|r| rows[r][n] / rows[r][r]).collect()
}

/// The largest difference of two coefficients.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()))
}
