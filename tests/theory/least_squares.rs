//! Least squares on expected moments, over all ordered pairs, own included; m and ȳ are the means of rows and targets:
//!
//! ```text
//! E x̃x̃ᵀ = (E λ² + E (1−λ)²) · mean xxᵀ + 2 E λ(1−λ) · m mᵀ
//! E x̃ỹ  = the same of xy and m ȳ, targets mixed;   E λ · mean xy + E (1−λ) · m ȳ, targets of the row itself
//! ```

use crate::data::{Data, ROWS, WIDTH, mean, over_pairs};
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

/// The same without an intercept, by going through all pairs: two values of λ stand for its law.
fn by_pairs(data: &Data, law: Moments, target: Target) -> Vec<f64> {
    let over = |of: &dyn Fn(&[f64], f64) -> f64| {
        over_pairs(|i, j| {
            let at = |(l, p): (f64, f64)| {
                let mix = |a: f64, b: f64| l * a + (1.0 - l) * b;
                let row: Vec<f64> = (0..WIDTH)
                    .map(|c| mix(data.x[i][c], data.x[j][c]))
                    .collect();
                let mixed = mix(data.y[i], data.y[j]);
                let own = target == Target::Own;
                p * of(&row, if own { data.y[i] } else { mixed })
            };
            law.two_values().into_iter().map(at).sum()
        })
    };
    let rows = (0..WIDTH).map(|a| {
        let row = (0..WIDTH).map(|b| over(&|x, _| x[a] * x[b]));
        row.chain([over(&|x, y| x[a] * y)]).collect()
    });
    solved(rows.collect())
}

#[test]
fn expected_moments_are_those_of_all_pairs() {
    // Uncentred and without an intercept: with one, mixed targets give ordinary least squares whatever the moments.
    let data = Data::new(1, 3.0);
    for law in [
        Moments::beta(0.2),
        Moments::beta(2.0),
        Moments::constant(0.7),
    ] {
        for target in [Target::Mixed, Target::Own] {
            let found = mixed(&data, law, target, false);
            let off = distance(&found[1..], &by_pairs(&data, law, target));
            assert!(off < 1e-8, "{off}");
        }
    }
}
