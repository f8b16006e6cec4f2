//! One class a row.

use std::collections::BTreeMap;

use super::classes::{Counts, macro_f1, per_class};
use super::{Metric, Scores, check, reliability, surprise};
use crate::error::{Error, Result};

/// Scores of class probabilities `[rows, classes]` against soft targets of the same shape, both row after row.
///
/// Accuracy, macro-F1, log loss, ECE and Brier score against the hard labels; and against the targets themselves, where
/// any of them is not one-hot, soft log loss and soft Brier score.
///
/// ```
/// use candle_mixup::metrics::{Metric, classification};
///
/// let scores = classification(&[0.75, 0.25, 0.5, 0.5], &[1., 0., 0., 1.], 2)?;
/// assert_eq!(scores.get(Metric::Accuracy), Some(0.5));
/// assert_eq!(scores.get(Metric::Brier), Some((0.125 + 0.5) / 2.0));
/// assert_eq!(scores.get(Metric::SoftBrier), None);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
///
/// # Errors
/// [`Error::Data`] for no rows and for numbers that are not finite, [`Error::Shape`] for lengths that do not fit.
pub fn classification(probabilities: &[f32], targets: &[f32], classes: usize) -> Result<Scores> {
    check("probabilities", probabilities, targets, classes)?;
    let rows: Vec<Row<'_>> = probabilities
        .chunks(classes)
        .zip(targets.chunks(classes))
        .map(|(p, t)| Row {
            p,
            t,
            top: largest(p),
            label: largest(t),
        })
        .collect();
    let mut counts = vec![Counts::default(); classes];
    for row in &rows {
        for (class, counts) in counts.iter_mut().enumerate() {
            counts.add(row.top == class, row.label == class);
        }
    }
    let bins = reliability::bins(rows.iter().map(|r| (r.p[r.top].into(), r.is_right())));
    let mut values = hard_scores(&rows);
    values.insert(Metric::MacroF1, macro_f1(&counts));
    values.insert(Metric::Ece, reliability::ece(&bins));
    if rows.iter().any(|r| !is_one_hot(r.t)) {
        values.extend(soft_scores(&rows));
    }
    Ok(Scores {
        values,
        per_class: per_class(&counts),
        reliability: bins,
    })
}

/// One row: probabilities, targets, the predicted class and the hard label.
struct Row<'a> {
    p: &'a [f32],
    t: &'a [f32],
    top: usize,
    label: usize,
}

impl Row<'_> {
    fn is_right(&self) -> bool {
        self.top == self.label
    }
}

