//! The common ground of all plots: a canvas, its ink and colours, and axes.
//!
//! A canvas is laid out at twice the size at which it is shown, since the backend rounds to whole units. What is
//! drawn in [`INK`] takes the colour of the text around it, so that one drawing serves light and dark pages.

use std::ops::Range;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::error::{Error, Result};

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Chart<'a, 'b> = ChartOn<'a, 'b, RangedCoordf64>;
/// A chart with a horizontal axis of its own.
pub(super) type ChartOn<'a, 'b, X> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, RangedCoordf64>>;
pub(super) type Outcome<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Stands for the text colour of the page.
pub(super) const INK: RGBColor = RGBColor(1, 2, 3);

/// Okabe and Ito's (2008) colours, told apart by colour-blind readers, in shades that show on white and on black.
/// Grey comes first: it is the arm that the others are compared with.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x8a, 0x8a, 0x8a),
    RGBColor(0x1f, 0x83, 0xc4),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe0, 0x9b, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
];

/// How the series of one arm is drawn: a colour, and dashes once the colours are used up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct Style {
    pub(super) colour: RGBColor,
    pub(super) dashed: bool,
}

impl Style {
    /// The style of arm `i`, the first arm being 0.
    pub(in crate::report) fn of(i: usize) -> Self {
        let repeated = (i.max(1) - 1) % (COLOURS.len() - 1) + 1;
        Self {
            colour: COLOURS[if i == 0 { 0 } else { repeated }],
            dashed: i >= COLOURS.len(),
        }
    }

    /// A short stroke in this style, for a legend beside the plots.
    pub(in crate::report) fn swatch(self) -> String {
        let RGBColor(r, g, b) = self.colour;
        let dashes = if self.dashed {
            " stroke-dasharray=\"6 4\""
        } else {
            ""
        };
        format!(
            "<svg class=\"swatch\" viewBox=\"0 0 26 10\" aria-hidden=\"true\"><line x1=\"0\" y1=\"5\" x2=\"26\" y2=\"5\" \
             stroke=\"#{r:02x}{g:02x}{b:02x}\" stroke-width=\"4\"{dashes}/></svg>"
        )
    }
}

/// Draws on a canvas of `width` × `height` units, twice the pixels it is made for, and gives the SVG element.
///
/// `name` is what a screen reader says. The element has no size of its own: it fills what holds it.
pub(super) fn draw(
    name: &str,
    (width, height): (u32, u32),
    paint: impl FnOnce(&Area<'_>) -> Outcome,
) -> Result<String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
    let painted = paint(&area).and_then(|()| Ok(area.present()?));
    painted.map_err(|e| Error::Plot {
        plot: name.into(),
        problem: e.to_string(),
    })?;
    drop(area);
    let body = svg.find('>').map_or("", |end| &svg[end + 1..]);
    Ok(format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">{}",
        super::super::html::escape(name),
        printable(&body.replace("\"#010203\"", "\"currentColor\""))
    ))
}

/// The backend escapes names, but leaves control characters in them, which have no place in a document.
fn printable(markup: &str) -> String {
    let stands = |c: char| !c.is_control() || c == '\n' || c == '\t';
    let shown = markup
        .chars()
        .map(|c| if stands(c) { c } else { '\u{fffd}' });
    shown.collect()
}

/// A font `size` pixels high as shown.
pub(super) fn font(size: f64) -> TextStyle<'static> {
    // The backend divides sizes by 1.24, and the canvas is shown at half its size.
    ("system-ui, sans-serif", size * 2.0 * 1.24)
        .into_font()
        .color(&INK)
}

/// The two axes of a chart.
pub(super) struct Axes<'a> {
    pub(super) x: Range<f64>,
    pub(super) y: Range<f64>,
    pub(super) x_title: &'a str,
    pub(super) y_title: &'a str,
    /// About how many lines to draw across.
    pub(super) y_lines: usize,
}

/// A chart with a light grid, axis titles and tick labels that have room.
pub(super) fn chart<'a, 'b>(area: &'a Area<'b>, axes: &Axes<'_>) -> Outcome<Chart<'a, 'b>> {
    let bottom = if axes.x_title.is_empty() { 20 } else { 90 };
    let mut chart = ChartBuilder::on(area)
        .margin_top(16)
        .margin_right(36)
        .margin_left(4)
        .x_label_area_size(bottom)
        .y_label_area_size(if axes.y_title.is_empty() { 90 } else { 140 })
        .build_cartesian_2d(axes.x.clone(), axes.y.clone())?;
    let (x_digits, y_digits) = (digits(&axes.x, 6), digits(&axes.y, axes.y_lines));
    let hide_x = axes.x_title.is_empty();
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.14))
        .axis_style(INK.mix(0.55))
        .label_style(font(12.0))
        .axis_desc_style(font(12.5))
        .x_labels(6)
        .y_labels(axes.y_lines)
        .x_label_formatter(&|v| {
            if hide_x {
                String::new()
            } else {
                tick(*v, x_digits)
            }
        })
        .y_label_formatter(&|v| tick(*v, y_digits))
        .x_desc(axes.x_title)
        .y_desc(axes.y_title)
        .draw()?;
    Ok(chart)
}

/// A tick label; without this, rounding would write a zero with a sign.
pub(super) fn tick(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.trim_start_matches(['-', '0', '.']).is_empty() {
        true => format!("{:.digits$}", 0.0),
        false => text,
    }
}

/// Digits that the tick labels of `range` need, of which there are at most `lines`.
pub(super) fn digits(range: &Range<f64>, lines: usize) -> usize {
    let ticks = RangedCoordf64::from(range.clone()).key_points(lines);
    let room = 1e-6 * (range.end - range.start);
    let exact = |digits: usize| {
        let scale = 10f64.powi(digits as i32);
        let off = |t: &f64| ((t * scale).round() / scale - t).abs();
        ticks.iter().all(|t| off(t) <= room)
    };
    (0..9).find(|d| exact(*d)).unwrap_or(9)
}

/// The range of the finite `values` with a little room; a range around the one value if there is no spread.
pub(super) fn span(values: impl Iterator<Item = f64>) -> Range<f64> {
    let finite = values.filter(|v| v.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
        (l.min(v), h.max(v))
    });
    if low > high {
        return 0.0..1.0;
    }
    let room = match high - low {
        spread if spread > 1e-9 * low.abs().max(high.abs()) => 0.06 * spread,
        _ => (0.1 * high.abs()).max(1e-3),
    };
    low - room..high + room
}

/// A line through `points`, in pieces where a value is missing, dashed if the style says so.
pub(super) fn line<X: Ranged<ValueType = f64>>(
    chart: &mut ChartOn<'_, '_, X>,
    points: &[(f64, f64)],
    style: Style,
) -> Outcome {
    let stroke = style.colour.stroke_width(4);
    for piece in points.split(|(_, y)| !y.is_finite()) {
        let piece = piece.iter().copied();
        match style.dashed {
            true => chart.draw_series(DashedLineSeries::new(piece, 14, 9, stroke))?,
            false => chart.draw_series(LineSeries::new(piece, stroke))?,
        };
    }
    Ok(())
}
