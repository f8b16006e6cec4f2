//! Piecewise-linear encoding of numbers (Gorishniy, Rubachev, Babenko 2022, equation 1), for borders b₀ < b₁ < ... < b_T:
//!
//! ```text
//! cell t of x = (x − b_{t−1}) / (b_t − b_{t−1})     at least 0 but for t = 1, at most 1 but for t = T
//! ```

use super::super::quantiles::sorted_quantile;
use super::transform::part;

/// The borders of bins that hold equally many of the sorted numbers; equal ones are merged.
pub(super) fn borders(sorted: &[f64], bins: usize) -> Vec<f64> {
    if sorted.is_empty() {
        return Vec::new();
    }
    let border = |i| sorted_quantile(sorted, i as f64 / bins as f64);
    let mut borders: Vec<f64> = (0..=bins).map(border).collect();
    borders.dedup_by(|later, earlier| later <= earlier);
    borders
}

/// The cells of a number, one a bin.
pub(super) fn cells(borders: &[f64], x: f64) -> impl Iterator<Item = f64> {
    let last = borders.len().saturating_sub(2);
    borders.windows(2).enumerate().map(move |(t, bin)| {
        let share = part(x, bin[0], bin[1]);
        let least = if t == 0 { f64::NEG_INFINITY } else { 0.0 };
        let most = if t == last { f64::INFINITY } else { 1.0 };
        share.clamp(least, most)
    })
}