fn hard_scores(rows: &[Row<'_>]) -> BTreeMap<Metric, f64> {
    let one_if = |yes: bool| f64::from(u8::from(yes));
    BTreeMap::from([
        (Metric::Accuracy, mean(rows, |r| one_if(r.is_right()))),
        (
            Metric::LogLoss,
            mean(rows, |r| surprise(r.p[r.label].into())),
        ),
        (
            Metric::Brier,
            mean(rows, |r| squares(r.p, |c| one_if(c == r.label))),
        ),
    ])
}

fn soft_scores(rows: &[Row<'_>]) -> [(Metric, f64); 2] {
    [
        (Metric::SoftLogLoss, mean(rows, |r| cross_entropy(r.p, r.t))),
        (
            Metric::SoftBrier,
            mean(rows, |r| squares(r.p, |c| r.t[c].into())),
        ),
    ]
}

fn mean(rows: &[Row<'_>], score: impl Fn(&Row<'_>) -> f64) -> f64 {
    rows.iter().map(score).sum::<f64>() / rows.len() as f64
}

/// The index of the largest entry of each row of `[rows, classes]`, the lowest among equals.
///
/// # Errors
/// [`Error::Shape`] if the values are not whole rows of `classes`, [`Error::Data`] if one is not a number.
pub fn hard_labels(values: &[f32], classes: usize) -> Result<Vec<u32>> {
    if classes == 0 || !values.len().is_multiple_of(classes) {
        return Err(Error::Shape {
            what: "rows to label".into(),
            expected: format!("rows of {classes}"),
            got: format!("{} values", values.len()),
        });
    }
    if let Some(i) = values.iter().position(|v| v.is_nan()) {
        let (row, column) = (i / classes, i % classes);
        return Err(Error::Data(format!(
            "row {row}, column {column} is NaN, and has no place in an order"
        )));
    }
    let rows = values.chunks(classes);
    Ok(rows.map(|row| largest(row) as u32).collect())
}

/// The first of the largest entries; rows are not empty and hold numbers.
fn largest(row: &[f32]) -> usize {
    (1..row.len()).fold(0, |best, c| if row[c] > row[best] { c } else { best })
}

fn is_one_hot(row: &[f32]) -> bool {
    row.iter().all(|&t| t == 0.0 || t == 1.0) && row.iter().sum::<f32>() == 1.0
}

fn cross_entropy(p: &[f32], t: &[f32]) -> f64 {
    let terms = p.iter().zip(t);
    terms
        .map(|(&p, &t)| f64::from(t) * surprise(p.into()))
        .sum()
}

fn squares(p: &[f32], target: impl Fn(usize) -> f64) -> f64 {
    let gaps = p.iter().enumerate().map(|(c, &p)| f64::from(p) - target(c));
    gaps.map(|gap| gap * gap).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(scores: &Scores, metric: Metric, expected: f64) {
        let value = scores.get(metric).expect("taken");
        assert!(
            (value - expected).abs() < 1e-7,
            "{metric}: {value} {expected}"
        );
    }

    /// Three classes, four rows; class 2 is never predicted and class 1 has one row of two right.
    #[test]
    fn hard_targets_by_hand() {
        let p = [0.5, 0.25, 0.25, 0.25, 0.75, 0., 1., 0., 0., 0.5, 0.5, 0.];
        let t = [1., 0., 0., 0., 1., 0., 0., 1., 0., 0., 0., 1.];
        let scores = classification(&p, &t, 3).expect("scores");
        near(&scores, Metric::Accuracy, 0.5);
        // Class 0: predicted three times, right once of one; class 1: once, right, of two; class 2: never.
        near(&scores, Metric::MacroF1, (0.5 + 2.0 / 3.0 + 0.0) / 3.0);
        let clipped = f64::from(f32::EPSILON);
        let log_loss = -(0.5f64.ln() + 0.75f64.ln() + 2.0 * clipped.ln()) / 4.0;
        near(&scores, Metric::LogLoss, log_loss);
        near(&scores, Metric::Brier, (0.375 + 0.125 + 2.0 + 1.5) / 4.0);
        // Bins: 0.5 twice (one right), 0.75 right, 1 wrong.
        near(&scores, Metric::Ece, 0.25 * 0.25 + 0.25 * 1.0);
        assert_eq!(scores.get(Metric::SoftLogLoss), None);
        let of = |class: usize| {
            let c = &scores.per_class[class];
            (c.precision, c.recall, c.support)
        };
        assert_eq!(of(0), (1.0 / 3.0, 1.0, 1));
        assert_eq!(of(1), (1.0, 0.5, 2));
        assert_eq!(of(2), (0.0, 0.0, 1));
        assert_eq!(scores.reliability.len(), 15);
        assert_eq!(scores.reliability.iter().map(|b| b.count).sum::<usize>(), 4);
    }

    #[test]
    fn soft_targets_are_scored_as_they_are_and_by_their_largest() {
        let scores =
            classification(&[0.5, 0.5, 0.25, 0.75], &[0.5, 0.5, 0., 1.], 2).expect("scores");
        near(&scores, Metric::Accuracy, 1.0);
        let soft = -(0.5f64.ln() + 0.75f64.ln()) / 2.0;
        near(&scores, Metric::SoftLogLoss, soft);
        near(&scores, Metric::SoftBrier, (0.0 + 0.125) / 2.0);
        near(&scores, Metric::Brier, (0.5 + 0.125) / 2.0);
    }

    #[test]
    fn one_class_and_unseen_classes_are_no_special_case() {
        let scores = classification(&[1., 1.], &[1., 1.], 1).expect("scores");
        near(&scores, Metric::Accuracy, 1.0);
        near(&scores, Metric::MacroF1, 1.0);
        near(&scores, Metric::LogLoss, 0.0);
        let unseen = classification(&[1., 0., 0.], &[1., 0., 0.], 3).expect("scores");
        near(&unseen, Metric::MacroF1, 1.0);
        assert_eq!(unseen.per_class[2].support, 0);
    }

    #[test]
    fn labels_are_the_first_of_the_largest() {
        let labels = hard_labels(&[0.5, 0.5, 0.1, 0.9], 2).expect("labels");
        assert_eq!(labels, [0, 1]);
        assert!(hard_labels(&[1., 2., 3.], 2).is_err());
        assert!(hard_labels(&[1., f32::NAN], 2).is_err());
    }
}
