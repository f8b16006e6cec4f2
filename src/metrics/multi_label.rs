//! Any number of labels a row.

use std::collections::BTreeMap;

use super::classes::{Counts, macro_f1, per_class, total};
use super::{Metric, Scores, check, reliability, surprise};
use crate::error::Result;

/// From here on a label counts as given, in predictions and in targets.
const THRESHOLD: f32 = 0.5;

/// Scores of label probabilities `[rows, classes]`, each of its own, against soft targets of the same shape.
///
/// A label is given from 0.5 on. Subset accuracy, micro-F1, macro-F1, and over all rows and labels log loss, ECE (of
/// the likelier of yes and no) and Brier score; soft log loss and soft Brier score where a target is neither 0 nor 1.
///
/// # Errors
/// As [`classification`](super::classification).
pub fn multi_label(probabilities: &[f32], targets: &[f32], classes: usize) -> Result<Scores> {
    check("probabilities", probabilities, targets, classes)?;
    let cells = probabilities.iter().zip(targets);
    let cells: Vec<Cell> = cells.map(|(&p, &t)| Cell::new(p, t)).collect();
    let mut counts = vec![Counts::default(); classes];
    for (i, cell) in cells.iter().enumerate() {
        counts[i % classes].add(cell.predicted, cell.is);
    }
    let confidence = |c: &Cell| (c.p.max(1.0 - c.p), c.is_right());
    let bins = reliability::bins(cells.iter().map(confidence));
    let mut values = BTreeMap::from([
        (Metric::SubsetAccuracy, exact_rows(&cells, classes)),
        (Metric::MicroF1, total(&counts).f1()),
        (Metric::MacroF1, macro_f1(&counts)),
        (Metric::LogLoss, mean(&cells, |c| c.cross_entropy(c.hard()))),
        (Metric::Ece, reliability::ece(&bins)),
        (Metric::Brier, mean(&cells, |c| (c.p - c.hard()).powi(2))),
    ]);
    if cells.iter().any(|c| c.t != c.hard()) {
        values.insert(Metric::SoftLogLoss, mean(&cells, |c| c.cross_entropy(c.t)));
        values.insert(Metric::SoftBrier, mean(&cells, |c| (c.p - c.t).powi(2)));
    }
    Ok(Scores {
        values,
        per_class: per_class(&counts),
        reliability: bins,
    })
}

/// One label of one row: its probability, its target, and whether they count as given.
struct Cell {
    p: f64,
    t: f64,
    predicted: bool,
    is: bool,
}

impl Cell {
    fn new(p: f32, t: f32) -> Self {
        Self {
            p: p.into(),
            t: t.into(),
            predicted: p >= THRESHOLD,
            is: t >= THRESHOLD,
        }
    }

    fn is_right(&self) -> bool {
        self.predicted == self.is
    }

    fn hard(&self) -> f64 {
        f64::from(u8::from(self.is))
    }

    fn cross_entropy(&self, t: f64) -> f64 {
        t * surprise(self.p) + (1.0 - t) * surprise(1.0 - self.p)
    }
}

fn mean(cells: &[Cell], score: impl Fn(&Cell) -> f64) -> f64 {
    cells.iter().map(score).sum::<f64>() / cells.len() as f64
}

/// Share of rows all of whose labels are right.
fn exact_rows(cells: &[Cell], classes: usize) -> f64 {
    let rows = cells.chunks(classes);
    let exact = rows.filter(|row| row.iter().all(Cell::is_right)).count();
    exact as f64 / (cells.len() / classes) as f64
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

    #[test]
    fn hard_targets_by_hand() {
        let scores = multi_label(&[0.75, 0.25, 0.5, 0.25], &[1., 0., 1., 1.], 2).expect("scores");
        near(&scores, Metric::SubsetAccuracy, 0.5);
        near(&scores, Metric::MicroF1, 4.0 / 5.0);
        near(&scores, Metric::MacroF1, 0.5);
        let log_loss = -(2.0 * 0.75f64.ln() + 0.5f64.ln() + 0.25f64.ln()) / 4.0;
        near(&scores, Metric::LogLoss, log_loss);
        near(&scores, Metric::Brier, (0.0625 * 2.0 + 0.25 + 0.5625) / 4.0);
        // 0.75 three times, right twice; 0.5 once, right.
        let ece = 0.75 * (0.75 - 2.0 / 3.0) + 0.25 * 0.5;
        near(&scores, Metric::Ece, ece);
        assert_eq!(scores.get(Metric::SoftBrier), None);
        assert_eq!(scores.per_class[1].support, 1);
    }

    #[test]
    fn soft_targets_are_scored_too() {
        let scores = multi_label(&[0.5, 0.25], &[0.25, 0.], 2).expect("scores");
        let soft = -(0.5f64.ln() + 0.75f64.ln()) / 2.0;
        near(&scores, Metric::SoftLogLoss, soft);
        near(&scores, Metric::SoftBrier, 0.0625);
        near(&scores, Metric::MicroF1, 0.0);
    }

    #[test]
    fn nothing_given_and_nothing_found_is_zero_and_not_nan() {
        let scores = multi_label(&[0.0, 0.0], &[0., 0.], 2).expect("scores");
        near(&scores, Metric::MicroF1, 0.0);
        near(&scores, Metric::MacroF1, 0.0);
        near(&scores, Metric::SubsetAccuracy, 1.0);
        assert!(scores.values.values().all(|v| v.is_finite()));
    }
}
