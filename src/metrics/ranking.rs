//! How well scores put anomalies before all other rows, in O(n·log n).
//!
//! ```text
//! average precision = Σ_t (recall_t − recall_{t−1})·precision_t      over the distinct scores t, falling
//! ROC AUC           = P(anomaly above normal row) + ½·P(both equal)
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Metric, Scores};
use crate::error::{Error, Result};

/// Points of a precision-recall curve at most.
const POINTS: usize = 200;

/// Scores of a ranking: average precision, ROC AUC, and precision and recall among the n rows of highest score, where n
/// is the number of anomalies. Only [`Scores::values`] is filled.
///
/// `scores` and `anomaly` are one a row; a higher score is a likelier anomaly. Rows of equal score count as one step of
/// average precision, as in scikit-learn, and as half a win of ROC AUC. Where they straddle the border of the n rows,
/// the expected number of anomalies among those taken at random counts.
///
/// ```
/// use candle_mixup::metrics::{Metric, ranking};
///
/// let scores = ranking(&[0.9, 0.8, 0.7, 0.1], &[true, false, true, false])?;
/// assert_eq!(scores.get(Metric::RocAuc), Some(0.75));
/// assert_eq!(scores.get(Metric::PrecisionAtN), Some(0.5));
/// # Ok::<(), candle_mixup::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] for lengths that differ; [`Error::Data`] for a score that is not finite, for no anomaly and for
/// nothing but anomalies.
pub fn ranking(scores: &[f64], anomaly: &[bool]) -> Result<Scores> {
    let steps = steps(scores, anomaly)?;
    let at_n = precision_at_n(&steps);
    let values = BTreeMap::from([
        (Metric::AveragePrecision, average_precision(&steps)),
        (Metric::RocAuc, roc_auc(&steps)),
        (Metric::PrecisionAtN, at_n),
        // n rows are taken and there are n anomalies: hits/n is both.
        (Metric::RecallAtN, at_n),
    ]);
    Ok(Scores {
        values,
        ..Scores::default()
    })
}

/// A point of a precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrecisionRecall {
    /// Share of the anomalies that score this high or higher.
    pub recall: f64,
    /// Share of anomalies among the rows that score this high or higher.
    pub precision: f64,
}

/// The precision-recall curve, one point a distinct score, from the highest score down.
///
/// Of more than 200 points, 200 are kept at equal steps, both ends among them. The last point has recall 1 and the
/// share of anomalies as precision.
///
/// # Errors
/// As [`ranking`].
pub fn precision_recall(scores: &[f64], anomaly: &[bool]) -> Result<Vec<PrecisionRecall>> {
    let steps = steps(scores, anomaly)?;
    let all = anomalies(&steps);
    let points: Vec<PrecisionRecall> = cumulated(&steps)
        .map(|sum| PrecisionRecall {
            recall: sum.anomalies / all,
            precision: sum.anomalies / sum.rows,
        })
        .collect();
    let last = points.len() - 1;
    match points.len() > POINTS {
        true => Ok((0..POINTS)
            .map(|i| points[i * last / (POINTS - 1)])
            .collect()),
        false => Ok(points),
    }
}

/// The rows of one score. Counts are kept as f64, exact to 2⁵³.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    rows: f64,
    anomalies: f64,
}

/// All rows, by falling score; both kinds of rows are there.
fn steps(scores: &[f64], anomaly: &[bool]) -> Result<Vec<Step>> {
    check(scores, anomaly)?;
    let mut rows: Vec<(f64, bool)> = scores
        .iter()
        .copied()
        .zip(anomaly.iter().copied())
        .collect();
    rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let equal = rows.chunk_by(|a, b| a.0 == b.0);
    let step = |rows: &[(f64, bool)]| Step {
        rows: rows.len() as f64,
        anomalies: rows.iter().filter(|r| r.1).count() as f64,
    };
    Ok(equal.map(step).collect())
}

fn check(scores: &[f64], anomaly: &[bool]) -> Result<()> {
    if scores.len() != anomaly.len() {
        return Err(Error::Shape {
            what: "scores to rank".into(),
            expected: format!("{} values, one a row", anomaly.len()),
            got: format!("{} values", scores.len()),
        });
    }
    if let Some(row) = scores.iter().position(|s| !s.is_finite()) {
        let score = scores[row];
        let text = format!("scores: row {row} is {score}, and cannot be ranked");
        return Err(Error::Data(text));
    }
    let text = match (anomaly.contains(&true), anomaly.contains(&false)) {
        (true, true) => return Ok(()),
        (false, _) => "no anomaly among the rows, so a ranking cannot be scored",
        (true, false) => "nothing but anomalies among the rows, so a ranking cannot be scored",
    };
    Err(Error::Data(text.into()))
}

