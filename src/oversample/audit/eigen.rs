//! The leading eigenvectors of XᵀX / n, by subspace iteration with Rayleigh-Ritz steps.
//!
//! ```text
//! Z = Xᵀ(X Q) / n,   QᵀZ = V Λ Vᵀ (Jacobi),   Q ← orthonormal basis of Z V
//! ```
//!
//! No matrix of columns × columns is formed, so that wide tables cost no more memory than their rows (Rutishauser
//! 1970). Partial sums are added in a fixed order: the result is the same at any thread count.

use rayon::prelude::*;

use crate::random::{Purpose, Stream, name_key};

/// Vectors iterated: the wanted two converge as (λ₁₃ / λ₂)^steps.
const BLOCK: usize = 12;
const STEPS: usize = 200;
/// Steps end when the wanted eigenvalues change by less than this share.
const STILL: f64 = 1e-10;
/// Rows whose products are summed at a time.
const ROWS: usize = 512;

/// An eigenvalue and its unit vector.
pub(super) type Pair = (f64, Vec<f64>);

/// The `wanted` leading eigenpairs of XᵀX / n, largest first, for X `[n, width]` row by row; fewer where the rank is
/// lower. The largest entry of each vector is positive.
pub(super) fn leading(x: &[f64], width: usize, wanted: usize) -> Vec<Pair> {
    let mut basis = orthonormal(start(width));
    let mut before = vec![0.0; wanted];
    for _ in 0..STEPS {
        let product = apply(x, width, &basis);
        let (values, turns) = jacobi(gram(&basis, &product));
        let now: Vec<f64> = values.iter().copied().take(wanted).collect();
        let full = basis.len() == width;
        let scale = values.first().copied().unwrap_or(0.0);
        let still = |(a, b): (&f64, &f64)| (a - b).abs() <= STILL * scale;
        if full || now.iter().zip(&before).all(still) {
            let vectors = combine(&basis, &turns).into_iter().map(signed);
            let pairs = values.into_iter().zip(vectors).take(wanted);
            return pairs.filter(|(l, _)| *l > 1e-12 * scale).collect();
        }
        before = now;
        basis = orthonormal(combine(&product, &turns));
    }
    let product = apply(x, width, &basis);
    let (values, turns) = jacobi(gram(&basis, &product));
    let vectors = combine(&basis, &turns).into_iter().map(signed);
    values.into_iter().zip(vectors).take(wanted).collect()
}

/// Any vectors that are not blind to the leading ones; the same in every run.
fn start(width: usize) -> Vec<Vec<f64>> {
    if width <= BLOCK {
        let unit = |i| (0..width).map(|j| f64::from(u8::from(i == j))).collect();
        return (0..width).map(unit).collect();
    }
    let vector = |i| {
        let mut stream = Stream::keyed(0, Purpose::Init, name_key("audit axes"), i);
        (0..width).map(|_| stream.unit() - 0.5).collect()
    };
    (0..BLOCK as u64).map(vector).collect()
}

/// XᵀX q / n for every q of the basis.
fn apply(x: &[f64], width: usize, basis: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let rows = (x.len() / width.max(1)).max(1) as f64;
    let partial = |chunk: &[f64]| {
        let mut sums = vec![vec![0.0; width]; basis.len()];
        for row in chunk.chunks_exact(width) {
            for (sum, q) in sums.iter_mut().zip(basis) {
                let along = dot(row, q) / rows;
                sum.iter_mut().zip(row).for_each(|(s, x)| *s += along * x);
            }
        }
        sums
    };
    let partials: Vec<_> = x.par_chunks(ROWS * width.max(1)).map(partial).collect();
    let mut total = vec![vec![0.0; width]; basis.len()];
    for sums in partials {
        for (total, sum) in total.iter_mut().zip(sums) {
            total.iter_mut().zip(sum).for_each(|(t, s)| *t += s);
        }
    }
    total
}

