//! Probabilities of being an anomaly, as a ranking and as probabilities.

use super::classification::classification;
use super::ranking::ranking;
use super::{Scores, reliability};
use crate::error::{Error, Result};

/// Scores of the probability that each row is an anomaly: those of [`ranking`] and of [`classification`] with the
/// classes normal (0) and anomaly (1).
///
/// [`Scores::reliability`] differs from classification's: its bins are of the anomaly's probability, against the share
/// of anomalies among their rows. ECE is still that of the confidence in the answer, as everywhere.
///
/// ```
/// use candle_mixup::metrics::{Metric, detection};
///
/// let scores = detection(&[0.75, 0.25, 0.25, 0.0], &[true, false, false, false])?;
/// assert_eq!(scores.get(Metric::AveragePrecision), Some(1.0));
/// assert_eq!(scores.get(Metric::Accuracy), Some(1.0));
/// # Ok::<(), candle_mixup::Error>(())
/// ```
///
/// # Errors
/// As [`ranking`], and [`Error::Data`] for a probability below 0 or above 1.
pub fn detection(probabilities: &[f32], anomaly: &[bool]) -> Result<Scores> {
    let wide: Vec<f64> = probabilities.iter().map(|&p| p.into()).collect();
    let ranked = ranking(&wide, anomaly)?;
    if let Some(row) = wide.iter().position(|p| !(0.0..=1.0).contains(p)) {
        return Err(Error::Data(format!(
            "probabilities: row {row} is {}, not between 0 and 1",
            wide[row]
        )));
    }
    let both: Vec<f32> = probabilities.iter().flat_map(|&p| [1.0 - p, p]).collect();
    let one_hot = anomaly.iter().flat_map(|&a| match a {
        true => [0.0, 1.0],
        false => [1.0, 0.0],
    });
    let mut scores = classification(&both, &one_hot.collect::<Vec<f32>>(), 2)?;
    scores.values.extend(ranked.values);
    scores.reliability = reliability::bins(wide.into_iter().zip(anomaly.iter().copied()));
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metric;

    const P: [f32; 5] = [0.75, 0.25, 0.5, 0.25, 1.0];
    const ANOMALY: [bool; 5] = [true, false, true, true, false];

    #[test]
    fn values_are_the_rankings_and_the_classifications() {
        let scores = detection(&P, &ANOMALY).expect("scores");
        let wide = P.map(f64::from);
        let ranked = ranking(&wide, &ANOMALY).expect("scores");
        let both = [0.25, 0.75, 0.75, 0.25, 0.5, 0.5, 0.75, 0.25, 0.0, 1.0];
        let targets = [0., 1., 1., 0., 0., 1., 0., 1., 1., 0.];
        let classified = classification(&both, &targets, 2).expect("scores");
        assert_eq!(scores.per_class, classified.per_class);
        let mut values = ranked.values;
        values.extend(classified.values);
        assert_eq!(scores.values, values);
        let first = scores.values.keys().next();
        assert_eq!(first, Some(&Metric::AveragePrecision));
    }

    #[test]
    fn bins_hold_the_anomalys_probability_and_share() {
        let scores = detection(&P, &ANOMALY).expect("scores");
        let filled = scores.reliability.iter().filter(|b| b.count > 0);
        let filled: Vec<_> = filled
            .map(|b| (b.confidence, b.accuracy, b.count))
            .collect();
        let wanted = [(0.25, 0.5, 2), (0.5, 1.0, 1), (0.75, 1.0, 1), (1.0, 0.0, 1)];
        assert_eq!(filled, wanted);
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let message = |p: &[f32], anomaly: &[bool]| {
            let error = detection(p, anomaly).expect_err("refused");
            error.to_string()
        };
        let above = message(&[0.5, 1.5], &[true, false]);
        assert_eq!(above, "probabilities: row 1 is 1.5, not between 0 and 1");
        assert!(message(&[-0.5, 0.5], &[true, false]).contains("row 0 is -0.5"));
        assert!(message(&[f32::NAN, 0.5], &[true, false]).contains("row 0 is NaN"));
        assert!(message(&[0.5, 0.5], &[false, false]).contains("no anomaly"));
        assert!(message(&[0.5], &[true, false]).contains("2 values"));
    }
}
