//! Numbers.

use super::{Metric, Scores, check};
use crate::error::Result;

/// Scores of predicted numbers `[rows, values]` against targets of the same shape, both row after row.
///
/// RMSE and MAE over all rows and values; MAPE over those whose target is not 0; R², averaged over the values, from two rows on.
///
/// # Errors
/// As [`classification`](super::classification).
pub fn regression(predictions: &[f64], targets: &[f64], values: usize) -> Result<Scores> {
    check("predictions", predictions, targets, values)?;
    let n = targets.len() as f64;
    let gaps = || {
        let cells = predictions.iter().zip(targets);
        cells.map(|(p, t)| p - t)
    };
    let mut scores = Scores::default();
    let square = gaps().map(|gap| gap * gap).sum::<f64>() / n;
    scores.values.insert(Metric::Rmse, square.sqrt());
    let absolute = gaps().map(f64::abs).sum::<f64>() / n;
    scores.values.insert(Metric::Mae, absolute);
    if let Some(percent) = mape(predictions, targets) {
        scores.values.insert(Metric::Mape, percent);
    }
    if targets.len() >= 2 * values {
        let sum: f64 = (0..values)
            .map(|c| r2(predictions, targets, values, c))
            .sum();
        scores.values.insert(Metric::R2, sum / values as f64);
    }
    Ok(scores)
}

/// 100·mean |(p − t)/t| over the targets that are not 0; `None` if there is none.
fn mape(predictions: &[f64], targets: &[f64]) -> Option<f64> {
    let cells = predictions.iter().zip(targets).filter(|(_, t)| **t != 0.0);
    let shares = cells.map(|(p, t)| ((p - t) / t).abs());
    let (sum, n) = shares.fold((0.0, 0.0), |(sum, n), share| (sum + share, n + 1.0));
    (n > 0.0).then(|| 100.0 * sum / n)
}

/// 1 − Σ(t − p)²/Σ(t − mean t)² of one column.
fn r2(predictions: &[f64], targets: &[f64], values: usize, column: usize) -> f64 {
    let of =
        |rows: &[f64]| -> Vec<f64> { rows.iter().skip(column).step_by(values).copied().collect() };
    let (p, t) = (of(predictions), of(targets));
    let mean = t.iter().sum::<f64>() / t.len() as f64;
    let residual: f64 = p.iter().zip(&t).map(|(p, t)| (t - p).powi(2)).sum();
    let total: f64 = t.iter().map(|t| (t - mean).powi(2)).sum();
    match (residual == 0.0, total == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        _ => 1.0 - residual / total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(scores: &Scores, metric: Metric, expected: f64) {
        let value = scores.get(metric).expect("taken");
        assert!(
            (value - expected).abs() < 1e-12,
            "{metric}: {value} {expected}"
        );
    }

    #[test]
    fn one_value_by_hand() {
        let scores = regression(&[1., 2., 4.], &[1., 3., 2.], 1).expect("scores");
        near(&scores, Metric::Rmse, (5.0f64 / 3.0).sqrt());
        near(&scores, Metric::Mae, 1.0);
        near(&scores, Metric::R2, 1.0 - 5.0 / 2.0);
        assert!(scores.per_class.is_empty() && scores.reliability.is_empty());
    }

    #[test]
    fn mape_is_in_percent_and_leaves_targets_of_zero_out() {
        let scores = regression(&[1.5, 7., -3.], &[1., 0., -4.], 1).expect("scores");
        near(&scores, Metric::Mape, 100.0 * (0.5 + 0.25) / 2.0);
        let zeros = regression(&[1., 2.], &[0., -0.0], 1).expect("scores");
        assert_eq!(zeros.get(Metric::Mape), None);
    }

    #[test]
    fn r2_is_averaged_over_values_and_never_nan() {
        let scores = regression(&[1., 5., 3., 6.], &[1., 5., 3., 5.], 2).expect("scores");
        near(&scores, Metric::R2, 0.5);
        let one_row = regression(&[1.], &[2.], 1).expect("scores");
        assert_eq!(one_row.get(Metric::R2), None);
        near(&one_row, Metric::Mae, 1.0);
        let offset = regression(&[1e6, 1e6 + 1.0], &[1e6, 1e6 + 2.0], 1).expect("scores");
        near(&offset, Metric::R2, 0.5);
    }
}
