//! Differences over the number of anomalies kept: a line an arm, with the interval of every point.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::element::PathElement;
use plotters::prelude::*;

use super::canvas::{ChartOn, INK, Outcome, Style, digits, draw, font, line, span, tick};
use crate::error::Result;
use crate::metrics::{Direction, Metric};

/// Counts that run over more than this factor stand on a logarithmic axis.
const WIDE: f64 = 8.0;
/// Between two arms at the same count, as a share of the axis.
const APART: f64 = 0.009;

/// One arm's differences to the first arm.
pub(in crate::report) struct Gain {
    pub(in crate::report) style: Style,
    /// Anomalies kept, the difference, and its 95 % interval where it has one; by rising count.
    pub(in crate::report) points: Vec<(f64, f64, Option<[f64; 2]>)>,
}

/// The gains of all arms in one chart, or `None` where there is nothing to draw.
pub(in crate::report) fn scarcity(
    name: &str,
    metric: Metric,
    gains: &[Gain],
) -> Result<Option<String>> {
    let points = || gains.iter().flat_map(|g| &g.points);
    if points().next().is_none() {
        return Ok(None);
    }
    let x = Kept::of(points().map(|p| p.0).collect());
    let ends = points().flat_map(|p| p.2.into_iter().flatten().chain([p.1]));
    let y = span(ends.chain([0.0]));
    draw(name, (1160, 680), |area| {
        let places = digits(&y, 6);
        let mut chart = ChartBuilder::on(area)
            .margin_top(16)
            .margin_right(36)
            .margin_left(4)
            .x_label_area_size(90)
            .y_label_area_size(150)
            .build_cartesian_2d(x.clone(), y.clone())?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.14))
            .axis_style(INK.mix(0.55))
            .label_style(font(12.0))
            .axis_desc_style(font(12.5))
            .y_labels(6)
            .y_label_formatter(&|v| tick(*v, places))
            .x_desc("anomalies kept")
            .y_desc(y_title(metric))
            .draw()?;
        let zero = vec![(x.range.start, 0.0), (x.range.end, 0.0)];
        let zero = PathElement::new(zero, INK.mix(0.8).stroke_width(3));
        chart.draw_series([zero])?;
        for (i, gain) in gains.iter().enumerate() {
            let shift = APART * (i as f64 - 0.5 * (gains.len() as f64 - 1.0));
            paint(&mut chart, &x, gain, shift)?;
        }
        Ok(())
    })
    .map(Some)
}

fn y_title(metric: Metric) -> &'static str {
    match metric.better() {
        Direction::Higher => "worse ← difference → better",
        Direction::Lower => "better ← difference → worse",
    }
}

/// Arms are shifted sideways a little, so that their intervals do not hide each other.
fn paint(chart: &mut ChartOn<'_, '_, Kept>, x: &Kept, gain: &Gain, shift: f64) -> Outcome {
    let place = |kept: f64| x.place(kept) + shift * (x.range.end - x.range.start);
    let stroke = gain.style.colour.stroke_width(3);
    for &(kept, _, ci95) in &gain.points {
        if let Some([low, high]) = ci95 {
            let x = place(kept);
            chart.draw_series([PathElement::new(vec![(x, low), (x, high)], stroke)])?;
        }
    }
    let middle: Vec<(f64, f64)> = gain.points.iter().map(|p| (place(p.0), p.1)).collect();
    line(chart, &middle, gain.style)?;
    let colour = gain.style.colour;
    chart.draw_series(gain.points.iter().map(|&(kept, difference, ci95)| {
        let style = match ci95 {
            Some(_) => colour.filled(),
            None => colour.stroke_width(3),
        };
        Circle::new((place(kept), difference), 8, style)
    }))?;
    Ok(())
}

/// The horizontal axis: counts or their logarithms, with a tick at each.
#[derive(Clone)]
struct Kept {
    range: Range<f64>,
    logarithmic: bool,
    counts: Vec<f64>,
}

impl Kept {
    fn of(mut counts: Vec<f64>) -> Self {
        counts.sort_by(f64::total_cmp);
        counts.dedup();
        let (low, high) = match (counts.first(), counts.last()) {
            (Some(&low), Some(&high)) => (low, high),
            _ => (0.0, 1.0),
        };
        let logarithmic = low > 0.0 && high / low > WIDE;
        let mut axis = Self {
            range: low..high,
            logarithmic,
            counts,
        };
        axis.range = span([axis.place(low), axis.place(high)].into_iter());
        axis
    }

    fn place(&self, count: f64) -> f64 {
        match self.logarithmic {
            true => count.log10(),
            false => count,
        }
    }
}

impl Ranged for Kept {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, at: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.range.clone()).map(at, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight().allow_light_points() {
            true => Vec::new(),
            false => self.counts.iter().map(|c| self.place(*c)).collect(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Kept {
    fn format_ext(&self, at: &f64) -> String {
        let count = match self.logarithmic {
            true => 10f64.powf(*at),
            false => *at,
        };
        format!("{count:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_run_far_stand_on_a_logarithmic_axis() {
        let axis = Kept::of(vec![400.0, 10.0, 20.0, 10.0]);
        assert!(axis.logarithmic);
        assert_eq!(axis.counts, [10.0, 20.0, 400.0]);
        let labels: Vec<String> = axis
            .counts
            .iter()
            .map(|c| axis.format_ext(&axis.place(*c)))
            .collect();
        assert_eq!(labels, ["10", "20", "400"]);
        for linear in [vec![10.0, 80.0], vec![5.0], vec![0.0, 90.0]] {
            let axis = Kept::of(linear);
            assert!(!axis.logarithmic && axis.range.start < axis.range.end);
        }
    }
}
