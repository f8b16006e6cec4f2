//! A schedule over a run: the probability of mixing, α, and at which sites the steps mix.

use plotters::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::super::input::Draw;
use super::canvas::{Area, Axes, INK, Outcome, Style, chart, draw, font, line};
use crate::error::{Error, Result};
use crate::plan::Site;

const WIDTH: u32 = 1160;
const PANEL: u32 = 260;
const SHARES: u32 = 420;
const TITLE: u32 = 50;
const LEGEND_LINE: u32 = 44;
/// The run is counted in at most this many windows.
const WINDOWS: u64 = 40;
/// A share of fewer steps than this is mostly noise.
const WINDOW: u64 = 8;

/// Dark to light (viridis; Smith and van der Walt 2015), so that sites run by depth.
const DEPTHS: [(f64, f64, f64); 5] = [
    (71.0, 44.0, 122.0),
    (59.0, 81.0, 139.0),
    (33.0, 144.0, 141.0),
    (92.0, 200.0, 99.0),
    (230.0, 215.0, 60.0),
];

/// The schedule's plot as a file of its own: SVG with a white ground.
///
/// # Errors
/// [`Error::Data`] without any draw.
pub fn schedule_svg(title: &str, trace: &[Draw]) -> Result<String> {
    let svg =
        plot(title, Some(title), trace)?.ok_or_else(|| Error::Data("no step to plot".into()))?;
    Ok(svg.replacen(
        "<svg ",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" style=\"color:#222;background:#fff;max-width:72em\" ",
        1,
    ))
}

/// The plot for a page, which has the title above it; `None` without any draw.
pub(in crate::report) fn draws(name: &str, trace: &[Draw]) -> Result<Option<String>> {
    plot(name, None, trace)
}

fn plot(name: &str, title: Option<&str>, trace: &[Draw]) -> Result<Option<String>> {
    let Some(last) = trace.iter().map(|d| d.step).max() else {
        return Ok(None);
    };
    let sites = sites(trace);
    let legend = legend(&sites);
    let with_alpha = trace.iter().any(|d| d.alpha.is_some());
    let panels = if with_alpha { 2 } else { 1 };
    let below = 20 + LEGEND_LINE * (1 + legend.last().map_or(0, |(_, line, _)| *line));
    let above = title.map_or(0, |_| TITLE);
    let height = above + panels * PANEL + SHARES + below;
    let x = 0.0..(last + 1) as f64;
    draw(name, (WIDTH, height), |area| {
        if let Some(title) = title {
            area.draw(&Text::new(title.to_string(), (140, 6), font(13.0)))?;
        }
        let (_, area) = area.split_vertically(above);
        let (probability, area) = area.split_vertically(PANEL);
        let of = |d: &Draw| Some(d.probability);
        panel(
            &probability,
            "probability",
            x.clone(),
            &reduced(trace, of),
            Style::of(1),
        )?;
        let area = if with_alpha {
            let (alpha, area) = area.split_vertically(PANEL);
            panel(
                &alpha,
                "α",
                x.clone(),
                &reduced(trace, |d| d.alpha),
                Style::of(2),
            )?;
            area
        } else {
            area
        };
        let (stacked, names) = area.split_vertically(SHARES);
        shares(&stacked, trace, &sites, x.clone())?;
        paint_legend(&names, &legend, sites.len())
    })
    .map(Some)
}

/// The sites drawn, in forward order.
fn sites(trace: &[Draw]) -> Vec<Site> {
    let mut sites: Vec<Site> = trace.iter().filter_map(|d| d.site).collect();
    sites.sort_unstable();
    sites.dedup();
    sites
}

/// Only the points at which the curve bends: a straight stretch needs its two ends, and a curve that bends at every
/// step is thinned to what the plot can show. A jump stays, having a straight neighbour.
fn reduced(trace: &[Draw], value: impl Fn(&Draw) -> Option<f64>) -> Vec<(f64, f64)> {
    let point = |d: &Draw| (d.step as f64, value(d).unwrap_or(f64::NAN));
    let all: Vec<(f64, f64)> = trace.iter().map(point).collect();
    let bends = |i: usize| {
        if i == 0 || i + 1 >= all.len() {
            return true;
        }
        let [(a, before), (b, here), (c, after)] = [all[i - 1], all[i], all[i + 1]];
        let straight = before + (after - before) * (b - a) / (c - a);
        let off = (here - straight).abs();
        off.is_nan() || off > 1e-9 * (1.0 + here.abs())
    };
    let stride = all.len() / 500 + 1;
    let last = all.len().saturating_sub(1);
    (0..all.len())
        .filter(|&i| bends(i))
        .filter(|&i| i % stride == 0 || i == last || !bends(i - 1) || !bends(i + 1))
        .map(|i| all[i])
        .collect()
}