/// Gram and Schmidt's process, each vector twice for precision; a vector without anything of its own is dropped.
fn orthonormal(vectors: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for mut v in vectors {
        let before = dot(&v, &v).sqrt();
        for _ in 0..2 {
            for q in &basis {
                let along = dot(&v, q);
                v.iter_mut().zip(q).for_each(|(v, q)| *v -= along * q);
            }
        }
        let norm = dot(&v, &v).sqrt();
        if norm > 1e-10 * before {
            v.iter_mut().for_each(|v| *v /= norm);
            basis.push(v);
        }
    }
    basis
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The inner products of two lists of vectors, made symmetric.
fn gram(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let entry = |i: usize, j: usize| 0.5 * (dot(&a[i], &b[j]) + dot(&a[j], &b[i]));
    let row = |i| (0..b.len()).map(|j| entry(i, j)).collect();
    (0..a.len()).map(row).collect()
}

/// For each turn, the sum of the vectors by its weights.
fn combine(vectors: &[Vec<f64>], turns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let width = vectors.first().map_or(0, Vec::len);
    let sum = |turn: &Vec<f64>| {
        let mut sum = vec![0.0; width];
        for (weight, v) in turn.iter().zip(vectors) {
            sum.iter_mut().zip(v).for_each(|(s, v)| *s += weight * v);
        }
        sum
    };
    turns.iter().map(sum).collect()
}

/// Eigenvalues, largest first, and eigenvectors of a small symmetric matrix, by Jacobi's rotations (1846).
fn jacobi(mut a: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = a.len();
    let unit = |i| (0..n).map(|j| f64::from(u8::from(i == j))).collect();
    let mut vectors: Vec<Vec<f64>> = (0..n).map(unit).collect();
    for _ in 0..50 {
        let off: f64 = (0..n).map(|i| dot(&a[i][..i], &a[i][..i])).sum();
        let trace: f64 = (0..n).map(|i| a[i][i].powi(2)).sum();
        if off <= 1e-30 * trace {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j][j].total_cmp(&a[i][i]));
    let values = order.iter().map(|&i| a[i][i]).collect();
    (values, order.iter().map(|&i| vectors[i].clone()).collect())
}

/// Turns the axes p and q so that their entry becomes zero; `vectors` holds an eigenvector a row.
fn rotate(a: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    for row in a.iter_mut() {
        (row[p], row[q]) = (
            cosine * row[p] - sine * row[q],
            sine * row[p] + cosine * row[q],
        );
    }
    let turn = |rows: &mut [Vec<f64>]| {
        let (low, high) = rows.split_at_mut(q);
        for (x, y) in low[p].iter_mut().zip(&mut high[0]) {
            (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
        }
    };
    turn(a);
    turn(vectors);
}

/// The vector with its largest entry positive; of entries alike in size, the first counts.
fn signed(mut vector: Vec<f64>) -> Vec<f64> {
    let most = vector.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let first = vector.iter().find(|v| v.abs() >= most * (1.0 - 1e-6));
    if first.is_some_and(|v| *v < 0.0) {
        vector.iter_mut().for_each(|v| *v = -*v);
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_solved_by_hand() {
        // [[2, 1], [1, 2]] has 3 along (1, 1) and 1 along (1, -1).
        let (values, vectors) = jacobi(vec![vec![2.0, 1.0], vec![1.0, 2.0]]);
        assert!((values[0] - 3.0).abs() < 1e-12 && (values[1] - 1.0).abs() < 1e-12);
        assert!((vectors[0][0] - vectors[0][1]).abs() < 1e-12);
        assert!((vectors[1][0] + vectors[1][1]).abs() < 1e-12);
    }

    #[test]
    fn many_columns_are_solved_by_iteration() {
        // A row (s·√(40·λ_j)) e_j for each of 20 columns: XᵀX / 20 is diagonal, with λ_j = 2^-j, in turned columns.
        let width = 20;
        let mut x = vec![0.0; width * width];
        for j in 0..width {
            let column = (7 * j + 3) % width;
            x[j * width + column] = (width as f64 * 0.5f64.powi(j as i32)).sqrt();
        }
        let pairs = leading(&x, width, 2);
        assert!((pairs[0].0 - 1.0).abs() < 1e-9 && (pairs[1].0 - 0.5).abs() < 1e-9);
        assert!((pairs[0].1[3] - 1.0).abs() < 1e-6, "{:?}", pairs[0].1);
        assert!((pairs[1].1[10] - 1.0).abs() < 1e-6, "{:?}", pairs[1].1);
    }

    #[test]
    fn a_lower_rank_gives_fewer_pairs() {
        let pairs = leading(&[1.0, -1.0, 2.0, -2.0], 2, 2);
        assert_eq!(pairs.len(), 1);
        assert!((pairs[0].0 - 5.0).abs() < 1e-12);
        let half = 0.5f64.sqrt();
        assert!((pairs[0].1[0] - half).abs() < 1e-12 && (pairs[0].1[1] + half).abs() < 1e-12);
        assert!(leading(&[0.0; 30], 15, 2).is_empty());
    }
}
