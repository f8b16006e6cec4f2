//! Differences with intervals: one line an arm, zero in the middle of attention.

use plotters::element::{EmptyElement, PathElement};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use unicode_width::UnicodeWidthStr;

use super::canvas::{Area, INK, Outcome, digits, draw, font, span, tick};
use crate::compare::{Comparison, Verdict, Versus};
use crate::error::Result;
use crate::metrics::{Direction, Metric};
use crate::report::shortened::shortened;

/// Display columns of an arm's name; longer names are cut in the middle.
const COLUMNS: usize = 26;
const BETTER: RGBColor = RGBColor(0x1f, 0x83, 0xc4);
const WORSE: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const OPEN: RGBColor = RGBColor(0x8a, 0x8a, 0x8a);

/// One metric's differences to the first arm, or `None` for a single arm.
pub(in crate::report) fn forest(comparison: &Comparison, metric: Metric) -> Result<Option<String>> {
    let rows: Vec<(String, &Versus)> = comparison
        .arms
        .iter()
        .flat_map(|a| {
            a.versus_first
                .iter()
                .map(|v| (shortened(&a.name, COLUMNS), v))
        })
        .filter(|(_, v)| v.metric == metric)
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let name = format!(
        "{}: difference to '{}'",
        metric.name(),
        comparison.arms[0].name
    );
    let height = 150 + 62 * rows.len() as u32;
    draw(&name, (1160, height), |area| paint(area, metric, &rows)).map(Some)
}

fn paint(area: &Area<'_>, metric: Metric, rows: &[(String, &Versus)]) -> Outcome {
    let widest = rows.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let ends = rows.iter().flat_map(|(_, v)| v.ci95.into_iter().flatten());
    let points = rows.iter().filter_map(|(_, v)| v.difference);
    let x = span(ends.chain(points).chain([0.0]));
    let count = rows.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .margin_top(10)
        .margin_right(50)
        .x_label_area_size(96)
        .y_label_area_size(40 + 15 * widest as u32)
        .build_cartesian_2d(x.clone(), 0.0..count)?;
    let places = digits(&x, 6);
    let title = match metric.better() {
        Direction::Higher => "← worse · difference · better →",
        Direction::Lower => "← better · difference · worse →",
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.14))
        .axis_style(INK.mix(0.55))
        .label_style(font(12.0))
        .axis_desc_style(font(12.5))
        .x_labels(6)
        .x_label_formatter(&|v| tick(*v, places))
        .x_desc(title)
        .draw()?;
    let zero = PathElement::new(vec![(0.0, 0.0), (0.0, count)], INK.mix(0.8).stroke_width(3));
    chart.draw_series([zero])?;
    for (row, (name, versus)) in rows.iter().enumerate() {
        let y = count - row as f64 - 0.5;
        interval(&mut chart, y, versus)?;
        if versus.difference.is_none() {
            let (x, y) = chart.backend_coord(&(x.start, y));
            let left = font(12.0).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new("no finite value", (x + 18, y), left))?;
        }
        label(area, &chart.backend_coord(&(x.start, y)), name)?;
    }
    Ok(())
}

/// A filled point on its interval; a hollow point where there is no interval; nothing where there is no value.
fn interval(chart: &mut super::canvas::Chart<'_, '_>, y: f64, versus: &Versus) -> Outcome {
    let colour = match versus.verdict {
        Verdict::Better => BETTER,
        Verdict::Worse => WORSE,
        Verdict::Undecided => OPEN,
    };
    if let Some([low, high]) = versus.ci95 {
        let stroke = colour.stroke_width(5);
        chart.draw_series([PathElement::new(vec![(low, y), (high, y)], stroke)])?;
        chart.draw_series([low, high].map(|end| {
            let cap = PathElement::new(vec![(0, -11), (0, 11)], stroke);
            EmptyElement::at((end, y)) + cap
        }))?;
    }
    if let Some(difference) = versus.difference {
        let style = match versus.ci95 {
            Some(_) => colour.filled(),
            None => colour.stroke_width(4),
        };
        chart.draw_series([Circle::new((difference, y), 11, style)])?;
    }
    Ok(())
}

fn label(area: &Area<'_>, at: &(i32, i32), name: &str) -> Outcome {
    let style = font(13.0).pos(Pos::new(HPos::Right, VPos::Center));
    area.draw(&Text::new(name.to_string(), (at.0 - 18, at.1), style))?;
    Ok(())
}
