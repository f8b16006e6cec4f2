//! Learning curves: the mean over the runs with a band from the lowest to the highest.

use std::collections::BTreeMap;

use super::super::input::{History, Point};
use super::band::{Band, paint};
use super::canvas::{Axes, Style, chart, draw, span};
use crate::error::Result;

/// More points than this are averaged into as many windows: a plot has no more columns.
const POINTS: usize = 300;

/// One band an arm, of what `value` takes from the entries; arms without any such value are left out.
pub(in crate::report) fn bands<'a>(
    arms: impl Iterator<Item = &'a [History]>,
    value: impl Fn(&Point) -> Option<f64>,
) -> Vec<Band> {
    arms.enumerate()
        .map(|(arm, histories)| Band {
            style: Style::of(arm),
            points: band(histories, &value),
        })
        .filter(|band| !band.points.is_empty())
        .collect()
}

/// Steps are put together over the runs; a run that stopped early counts as far as it went.
fn band(histories: &[History], value: impl Fn(&Point) -> Option<f64>) -> Vec<(f64, f64, f64, f64)> {
    let last = histories
        .iter()
        .flat_map(|h| &h.points)
        .map(|p| p.step)
        .max();
    let window = last.unwrap_or(0) / POINTS as u64 + 1;
    // By window: for each run the sum and count of its values.
    let mut windows: BTreeMap<u64, BTreeMap<usize, (f64, f64)>> = BTreeMap::new();
    for (run, history) in histories.iter().enumerate() {
        for point in &history.points {
            if let Some(value) = value(point).filter(|v| v.is_finite()) {
                let runs = windows.entry(point.step / window).or_default();
                let (sum, count) = runs.entry(run).or_default();
                (*sum, *count) = (*sum + value, *count + 1.0);
            }
        }
    }
    let windows = windows.into_iter();
    windows
        .map(|(w, runs)| {
            let values: Vec<f64> = runs.values().map(|(sum, count)| sum / count).collect();
            let middle = (w * window) as f64 + 0.5 * (window - 1) as f64;
            Band::point(middle, &values)
        })
        .collect()
}

/// The curves of all arms in one chart, or `None` where there is nothing to draw.
pub(in crate::report) fn curves(
    name: &str,
    x_title: &str,
    bands: &[Band],
) -> Result<Option<String>> {
    if bands.is_empty() {
        return Ok(None);
    }
    let points = || bands.iter().flat_map(|b| &b.points);
    let axes = Axes {
        x: 0.0..points().map(|p| p.0).fold(1.0, f64::max),
        y: span(points().flat_map(|p| [p.1, p.3])),
        x_title,
        y_title: name,
        y_lines: 6,
    };
    draw(name, (1160, 680), |area| {
        let mut chart = chart(area, &axes)?;
        paint(&mut chart, bands)
    })
    .map(Some)
}
