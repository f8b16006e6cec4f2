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

/// The bin of a number, and how far it is on the way through it: cells before are 1, cells behind are 0.
pub(super) fn place(borders: &[f64], x: f64) -> (usize, f64) {
    let last = borders.len().saturating_sub(2);
    let inner = borders.get(1..=last).unwrap_or_default();
    let bin = inner.partition_point(|border| *border <= x);
    (bin, part(x, borders[bin], borders[bin + 1]))
}
