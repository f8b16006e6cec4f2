//! Numbers by their rank, as a standard normal distribution has them:
//!
//! ```text
//! z = Φ⁻¹(F(x))     F(x) = the mean of the least and the greatest rank of x among the knots, on lines between them
//! ```
//!
//! Knots are quantiles of the training rows at equal distances. This is scikit-learn's `QuantileTransformer` but for
//! numbers that occur several times at either end: they have the middle of their ranks as all others do.

use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc_inv;

use super::super::quantiles::sorted_quantile;
use super::transform::part;

/// Most knots.
const KNOTS: usize = 1000;
/// Φ⁻¹(1 − 10⁻⁷): results lie within ± this.
const MOST: f64 = 5.199_337_582_192_817;

/// A number that stands among the knots.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Knot {
    pub x: f64,
    /// The share of knots before the first of this number.
    pub low: f64,
    /// The share of knots before the last of this number.
    pub high: f64,
}

/// The knots of sorted numbers.
pub(super) fn knots(sorted: &[f64]) -> Vec<Knot> {
    let count = sorted.len().min(KNOTS);
    let mut knots: Vec<Knot> = Vec::new();
    for i in 0..count {
        let level = match count {
            1 => 0.5,
            n => i as f64 / (n - 1) as f64,
        };
        let x = sorted_quantile(sorted, level);
        match knots.last_mut() {
            Some(last) if last.x >= x => last.high = level,
            _ => knots.push(Knot {
                x,
                low: level,
                high: level,
            }),
        }
    }
    knots
}

/// The standard normal number of the rank of `x`.
pub(super) fn normal(knots: &[Knot], x: f64) -> f64 {
    let p = rank(knots, x);
    let z = 0.0 - std::f64::consts::SQRT_2 * erfc_inv(2.0 * p);
    z.clamp(-MOST, MOST)
}

/// The rank of `x`, 0 to 1.
fn rank(knots: &[Knot], x: f64) -> f64 {
    let after = knots.partition_point(|k| k.x < x);
    let before = after.checked_sub(1).and_then(|i| knots.get(i));
    match (before, knots.get(after)) {
        (_, Some(k)) if k.x == x => 0.5 * (k.low + k.high),
        (Some(a), Some(b)) => a.high + part(x, a.x, b.x) * (b.low - a.high),
        (None, Some(_)) => 0.0,
        (Some(_), None) => 1.0,
        (None, None) => 0.5,
    }
}
