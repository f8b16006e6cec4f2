//! The share of rows up to a value, drawn through percentiles.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::canvas::{INK, Style, digits, draw, font, span, tick};
use crate::error::Result;

const SIZE: (u32, u32) = (760, 520);
/// Positive values that run over more than this factor stand on a logarithmic axis.
const WIDE: f64 = 50.0;
/// No logarithmic axis runs over more than this factor.
const WIDEST: f64 = 1e6;

/// One distribution: its 0th to 100th percentile, in this colour or, with none, in that of the text.
pub(in crate::report) struct Steps<'a> {
    pub(in crate::report) percentiles: &'a [f64],
    pub(in crate::report) style: Option<Style>,
}

/// The distributions in one chart, from the 1st to the 99th percentile of each, or `None` where there is nothing to
/// draw.
pub(in crate::report) fn ecdf(
    name: &str,
    x_title: &str,
    steps: &[Steps<'_>],
) -> Result<Option<String>> {
    let middle = |s: &Steps<'_>| s.percentiles.get(1..100).unwrap_or(&[]).to_vec();
    let shown: Vec<f64> = steps.iter().flat_map(middle).collect();
    if shown.is_empty() {
        return Ok(None);
    }
    let axis = Axis::of(&shown);
    draw(name, SIZE, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin_top(16)
            .margin_right(36)
            .margin_left(4)
            .x_label_area_size(90)
            .y_label_area_size(120)
            .build_cartesian_2d(axis.clone(), 0.0..1.0)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.14))
            .axis_style(INK.mix(0.55))
            .label_style(font(12.0))
            .axis_desc_style(font(12.5))
            .y_labels(5)
            .y_label_formatter(&|v| tick(*v, 1))
            .x_desc(x_title)
            .y_desc("share of rows")
            .draw()?;
        for steps in steps {
            let colour = steps.style.map_or(INK, |s| s.colour);
            let line = axis.line(steps.percentiles);
            chart.draw_series(LineSeries::new(line, colour.stroke_width(4)))?;
        }
        Ok(())
    })
    .map(Some)
}

/// A short stroke in the colour of the text, for a legend beside the plots.
pub(in crate::report) fn ink_swatch() -> &'static str {
    "<svg class=\"swatch\" viewBox=\"0 0 26 10\" aria-hidden=\"true\"><line x1=\"0\" y1=\"5\" x2=\"26\" y2=\"5\" \
     stroke=\"currentColor\" stroke-width=\"4\"/></svg>"
}

/// The horizontal axis, in units of the canvas: values, or their decimal logarithms.
#[derive(Clone)]
struct Axis {
    range: Range<f64>,
    logarithmic: bool,
}

impl Axis {
    /// Logarithmic where the values run far and none is below 0; those of 0 then stand at the left end.
    fn of(shown: &[f64]) -> Self {
        let least = shown.iter().copied().fold(f64::INFINITY, f64::min);
        let high = shown.iter().copied().fold(0.0, f64::max);
        let positive = shown.iter().copied().filter(|v| *v > 0.0);
        let low = positive.fold(high, f64::min).max(high / WIDEST);
        let logarithmic = least >= 0.0 && low > 0.0 && high / low > WIDE;
        let range = match logarithmic {
            true => low.log10() - 0.05..high.log10() + 0.05,
            false => span(shown.iter().copied()),
        };
        Self { range, logarithmic }
    }

    fn place(&self, value: f64) -> f64 {
        let value = match self.logarithmic {
            true if value <= 0.0 => self.range.start,
            true => value.log10(),
            false => value,
        };
        value.clamp(self.range.start, self.range.end)
    }

    /// From the left end to the right one.
    fn line(&self, percentiles: &[f64]) -> Vec<(f64, f64)> {
        let point = |(i, value): (usize, &f64)| (self.place(*value), i as f64 / 100.0);
        let inner = percentiles.iter().enumerate().map(point);
        let ends = [(self.range.start, 0.0), (self.range.end, 1.0)];
        ends[..1]
            .iter()
            .copied()
            .chain(inner)
            .chain(ends[1..].iter().copied())
            .collect()
    }

    fn ticks(&self) -> Vec<f64> {
        if !self.logarithmic {
            return RangedCoordf64::from(self.range.clone()).key_points(5);
        }
        let decades = self.range.end - self.range.start;
        let step = (decades / 5.0).ceil();
        let steps = |from: f64| (0..=20).map(move |i| from + step * f64::from(i));
        let whole = steps((self.range.start / step).ceil() * step);
        let between = |v: &f64| self.range.contains(v);
        match decades < 3.0 {
            // 1, 3, 10, 30, ...
            true => whole
                .flat_map(|v| [v - 1.0 + 3f64.log10(), v])
                .filter(between)
                .collect(),
            false => whole.filter(between).collect(),
        }
    }

    fn label(&self, at: f64) -> String {
        if !self.logarithmic {
            let size = self.range.start.abs().max(self.range.end.abs());
            return match (1e-3..1e6).contains(&size) {
                true => tick(at, digits(&self.range, 5)),
                false => format!("{at:.1e}"),
            };
        }
        let value = 10f64.powf(at);
        match (-3.5..5.5).contains(&at) {
            true => tick(value, (-at.floor()).max(0.0) as usize),
            false => format!("{value:.0e}"),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, at: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.range.clone()).map(at, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight().allow_light_points() {
            true => Vec::new(),
            false => self.ticks(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, at: &f64) -> String {
        self.label(*at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_over_decades_stands_on_a_logarithmic_axis() {
        let axis = Axis::of(&[0.0, 1.0, 10.0, 8000.0]);
        let labels: Vec<String> = axis.ticks().into_iter().map(|t| axis.label(t)).collect();
        assert!(axis.logarithmic);
        assert_eq!(labels, ["1", "10", "100", "1000"]);
        assert_eq!(axis.place(0.0), axis.range.start);
        let line = axis.line(&[0.0, 5.0]);
        assert_eq!(line[0], (axis.range.start, 0.0));
        assert_eq!(line[3], (axis.range.end, 1.0));
        for linear in [&[-1.0, 1.0, 900.0][..], &[0.5, 2.0], &[0.0, 0.0]] {
            let axis = Axis::of(linear);
            assert!(!axis.logarithmic && axis.range.start < axis.range.end);
        }
    }

    #[test]
    fn two_decades_have_ticks_between() {
        let axis = Axis::of(&[0.9, 80.0]);
        let labels: Vec<String> = axis.ticks().into_iter().map(|t| axis.label(t)).collect();
        assert_eq!(labels, ["1", "3", "10", "30"]);
    }
}
