//! The page of one training run.

use super::html::{self, Cell};
use super::input::{History, Point, TrainReport};
use super::linearity::{html_sites, sites_note};
use super::plot::{self, Style};
use super::table::{CLASSES, class_rows, finite, heading};
use crate::compare::number::decimals;
use crate::error::Result;
use crate::metrics::Metric;

/// The run as one HTML page that fetches nothing: scores, history, reliability, classes, draws, data and settings.
///
/// # Errors
/// [`Error::Plot`](crate::Error::Plot) for a plot that cannot be drawn.
pub fn train_page(report: &TrainReport) -> Result<String> {
    let body = [
        html::section("Scores", &scores(report)),
        html::section("Learning curves", &learning(&report.history)?),
        html::section("Reliability", &reliability(report)?),
        html::section("Classes", &classes(report)),
        html::section("Linearity", &linearity(report)),
        html::section("What the schedule drew", &draws(report)?),
        html::section("Data", &html::data(&report.data)),
        html::section("Settings", &html::settings(&report.settings)),
    ];
    let time = html::duration(report.seconds);
    let subtitle = format!("{time}; candle-mixup {}", report.version);
    Ok(html::page(&report.title, &subtitle, &body.concat()))
}

fn scores(report: &TrainReport) -> String {
    let values = &report.test.values;
    if values.is_empty() {
        return String::new();
    }
    let header: Vec<String> = values.keys().map(|m| heading(*m)).collect();
    let row = values
        .values()
        .map(|v| Cell::from(finite(*v, decimals(*v))));
    let text = "On the test rows. ↑ higher is better, ↓ lower is better.";
    html::note(text) + &html::table(0, &header, std::iter::once(row.collect()))
}

fn learning(points: &[Point]) -> Result<String> {
    // Grey, the first colour, is kept for an arm that others are compared with.
    let history = [History {
        seed: 0,
        points: points.to_vec(),
    }];
    let mut metrics: Vec<Metric> = Vec::new();
    for (metric, _) in points
        .iter()
        .flat_map(|p| &p.validation)
        .flat_map(|v| v.iter())
    {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    let mut figures = Vec::new();
    let mut add = |name: String, value: &dyn Fn(&Point) -> Option<f64>| -> Result<()> {
        let bands = plot::bands([&[], &history[..]].into_iter(), value);
        if let Some(svg) = plot::curves(&name, "step", &bands)? {
            figures.push(html::figure(&name, &svg));
        }
        Ok(())
    };
    add("training loss, as trained".into(), &|p| Some(p.train_loss))?;
    add("training loss, unmixed rows".into(), &|p| p.clean_loss)?;
    for metric in metrics {
        let name = format!("validation {}", metric.name());
        add(name, &|p| p.validation.as_ref()?.get(metric))?;
    }
    Ok(html::plots("", &figures))
}

fn reliability(report: &TrainReport) -> Result<String> {
    let svg = plot::reliability("the test rows", &report.test.reliability, Style::of(1))?;
    let figures: Vec<String> = svg.iter().map(|s| html::figure("test rows", s)).collect();
    let text = "On the dashed line the model is right as often as it claims; below it, it is too sure of itself.";
    Ok(match figures.is_empty() {
        true => String::new(),
        false => html::note(text) + &html::plots("small", &figures),
    })
}

fn classes(report: &TrainReport) -> String {
    if report.test.per_class.is_empty() {
        return String::new();
    }
    let rows = class_rows(&report.test, &report.classes);
    let rows = rows.map(|row| row.into_iter().map(Cell::from).collect());
    html::table(1, &CLASSES.map(String::from), rows)
}

fn linearity(report: &TrainReport) -> String {
    let Some(found) = &report.linearity else {
        return String::new();
    };
    html::note(&sites_note(found)) + &html_sites(found)
}

fn draws(report: &TrainReport) -> Result<String> {
    let svg = plot::draws("Schedule of the run", &report.draws)?;
    let figures: Vec<String> = svg.iter().map(|s| html::figure("by step", s)).collect();
    Ok(html::plots("", &figures))
}
