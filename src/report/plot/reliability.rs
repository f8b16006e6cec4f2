//! Reliability diagrams: what share is right among the answers given with a certain confidence.

use plotters::element::PathElement;
use plotters::prelude::*;

use super::canvas::{Area, Axes, Chart, INK, Outcome, Style, chart, draw};
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
        histogram(&lower, bins, rows, style, "confidence")
    })
    .map(Some)
}

/// Two calibrations of a detector of anomalies in one diagram, the first hollow and the second filled, over a histogram
/// of the second; `None` where either has no row.
pub(in crate::report) fn reliability_pair(
    name: &str,
    [before, after]: [&[Bin]; 2],
    style: Style,
) -> Result<Option<String>> {
    let rows = |bins: &[Bin]| bins.iter().map(|b| b.count).sum::<usize>();
    let (first, second) = (rows(before), rows(after));
    if first == 0 || second == 0 {
        return Ok(None);
    }
    let name = format!("Reliability of {name} before and after");
    draw(&name, (760, 880), |area| {
        let (upper, lower) = area.split_vertically(620);
        let mut chart = square(&upper, "share of anomalies")?;
        points(&mut chart, before, first, style.colour.stroke_width(4))?;
        points(&mut chart, after, second, style.colour.mix(0.85).filled())?;
        histogram(&lower, after, second, style, "probability of an anomaly")
    })
    .map(Some)
}

/// Below the diagonal the model is surer than it is right.
fn diagram(area: &Area<'_>, bins: &[Bin], rows: usize, style: Style) -> Outcome {
    let mut chart = square(area, "share right")?;
    chart.draw_series(bins.iter().filter(|b| b.count > 0).map(|b| {
        let gap = vec![(b.confidence, b.confidence), (b.confidence, b.accuracy)];
        PathElement::new(gap, style.colour.mix(0.5).stroke_width(6))
    }))?;
    points(&mut chart, bins, rows, style.colour.mix(0.85).filled())
}

/// The axes and the diagonal.
fn square<'a, 'b>(area: &'a Area<'b>, y_title: &str) -> Outcome<Chart<'a, 'b>> {
    let axes = Axes {
        x: 0.0..1.0,
        y: 0.0..1.0,
        x_title: "",
        y_title,
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
    Ok(chart)
}

/// The area of a point goes with its share of the rows.
fn points(chart: &mut Chart<'_, '_>, bins: &[Bin], rows: usize, style: ShapeStyle) -> Outcome {
    chart.draw_series(bins.iter().filter(|b| b.count > 0).map(|b| {
        let radius = 6.0 + 24.0 * (b.count as f64 / rows as f64).sqrt();
        Circle::new((b.confidence, b.accuracy), radius as i32, style)
    }))?;
    Ok(())
}

fn histogram(area: &Area<'_>, bins: &[Bin], rows: usize, style: Style, x_title: &str) -> Outcome {
    let share = |b: &Bin| b.count as f64 / rows as f64;
    let axes = Axes {
        x: 0.0..1.0,
        y: 0.0..bins.iter().map(share).fold(0.0, f64::max) * 1.1,
        x_title,
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
