//! Points of a plane, by layer: a mark and a colour each.
//!
//! A mark is a few characters of a path, so that thousands of them stay small.

use std::fmt::Write;
use std::ops::Range;

use plotters::style::RGBColor;

use super::canvas::{Axes, Style, chart, draw};
use crate::error::Result;

const SIZE: (u32, u32) = (1160, 960);
/// Marks of one path are painted as one; so many are few enough for crowds to look denser than single points.
const MARKS: usize = 6;
/// The quantiles of the points that the axes reach to, and how much further, as a share of the distance between them.
const REACH: (f64, f64) = (0.015, 0.3);

/// How a point is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Mark {
    /// Filled: a real row.
    Dot,
    /// Hollow: a synthetic row.
    Diamond,
}

/// Points drawn alike.
pub(in crate::report) struct Layer<'a> {
    pub(in crate::report) points: &'a [[f64; 2]],
    pub(in crate::report) style: Style,
    pub(in crate::report) mark: Mark,
}

/// The axes, the same for several plots.
pub(in crate::report) struct Frame {
    x: Range<f64>,
    y: Range<f64>,
    pub(in crate::report) titles: [String; 2],
}

impl Frame {
    /// Axes that hold all of `points` but for a few that lie far out.
    pub(in crate::report) fn around(points: &[[f64; 2]], titles: [String; 2]) -> Self {
        let along = |axis: usize| reach(points.iter().map(|p| p[axis]).collect());
        Self {
            x: along(0),
            y: along(1),
            titles,
        }
    }

    /// Whether a point lies beyond the axes.
    pub(in crate::report) fn leaves_out(&self, point: &[f64; 2]) -> bool {
        !self.x.contains(&point[0]) || !self.y.contains(&point[1])
    }
}

fn reach(mut values: Vec<f64>) -> Range<f64> {
    values.retain(|v| v.is_finite());
    values.sort_by(f64::total_cmp);
    let (Some(&least), Some(&most)) = (values.first(), values.last()) else {
        return 0.0..1.0;
    };
    let at = |q: f64| values.get((q * (values.len() - 1) as f64).round() as usize);
    let low = at(REACH.0).copied().unwrap_or(least);
    let high = at(1.0 - REACH.0).copied().unwrap_or(most);
    let room = match high - low {
        spread if spread > 0.0 => spread,
        _ => (most - least).max(1.0),
    };
    let (low, high) = (low - REACH.1 * room, high + REACH.1 * room);
    let edge = 0.03 * room;
    low.max(least - edge)..high.min(most + edge)
}

/// The layers above one another, the first at the bottom. Points beyond the axes are drawn on the edge.
pub(in crate::report) fn scatter(
    name: &str,
    frame: &Frame,
    layers: &[Layer<'_>],
) -> Result<String> {
    let axes = Axes {
        x: frame.x.clone(),
        y: frame.y.clone(),
        x_title: &frame.titles[0],
        y_title: &frame.titles[1],
        y_lines: 6,
    };
    let mut marks = String::new();
    let svg = draw(name, SIZE, |area| {
        let chart = chart(area, &axes)?;
        for layer in layers {
            let inside = |p: &[f64; 2]| {
                let x = p[0].clamp(frame.x.start, frame.x.end);
                let y = p[1].clamp(frame.y.start, frame.y.end);
                chart.backend_coord(&(x, y))
            };
            let finite = layer
                .points
                .iter()
                .filter(|p| p.iter().all(|v| v.is_finite()));
            let places: Vec<(i32, i32)> = finite.map(inside).collect();
            marks += &group(layer.style.colour, layer.mark, &places);
        }
        Ok(())
    })?;
    Ok(match svg.rfind("</svg>") {
        Some(end) => format!("{}{marks}{}", &svg[..end], &svg[end..]),
        None => svg,
    })
}

/// One layer's marks.
fn group(RGBColor(r, g, b): RGBColor, mark: Mark, places: &[(i32, i32)]) -> String {
    let stroke = match mark {
        Mark::Dot => "stroke-width=\"9\" stroke-linecap=\"round\" stroke-opacity=\"0.6\"",
        Mark::Diamond => "stroke-width=\"1.7\" stroke-opacity=\"0.75\"",
    };
    let mut markup = format!("<g fill=\"none\" stroke=\"#{r:02x}{g:02x}{b:02x}\" {stroke}>\n");
    for places in places.chunks(MARKS) {
        markup += "<path d=\"";
        for (x, y) in places {
            // Writing to a String cannot fail.
            let _ = match mark {
                Mark::Dot => write!(markup, "M{x} {y}h0"),
                Mark::Diamond => write!(markup, "M{x} {}l6 7-6 7-6-7z", y - 7),
            };
        }
        markup += "\"/>\n";
    }
    markup + "</g>\n"
}

/// A dot and a diamond in this colour, for a legend beside the plots.
pub(in crate::report) fn mark_swatch(style: Style, mark: Mark) -> String {
    let markup = group(style.colour, mark, &[(13, 10)]);
    // One mark alone must be seen.
    let markup = markup
        .replace("stroke-width=\"1.7\"", "stroke-width=\"3\"")
        .replace("0.6", "1");
    format!("<svg class=\"mark\" viewBox=\"0 0 26 20\" aria-hidden=\"true\">{markup}</svg>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axes_hold_all_but_far_points() {
        let mut points: Vec<[f64; 2]> = (0..200).map(|i| [f64::from(i), 5.0]).collect();
        points.push([1e6, 5.0]);
        let frame = Frame::around(&points, [String::new(), String::new()]);
        assert_eq!(points.iter().filter(|p| frame.leaves_out(p)).count(), 1);
        assert!(frame.y.contains(&5.0) && frame.y.start < frame.y.end);
        let none = Frame::around(&[], [String::new(), String::new()]);
        assert_eq!((none.x, none.y), (0.0..1.0, 0.0..1.0));
    }
}
