//! Vertical averaging of precision-recall curves: at each recall the mean precision of the runs.
//!
//! A curve is read as the steps of which average precision is the area: at recall r it has the precision of the first
//! answer that reaches r.

use crate::report::plot::Band;

/// Recalls at which curves are averaged: 0.01, 0.02, ..., 1.
const GRID: usize = 100;

/// Recall, lowest, mean and highest precision of the runs, each run a list of (recall, precision); runs without a
/// finite point are left out, as is a recall that no run reaches.
pub(super) fn averaged(curves: &[Vec<(f64, f64)>]) -> Vec<(f64, f64, f64, f64)> {
    let curves: Vec<Vec<(f64, f64)>> = curves.iter().map(|c| sorted(c)).collect();
    let recalls = (1..=GRID).map(|i| i as f64 / GRID as f64);
    recalls
        .filter_map(|recall| {
            let values: Vec<f64> = curves.iter().filter_map(|c| at(c, recall)).collect();
            (!values.is_empty()).then(|| Band::point(recall, &values))
        })
        .collect()
}

/// By rising recall, the highest precision of equal recalls first.
fn sorted(curve: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let finite = curve.iter().filter(|(r, p)| r.is_finite() && p.is_finite());
    let mut points: Vec<(f64, f64)> = finite.copied().collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    points
}

fn at(curve: &[(f64, f64)], recall: f64) -> Option<f64> {
    // Recalls are ratios of counts: rounding must not move one across a point of the grid.
    let reached = curve.partition_point(|(r, _)| *r < recall - 1e-9);
    curve.get(reached).map(|(_, precision)| *precision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_over_the_grid_is_average_precision() {
        // Four anomalies, found at ranks 1, 2, 4 and 8.
        let curve = [
            (0.25, 1.0),
            (0.5, 1.0),
            (0.5, 2.0 / 3.0),
            (0.75, 0.75),
            (0.75, 0.6),
            (1.0, 0.5),
        ];
        let points = averaged(&[curve.to_vec()]);
        let mean = points.iter().map(|p| p.2).sum::<f64>() / points.len() as f64;
        assert_eq!(points.len(), GRID);
        assert!(
            (mean - (1.0 + 1.0 + 0.75 + 0.5) / 4.0).abs() < 1e-12,
            "{mean}"
        );
    }

    #[test]
    fn a_band_runs_from_the_lowest_run_to_the_highest() {
        let points = averaged(&[vec![(1.0, 0.25)], vec![(0.5, 1.0), (1.0, 0.75)], Vec::new()]);
        assert_eq!(points[0], (0.01, 0.25, 0.625, 1.0));
        assert_eq!(points[99], (1.0, 0.25, 0.5, 0.75));
        assert!(averaged(&[Vec::new(), vec![(f64::NAN, 0.5)]]).is_empty());
        // A run that ends early says nothing of the recalls that it does not reach.
        assert_eq!(averaged(&[vec![(0.5, 1.0)]]).len(), 50);
    }
}