fn panel(
    area: &Area<'_>,
    name: &str,
    x: std::ops::Range<f64>,
    points: &[(f64, f64)],
    style: Style,
) -> Outcome {
    let top = points
        .iter()
        .map(|p| p.1)
        .filter(|v| v.is_finite())
        .fold(0.0, f64::max);
    let top = if name == "probability" {
        1.0
    } else {
        top.max(1e-3)
    };
    let axes = Axes {
        x,
        y: 0.0..top * 1.06,
        x_title: "",
        y_title: name,
        y_lines: 4,
    };
    let mut chart = chart(area, &axes)?;
    line(&mut chart, points, style)?;
    if points.len() == 1 {
        let point = Circle::new(points[0], 7, style.colour.filled());
        chart.draw_series([point])?;
    }
    Ok(())
}

/// For each window of the run, the share of its steps that mix at each site, stacked; what is left are plain steps.
fn shares(area: &Area<'_>, trace: &[Draw], sites: &[Site], x: std::ops::Range<f64>) -> Outcome {
    let axes = Axes {
        x: x.clone(),
        y: 0.0..1.0,
        x_title: "step",
        y_title: "share of steps",
        y_lines: 5,
    };
    let mut chart = chart(area, &axes)?;
    let window = (x.end as u64).div_ceil(WINDOWS).max(WINDOW);
    for start in (0..x.end as u64).step_by(window as usize) {
        let end = (start + window).min(x.end as u64);
        let inside: Vec<&Draw> = trace
            .iter()
            .filter(|d| (start..end).contains(&d.step))
            .collect();
        let mut below = 0.0;
        for (i, site) in sites.iter().enumerate() {
            let hits = inside.iter().filter(|d| d.site == Some(*site)).count();
            let above = below + hits as f64 / inside.len().max(1) as f64;
            let corners = [(start as f64, below), (end as f64, above)];
            let colour = depth(i, sites.len()).filled();
            chart.draw_series([Rectangle::new(corners, colour)])?;
            below = above;
        }
    }
    Ok(())
}

/// Site `i` of `count` on the scale from the input to the pooled row.
fn depth(i: usize, count: usize) -> RGBColor {
    let at = (DEPTHS.len() - 1) as f64 * i as f64 / count.saturating_sub(1).max(1) as f64;
    let left = (at as usize).min(DEPTHS.len() - 2);
    let part = at - left as f64;
    let (a, b) = (DEPTHS[left], DEPTHS[left + 1]);
    let mix = |a: f64, b: f64| (a + part * (b - a)).round() as u8;
    RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// Where each entry goes: its x, its line, its text; the last is for the plain steps.
fn legend(sites: &[Site]) -> Vec<(i32, u32, String)> {
    let names = sites.iter().map(|s| s.to_string());
    let names = names.chain(["plain step (left blank)".to_string()]);
    let (mut x, mut line) = (140, 0);
    names
        .map(|name| {
            let width = 64 + 15 * name.width() as i32;
            if x + width > WIDTH as i32 && x > 140 {
                (x, line) = (140, line + 1);
            }
            let entry = (x, line, name);
            x += width;
            entry
        })
        .collect()
}

fn paint_legend(area: &Area<'_>, entries: &[(i32, u32, String)], sites: usize) -> Outcome {
    for (i, (x, line, name)) in entries.iter().enumerate() {
        let y = (line * LEGEND_LINE + 14) as i32;
        let corners = [(*x, y + 4), (x + 26, y + 28)];
        match i < sites {
            true => area.draw(&Rectangle::new(corners, depth(i, sites).filled()))?,
            false => area.draw(&Rectangle::new(corners, INK.mix(0.6)))?,
        }
        area.draw(&Text::new(name.clone(), (x + 38, y + 2), font(12.0)))?;
    }
    Ok(())
}
