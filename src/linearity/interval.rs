//! Percentile intervals over pairs.

use crate::random::{Purpose, Stream};

/// Resamples for an interval.
const RESAMPLES: usize = 1000;

/// The 95 % percentile interval of a statistic of resampled pairs (Efron 1979), `None` for fewer than two pairs or a
/// statistic that is not finite. Pairs that share a row are taken as independent.
pub(super) fn bootstrap(
    pairs: usize,
    seed: u64,
    statistic: impl Fn(&[u32]) -> f64,
) -> Option<[f64; 2]> {
    if pairs < 2 {
        return None;
    }
    let mut drawn = vec![0u32; pairs];
    let mut values: Vec<f64> = (0..RESAMPLES as u64)
        .map(|resample| {
            let mut stream = Stream::keyed(seed, Purpose::Bootstrap, PROBE, resample);
            drawn.fill_with(|| stream.below(pairs) as u32);
            statistic(&drawn)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[(share * (RESAMPLES - 1) as f64).round() as usize];
    let interval = [at(0.025), at(0.975)];
    interval.iter().all(|v| v.is_finite()).then_some(interval)
}

/// Keeps these resamples apart from those of others.
const PROBE: u64 = Purpose::Probe as u64;

/// The mean of `values` at the drawn places.
pub(super) fn mean_at(values: &[f64], drawn: &[u32]) -> f64 {
    drawn.iter().map(|&i| values[i as usize]).sum::<f64>() / drawn.len() as f64
}
