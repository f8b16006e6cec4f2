//! Tests of a law: chi-square and Kolmogorov-Smirnov.
#![allow(
    dead_code,
    reason = "each test binary uses a part of what is shared here"
)]

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// No p-value of a sampler that is right falls below this in the seeds at hand.
pub const LEAST_P: f64 = 1e-4;

/// The p-value of counts against equally likely cells.
pub fn chi_square_p(counts: &[usize]) -> f64 {
    let expected = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    let statistic: f64 = counts
        .iter()
        .map(|&c| (c as f64 - expected).powi(2) / expected)
        .sum();
    ChiSquared::new((counts.len() - 1) as f64)
        .expect("two cells or more")
        .sf(statistic)
}

/// Kolmogorov's asymptotic p-value of draws on [0, 1) against the uniform law.
pub fn ks_uniform_p(draws: &[f64]) -> f64 {
    ks_p(draws, |x| x.clamp(0.0, 1.0))
}

/// The same against a continuous law.
pub fn ks_p(draws: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    ks_atoms_p(draws, &cdf, &cdf)
}

/// The same against a law that may have atoms: `below` is P(X < x) and `upto` P(X ≤ x), which differ where rounding to
/// a float gathers mass.
pub fn ks_atoms_p(draws: &[f64], below: impl Fn(f64) -> f64, upto: impl Fn(f64) -> f64) -> f64 {
    let mut draws = draws.to_vec();
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let mut distance = 0f64;
    let mut start = 0;
    for run in draws.chunk_by(|a, b| a == b) {
        let (before, after) = (start as f64 / n, (start + run.len()) as f64 / n);
        distance = distance.max((before - below(run[0])).abs());
        distance = distance.max((after - upto(run[0])).abs());
        start += run.len();
    }
    let x = (n.sqrt() + 0.12 + 0.11 / n.sqrt()) * distance;
    if x < 0.2 {
        return 1.0;
    }
    let term = |k: i32| f64::from(1 - 2 * (1 - k % 2)) * (-2.0 * f64::from(k * k) * x * x).exp();
    (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0)
}
