//! Precision against recall: the mean over the runs with a band from the lowest to the highest.

use plotters::prelude::*;

use super::band::{Band, paint};
use super::canvas::{Axes, INK, chart, draw};
use crate::error::Result;

/// The curves of all arms in one chart over the dashed line of `prevalence`, the precision of a detector that answers
/// at random; `None` where there is nothing to draw.
pub(in crate::report) fn pr(
    name: &str,
    bands: &[Band],
    prevalence: Option<f64>,
) -> Result<Option<String>> {
    if bands.iter().all(|b| b.points.is_empty()) {
        return Ok(None);
    }
    let axes = Axes {
        x: 0.0..1.0,
        y: 0.0..1.02,
        x_title: "recall",
        y_title: "precision",
        y_lines: 6,
    };
    draw(name, (1160, 760), |area| {
        let mut chart = chart(area, &axes)?;
        if let Some(share) = prevalence.filter(|p| p.is_finite()) {
            let ends = [(0.0, share), (1.0, share)];
            let stroke = INK.mix(0.6).stroke_width(2);
            chart.draw_series(DashedLineSeries::new(ends, 10, 8, stroke))?;
        }
        paint(&mut chart, bands)
    })
    .map(Some)
}
