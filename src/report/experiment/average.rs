//! Vertical averaging of precision-recall curves: at each recall the mean precision of the runs.
//!
//! A curve is read as the steps of which average precision is the area: at recall r it has the precision of the first
//! answer that reaches r.

use crate::metrics::PrecisionRecall;
use crate::report::plot::Band;

/// Recalls at which curves are averaged: 0.01, 0.02, ..., 1.
const GRID: usize = 100;

/// Recall, lowest, mean and highest precision of the runs; runs without a finite point are left out, and a recall that
/// no run reaches.
pub(super) fn averaged(curves: &[Vec<PrecisionRecall>]) -> Vec<(f64, f64, f64, f64)> {
    let curves: Vec<Vec<PrecisionRecall>> = curves.iter().map(|c| sorted(c)).collect();
    let recalls = (1..=GRID).map(|i| i as f64 / GRID as f64);
    recalls
        .filter_map(|recall| {
            let values: Vec<f64> = curves.iter().filter_map(|c| at(c, recall)).collect();
            (!values.is_empty()).then(|| Band::point(recall, &values))
        })
        .collect()
}

/// By rising recall, the highest precision of equal recalls first.
fn sorted(curve: &[PrecisionRecall]) -> Vec<PrecisionRecall> {
    let finite = |p: &&PrecisionRecall| p.recall.is_finite() && p.precision.is_finite();
    let mut points: Vec<PrecisionRecall> = curve.iter().filter(finite).copied().collect();
    points.sort_by(|a, b| {
        let by_recall = a.recall.total_cmp(&b.recall);
        by_recall.then(b.precision.total_cmp(&a.precision))
    });
    points
}

fn at(curve: &[PrecisionRecall], recall: f64) -> Option<f64> {
    // Recalls are ratios of counts: rounding must not move one across a point of the grid.
    let reached = curve.partition_point(|p| p.recall < recall - 1e-9);
    curve.get(reached).map(|p| p.precision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Metric, precision_recall, ranking};

    fn curve(points: &[(f64, f64)]) -> Vec<PrecisionRecall> {
        let point = |&(recall, precision)| PrecisionRecall { recall, precision };
        points.iter().map(point).collect()
    }

    #[test]
    fn the_mean_over_the_grid_is_average_precision() {
        let scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
        let anomaly = [true, true, false, true, false, false, false, true];
        let curve = precision_recall(&scores, &anomaly).expect("both classes");
        let points = averaged(&[curve]);
        let mean = points.iter().map(|p| p.2).sum::<f64>() / points.len() as f64;
        let wanted = ranking(&scores, &anomaly).expect("both classes");
        let wanted = wanted.get(Metric::AveragePrecision).expect("taken");
        assert_eq!(points.len(), GRID);
        assert!((mean - wanted).abs() < 1e-12, "{mean} {wanted}");
    }

    #[test]
    fn a_band_runs_from_the_lowest_run_to_the_highest() {
        let runs = [
            curve(&[(1.0, 0.25)]),
            curve(&[(0.5, 1.0), (1.0, 0.75)]),
            Vec::new(),
        ];
        let points = averaged(&runs);
        assert_eq!(points[0], (0.01, 0.25, 0.625, 1.0));
        assert_eq!(points[99], (1.0, 0.25, 0.5, 0.75));
        assert!(averaged(&[Vec::new(), curve(&[(f64::NAN, 0.5)])]).is_empty());
        // A run that ends early says nothing of the recalls that it does not reach.
        assert_eq!(averaged(&[curve(&[(0.5, 1.0)])]).len(), 50);
    }
}