fn anomalies(steps: &[Step]) -> f64 {
    steps.iter().map(|s| s.anomalies).sum()
}

/// What stands at or above each step.
fn cumulated(steps: &[Step]) -> impl Iterator<Item = Step> + '_ {
    steps.iter().scan(Step::default(), |sum, step| {
        sum.rows += step.rows;
        sum.anomalies += step.anomalies;
        Some(*sum)
    })
}

fn average_precision(steps: &[Step]) -> f64 {
    let terms = steps.iter().zip(cumulated(steps));
    let sum: f64 = terms
        .map(|(step, above)| step.anomalies * above.anomalies / above.rows)
        .sum();
    sum / anomalies(steps)
}

/// Pairs of an anomaly and another row that stand in the right order, equal ones by half.
fn roc_auc(steps: &[Step]) -> f64 {
    let all = anomalies(steps);
    let others = steps.iter().map(|s| s.rows).sum::<f64>() - all;
    let mut below = others;
    let mut wins = 0.0;
    for step in steps {
        let here = step.rows - step.anomalies;
        below -= here;
        wins += step.anomalies * (below + 0.5 * here);
    }
    wins / (all * others)
}

fn precision_at_n(steps: &[Step]) -> f64 {
    let n = anomalies(steps);
    let (mut left, mut hits) = (n, 0.0);
    for step in steps {
        let taken = left.min(step.rows);
        hits += step.anomalies * taken / step.rows;
        left -= taken;
    }
    hits / n
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(scores: &[f64], anomaly: &[bool], metric: Metric) -> f64 {
        let scores = ranking(scores, anomaly).expect("both kinds of rows");
        scores.get(metric).expect("taken")
    }

    fn near(got: f64, wanted: f64) {
        assert!((got - wanted).abs() < 1e-12, "got {got}, wanted {wanted}");
    }

    /// Scores on a coarse grid, so that many are equal, and labels that lean on them.
    fn rows(n: u64, salt: u64) -> (Vec<f64>, Vec<bool>) {
        let draw = |i: u64| (i + salt).wrapping_mul(6_364_136_223_846_793_005) >> 33;
        let scores: Vec<f64> = (0..n).map(|i| (draw(i) % 17) as f64 - 8.0).collect();
        let label = |i: u64| (draw(i + n) % 17) as f64 - 8.0 < 0.5 * scores[i as usize] - 3.0;
        let labels = (0..n).map(|i| i == 0 || (i > 1 && label(i))).collect();
        (scores, labels)
    }

    /// scikit-learn 1.9.1, tied scores:
    ///
    /// ```text
    /// from sklearn.metrics import average_precision_score, roc_auc_score
    /// s = [.9, .8, .8, .7, .6, .6, .6, .5, .4, .4, .2, .1]; y = [1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0]
    /// print(average_precision_score(y, s), roc_auc_score(y, s))
    /// s = [2.5, -1, .3, 7, 3, 3, -4, .3]; y = [0, 0, 1, 1, 0, 1, 0, 0]
    /// print(average_precision_score(y, s), roc_auc_score(y, s))
    /// ```
    #[test]
    fn scikit_learns_numbers() {
        let s = [0.9, 0.8, 0.8, 0.7, 0.6, 0.6, 0.6, 0.5, 0.4, 0.4, 0.2, 0.1];
        let y = [1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0].map(|y| y == 1);
        near(value(&s, &y, Metric::AveragePrecision), 0.6619047619047619);
        near(value(&s, &y, Metric::RocAuc), 0.7142857142857143);
        let s = [2.5, -1., 0.3, 7., 3., 3., -4., 0.3];
        let y = [0, 0, 1, 1, 0, 1, 0, 0].map(|y| y == 1);
        near(value(&s, &y, Metric::AveragePrecision), 0.7222222222222222);
        near(value(&s, &y, Metric::RocAuc), 0.7999999999999999);
    }

    #[test]
    fn precision_at_n_takes_the_expected_anomalies_of_a_tie() {
        // n = 3: one hit, then two of the four rows of score 2, half of which are anomalies.
        let s = [3., 2., 2., 2., 2., 1.];
        let y = [true, true, true, false, false, false];
        near(value(&s, &y, Metric::PrecisionAtN), 2.0 / 3.0);
        near(value(&s, &y, Metric::RecallAtN), 2.0 / 3.0);
        near(
            value(&[2., 1., 3.], &[true, false, true], Metric::PrecisionAtN),
            1.0,
        );
        near(value(&[2., 3.], &[true, false], Metric::PrecisionAtN), 0.0);
    }

    #[test]
    fn roc_auc_is_the_share_of_pairs_in_order() {
        for salt in 0..20 {
            let (scores, labels) = rows(61, salt);
            let of = |kind| {
                let rows = scores.iter().zip(&labels);
                rows.filter(move |r| *r.1 == kind).map(|r| *r.0)
            };
            let (mut wins, mut pairs) = (0.0, 0.0);
            for a in of(true) {
                for b in of(false) {
                    wins += f64::from(u8::from(a > b)) + 0.5 * f64::from(u8::from(a == b));
                    pairs += 1.0;
                }
            }
            near(value(&scores, &labels, Metric::RocAuc), wins / pairs);
        }
    }

    #[test]
    fn only_the_order_of_scores_counts() {
        let (scores, labels) = rows(300, 3);
        let cubed: Vec<f64> = scores.iter().map(|s| s.powi(3) + 0.1 * s).collect();
        let (of, of_cubed) = (ranking(&scores, &labels), ranking(&cubed, &labels));
        assert_eq!(of.expect("scores"), of_cubed.expect("scores"));
        let turned: Vec<f64> = scores.iter().map(|s| -s).collect();
        let auc = |s: &[f64]| value(s, &labels, Metric::RocAuc);
        near(auc(&turned), 1.0 - auc(&scores));
    }

    #[test]
    fn equal_scores_tell_nothing_and_a_right_order_tells_all() {
        let y = [true, false, false, false, true];
        for zero in [[0.0; 5], [0.0, -0.0, 0.0, -0.0, -0.0]] {
            near(value(&zero, &y, Metric::RocAuc), 0.5);
            for metric in [Metric::AveragePrecision, Metric::PrecisionAtN] {
                near(value(&zero, &y, metric), 0.4);
            }
        }
        for metric in [Metric::RocAuc, Metric::AveragePrecision, Metric::RecallAtN] {
            near(value(&[9., 1., 2., 3., 8.], &y, metric), 1.0);
        }
    }

    #[test]
    fn the_curve_has_a_point_a_score_and_keeps_its_ends() {
        let points = precision_recall(&[3., 2., 2., 1.], &[true, false, true, false]);
        let points = points.expect("both kinds of rows").into_iter();
        let points: Vec<_> = points.map(|p| (p.recall, p.precision)).collect();
        assert_eq!(points, [(0.5, 1.0), (1.0, 2.0 / 3.0), (1.0, 0.5)]);

        let scores: Vec<f64> = (0..1000).map(f64::from).collect();
        let labels: Vec<bool> = (0..1000).map(|i| i % 3 == 0).collect();
        let points = precision_recall(&scores, &labels).expect("both kinds of rows");
        assert_eq!(points.len(), 200);
        assert_eq!((points[0].recall, points[0].precision), (1.0 / 334.0, 1.0));
        assert_eq!((points[199].recall, points[199].precision), (1.0, 0.334));
        assert!(points.is_sorted_by_key(|p| p.recall));
    }

    #[test]
    fn what_cannot_be_ranked_is_refused() {
        let refused = |scores: &[f64], anomaly: &[bool], text: &str| {
            let error = ranking(scores, anomaly).expect_err("refused").to_string();
            assert!(error.contains(text), "{error}");
            assert!(precision_recall(scores, anomaly).is_err());
        };
        refused(&[1.0, f64::NAN], &[true, false], "row 1 is NaN");
        refused(&[f64::INFINITY, 1.0], &[true, false], "row 0 is inf");
        refused(&[1.0, 2.0], &[false, false], "no anomaly");
        refused(&[1.0, 2.0], &[true, true], "nothing but anomalies");
        refused(&[], &[], "no anomaly");
        refused(&[1.0], &[true, false], "2 values, one a row");
    }
}
