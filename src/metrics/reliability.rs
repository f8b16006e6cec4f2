//! Calibration: how often predictions of a given confidence are right (Guo et al. 2017, section 2).
//!
//! ```text
//! ECE = Σ_b count_b/n · |accuracy_b − confidence_b|,   bin b = (b/15, (b+1)/15]
//! ```

use serde::{Deserialize, Serialize};

use super::ratio;

const BINS: usize = 15;

/// One bar of a reliability diagram. An empty one has count 0 and zeros.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bin {
    /// Mean confidence of the predictions in it; mean probability of an anomaly for
    /// [`detection`](super::detection()).
    pub confidence: f64,
    /// Share of them that are right, or that are anomalies.
    pub accuracy: f64,
    /// How many there are.
    pub count: usize,
}

/// The 15 bins of predictions given as (confidence, whether right).
pub(super) fn bins(predictions: impl Iterator<Item = (f64, bool)>) -> Vec<Bin> {
    let mut bins = vec![Bin::default(); BINS];
    for (confidence, right) in predictions {
        let above = (confidence * BINS as f64).ceil() as usize;
        let bin = &mut bins[above.clamp(1, BINS) - 1];
        bin.confidence += confidence;
        bin.accuracy += f64::from(u8::from(right));
        bin.count += 1;
    }
    for bin in &mut bins {
        bin.confidence = ratio(bin.confidence, bin.count as f64);
        bin.accuracy = ratio(bin.accuracy, bin.count as f64);
    }
    bins
}

/// The expected calibration error of the bins.
pub(super) fn ece(bins: &[Bin]) -> f64 {
    let n: usize = bins.iter().map(|b| b.count).sum();
    let gaps = bins
        .iter()
        .map(|b| b.count as f64 * (b.accuracy - b.confidence).abs());
    ratio(gaps.sum(), n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_holds_its_upper_end() {
        let bins = bins([(0.2, true), (0.21, false), (1.0, true), (0.0, false)].into_iter());
        let filled: Vec<usize> = (0..BINS).filter(|&b| bins[b].count > 0).collect();
        assert_eq!(filled, [0, 2, 3, 14], "0.2 is the upper end of bin 2");
    }

    #[test]
    fn ece_weighs_bins_by_their_rows() {
        let rows = [(0.9, true), (0.9, false), (0.9, true), (0.5, true)];
        let error = ece(&bins(rows.into_iter()));
        let by_hand = 3.0 / 4.0 * (0.9 - 2.0 / 3.0) + 1.0 / 4.0 * 0.5;
        assert!((error - by_hand).abs() < 1e-12, "{error} {by_hand}");
    }
}
