//! Reliability diagrams: what share is right among the answers given with a certain confidence.

use plotters::element::PathElement;
use plotters::prelude::*;

use super::canvas::{Area, Axes, INK, Outcome, Style, chart, draw};
use crate::error::Result;
use crate::metrics::Bin;

/// The diagram over a histogram of the confidences, or `None` without any row.
pub(in crate::report) fn reliability(
    name: &str,
    bins: &[Bin],
    style: Style,
) -> Result<Option<String>> {
    let rows: usize = bins.iter().map(|b| b.count).sum();
    if rows == 0 {
        return Ok(None);
    }
    let name = format!("Reliability of {name}");
    draw(&name, (760, 880), |area| {
        let (upper, lower) = area.split_vertically(620);
        diagram(&upper, bins, rows, style)?;
        histogram(&lower, bins, rows, style)
    })
    .map(Some)
}

/// Below the diagonal the model is surer than it is right.
fn diagram(area: &Area<'_>, bins: &[Bin], rows: usize, style: Style) -> Outcome {
    let axes = Axes {
        x: 0.0..1.0,
        y: 0.0..1.0,
        x_title: "",
        y_title: "share right",
        y_lines: 5,
    };
    let mut chart = chart(area, &axes)?;
    let diagonal = [(0.0, 0.0), (1.0, 1.0)];
    chart.draw_series(DashedLineSeries::new(
        diagonal,
        10,
        8,
        INK.mix(0.6).stroke_width(2),
    ))?;
    let filled = || bins.iter().filter(|b| b.count > 0);
    chart.draw_series(filled().map(|b| {
        let gap = vec![(b.confidence, b.confidence), (b.confidence, b.accuracy)];
        PathElement::new(gap, style.colour.mix(0.5).stroke_width(6))
    }))?;
    chart.draw_series(filled().map(|b| {
        // The area of a point goes with its share of the rows.
        let radius = 6.0 + 24.0 * (b.count as f64 / rows as f64).sqrt();
        Circle::new(
            (b.confidence, b.accuracy),
            radius as i32,
            style.colour.mix(0.85).filled(),
        )
    }))?;
    Ok(())
}

fn histogram(area: &Area<'_>, bins: &[Bin], rows: usize, style: Style) -> Outcome {
    let share = |b: &Bin| b.count as f64 / rows as f64;
    let axes = Axes {
        x: 0.0..1.0,
        y: 0.0..bins.iter().map(share).fold(0.0, f64::max) * 1.1,
        x_title: "confidence",
        y_title: "rows",
        y_lines: 3,
    };
    let mut chart = chart(area, &axes)?;
    let width = 1.0 / bins.len() as f64;
    chart.draw_series(bins.iter().enumerate().map(|(i, b)| {
        let corners = [(i as f64 * width, 0.0), ((i + 1) as f64 * width, share(b))];
        let mut bar = Rectangle::new(corners, style.colour.mix(0.85).filled());
        bar.set_margin(0, 0, 2, 2);
        bar
    }))?;
    Ok(())
}
