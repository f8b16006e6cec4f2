//! A mean with a band from the lowest run to the highest.

use plotters::prelude::*;

use super::canvas::{Chart, Outcome, Style, line};

/// More bands than this are drawn lighter, since they lie over each other.
const FEW: usize = 4;

/// One arm's curve.
pub(in crate::report) struct Band {
    pub(in crate::report) style: Style,
    /// Place along the axis, lowest, mean, highest.
    pub(in crate::report) points: Vec<(f64, f64, f64, f64)>,
}

impl Band {
    /// The point of a band at `x`, where the runs have `values`, of which there is at least one.
    pub(in crate::report) fn point(x: f64, values: &[f64]) -> (f64, f64, f64, f64) {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (x, low, mean, high)
    }
}

/// All bands below all means.
pub(super) fn paint(chart: &mut Chart<'_, '_>, bands: &[Band]) -> Outcome {
    let opacity = if bands.len() > FEW { 0.08 } else { 0.16 };
    for band in bands {
        shade(chart, band, opacity)?;
    }
    for band in bands {
        let middle: Vec<(f64, f64)> = band.points.iter().map(|p| (p.0, p.2)).collect();
        line(chart, &middle, band.style)?;
        if middle.len() <= 2 {
            let colour = band.style.colour.filled();
            chart.draw_series(middle.iter().map(|p| Circle::new(*p, 7, colour)))?;
        }
    }
    Ok(())
}

fn shade(chart: &mut Chart<'_, '_>, band: &Band, opacity: f64) -> Outcome {
    let up = band.points.iter().map(|p| (p.0, p.3));
    let back = band.points.iter().rev().map(|p| (p.0, p.1));
    let outline: Vec<(f64, f64)> = up.chain(back).collect();
    let colour = band.style.colour.mix(opacity);
    chart.draw_series(std::iter::once(Polygon::new(outline, colour)))?;
    Ok(())
}
