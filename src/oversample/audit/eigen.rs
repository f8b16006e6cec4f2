//! The leading eigenvectors of XᵀX / n, by subspace iteration with Rayleigh-Ritz steps.
//!
//! ```text
//! Z = Xᵀ(X Q) / n,   QᵀZ = V Λ Vᵀ (Jacobi),   Q ← orthonormal basis of Z V
//! ```
//!
//! No matrix of columns × columns is formed, so that wide tables cost no more memory than their rows (Rutishauser
//! 1970). Partial sums are added in a fixed order: the result is the same at any thread count.

use rayon::prelude::*;

use crate::jacobi::{dot, jacobi, signed};
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

#[cfg(test)]
mod tests {
    use super::*;

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
