//! Rows by class: what there was, and what was added to it.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use unicode_width::UnicodeWidthStr;

use super::canvas::{Area, INK, Outcome, Style, digits, draw, font, tick};
use crate::error::Result;
use crate::report::shortened::shortened;

/// Display columns of a class's name; longer names are cut in the middle.
const COLUMNS: usize = 24;

/// One class.
pub(in crate::report) struct Bar {
    pub(in crate::report) name: String,
    pub(in crate::report) before: usize,
    pub(in crate::report) after: usize,
    pub(in crate::report) style: Style,
}

/// A bar a class, the rows before filled and those added hollow, or `None` without a class.
pub(in crate::report) fn bars(name: &str, bars: &[Bar]) -> Result<Option<String>> {
    if bars.is_empty() {
        return Ok(None);
    }
    let height = 120 + 54 * bars.len() as u32;
    draw(name, (1160, height), |area| paint(area, bars)).map(Some)
}

fn paint(area: &Area<'_>, bars: &[Bar]) -> Outcome {
    let name = |b: &Bar| shortened(&b.name, COLUMNS);
    let widest = bars.iter().map(|b| name(b).width()).max().unwrap_or(0);
    let most = bars.iter().map(|b| b.after).max().unwrap_or(0).max(1) as f64;
    let numbers = bars.iter().map(|b| label(b).width()).max().unwrap_or(0);
    let count = bars.len() as f64;
    // The numbers stand behind the bars.
    let room = 1.0 + 15.0 * (numbers as f64 + 2.0) / (1100.0 - 15.0 * (widest + numbers) as f64);
    let x = 0.0..most * room;
    let mut chart = ChartBuilder::on(area)
        .margin_top(6)
        .margin_right(10)
        .x_label_area_size(92)
        .y_label_area_size(40 + 15 * widest as u32)
        .build_cartesian_2d(x.clone(), 0.0..count)?;
    let places = digits(&x, 6);
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
        .x_desc("rows")
        .draw()?;
    for (i, bar) in bars.iter().enumerate() {
        let (low, high) = (count - i as f64 - 0.82, count - i as f64 - 0.18);
        let part = |from: usize, to: usize| [(from as f64, low), (to as f64, high)];
        let colour = bar.style.colour;
        let rectangles = [
            Rectangle::new(part(0, bar.before), colour.filled()),
            Rectangle::new(part(bar.before, bar.after), colour.mix(0.22).filled()),
            Rectangle::new(part(0, bar.after), colour.stroke_width(2)),
        ];
        chart.draw_series(rectangles)?;
        let middle = 0.5 * (low + high);
        let (left, y) = chart.backend_coord(&(0.0, middle));
        let style = font(13.0).pos(Pos::new(HPos::Right, VPos::Center));
        area.draw(&Text::new(name(bar), (left - 16, y), style))?;
        let (right, y) = chart.backend_coord(&(bar.after as f64, middle));
        let style = font(12.0).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(label(bar), (right + 14, y), style))?;
    }
    Ok(())
}

fn label(bar: &Bar) -> String {
    match bar.before == bar.after {
        true => bar.after.to_string(),
        false => format!("{} → {}", bar.before, bar.after),
    }
}
