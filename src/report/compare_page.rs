//! The page of a comparison.

use super::html::{self, Cell};
use super::input::{ArmDetail, CompareReport, History};
use super::linearity::{arms_note, html_arms};
use super::plot::{self, Style};
use super::table::{CELLS, cells, heading, mean_and_spread};
use crate::compare::{Comparison, Verdict};
use crate::error::Result;
use crate::linearity::ArmsLinearity;

/// Validation metrics drawn as learning curves, besides the training loss.
const CURVES: usize = 3;

/// The whole comparison as one HTML page that fetches nothing: what helped and what made things worse, tables,
/// differences with intervals, learning curves, reliability, the schedules' draws, data and settings.
///
/// # Errors
/// [`Error::Plot`](crate::Error::Plot) for a plot that cannot be drawn.
pub fn compare_page(report: &CompareReport) -> Result<String> {
    let comparison = &report.comparison;
    let body = [
        html::section("In words", &words(comparison)),
        html::section("Scores", &scores(comparison)),
        html::section("Differences", &differences(comparison)?),
        html::section("Linearity", &linearity(comparison)),
        html::section("Learning curves", &learning(comparison, &report.arms)?),
        html::section("Reliability", &reliability(&report.arms)?),
        html::section("What the schedules drew", &draws(&report.arms)?),
        html::section("Data", &html::data(&report.data)),
        html::section("Settings", &html::settings(&report.settings)),
    ];
    let subtitle = format!(
        "{}, {}, main metric {}; {}; candle-mixup {}",
        html::counted(comparison.arms.len(), "arm"),
        comparison.repetitions(),
        comparison.metric.name(),
        html::duration(report.seconds),
        report.version,
    );
    Ok(html::page(&report.title, &subtitle, &body.concat()))
}

/// What is worse comes first and in red.
fn words(comparison: &Comparison) -> String {
    let findings = comparison.findings();
    let of = |verdict| -> Vec<String> {
        let chosen = findings.iter().filter(|f| f.verdict == verdict);
        chosen.map(|f| f.text.clone()).collect()
    };
    let mut text = html::callout("worse", "Made things worse", &of(Verdict::Worse), "");
    text += &html::callout("better", "Helped", &of(Verdict::Better), "");
    if text.is_empty() && comparison.arms.len() > 1 {
        text += "<p>No arm differs from the first one beyond doubt, for better or worse.</p>\n";
    }
    text + &html::list(&of(Verdict::Undecided))
}

/// Mean and spread of every metric, by arm.
pub(super) fn scores(comparison: &Comparison) -> String {
    let metrics = comparison.metrics();
    let header = std::iter::once("arm".to_string()).chain(metrics.iter().map(|m| heading(*m)));
    let rows = comparison.arms.iter().map(|arm| {
        let scores = metrics.iter().map(|m| Cell::from(mean_and_spread(arm, *m)));
        std::iter::once(Cell::from(arm.name.clone()))
            .chain(scores)
            .collect()
    });
    let table = html::table(1, &header.collect::<Vec<_>>(), rows);
    let repetitions = comparison.repetitions();
    let spread = match comparison.runs() {
        1 => format!("On the test rows; {repetitions}, so no spread."),
        _ => format!("On the test rows: mean ± sample standard deviation over {repetitions}."),
    };
    html::note(&format!("{spread} ↑ higher is better, ↓ lower is better.")) + &table
}

fn differences(comparison: &Comparison) -> Result<String> {
    let Some(first) = comparison
        .arms
        .first()
        .filter(|_| comparison.arms.len() > 1)
    else {
        return Ok(String::new());
    };
    let mut figures = Vec::new();
    for metric in comparison.metrics() {
        if let Some(svg) = plot::forest(comparison, metric)? {
            figures.push(html::figure(&heading(metric), &svg));
        }
    }
    let text = html::note(&format!(
        "Each arm minus '{}', paired by {}, with the {} of one comparison on its own. Blue is better and \
         orange worse by Holm's adjusted p below 0.05; grey is undecided; a hollow point has no interval. \"Detectable\" \
         is the true difference that this many runs would show in 4 of 5 repetitions.",
        first.name,
        comparison.paired_by(),
        comparison.interval_name(),
    ));
    Ok(text + &html::plots("", &figures) + "<h3>In numbers</h3>\n" + &difference_table(comparison))
}

/// Every difference to the first arm, on every metric.
pub(super) fn difference_table(comparison: &Comparison) -> String {
    let header = ["metric", "arm"].into_iter().chain(CELLS).map(String::from);
    let rows = comparison.metrics().into_iter().flat_map(|metric| {
        let versus = comparison
            .arms
            .iter()
            .flat_map(|a| a.versus_first.iter().map(move |v| (a.name.clone(), v)));
        versus
            .filter(move |(_, v)| v.metric == metric)
            .map(|(arm, versus)| {
                let class = verdict_class(versus.verdict);
                let names = [Cell::from(heading(versus.metric)), Cell::from(arm)];
                let numbers = cells(versus).map(|text| Cell::new(text, class));
                names.into_iter().chain(numbers).collect()
            })
    });
    html::table(2, &header.collect::<Vec<_>>(), rows)
}

/// The class of page.css for a verdict.
pub(super) fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Undecided => "",
    }
}

/// Fit and linearity of the arms, and what they say together.
fn linearity(comparison: &Comparison) -> String {
    let Some(arms) = ArmsLinearity::of(comparison) else {
        return String::new();
    };
    html::list(&arms.answer) + &html::note(&arms_note(&arms)) + &html_arms(&arms)
}

fn learning(comparison: &Comparison, arms: &[ArmDetail]) -> Result<String> {
    let mut figures = Vec::new();
    let histories = || arms.iter().map(|a| a.histories.as_slice());
    let as_trained = plot::bands(histories(), |p| Some(p.train_loss));
    let unmixed = plot::bands(histories(), |p| p.clean_loss);
    for (name, bands) in [("as trained", as_trained), ("unmixed rows", unmixed)] {
        let name = format!("training loss, {name}");
        if let Some(svg) = plot::curves(&name, "step", &bands)? {
            figures.push(html::figure(&name, &svg));
        }
    }
    for metric in comparison.metrics().into_iter().take(CURVES) {
        let bands = plot::bands(histories(), |p| p.validation.as_ref()?.get(metric));
        let name = format!("validation {}", metric.name());
        if let Some(svg) = plot::curves(&name, "step", &bands)? {
            figures.push(html::figure(&name, &svg));
        }
    }
    if figures.is_empty() {
        return Ok(String::new());
    }
    let text = "Mean over the runs; the band goes from the lowest of them to the highest. An arm that mixes or smooths is \
                trained on softer targets, so its loss as trained lies higher and is not to be compared between arms; the \
                loss on a fixed sample of unmixed training rows is.";
    Ok(html::note(text) + &legend(arms) + &html::plots("", &figures))
}

fn legend(arms: &[ArmDetail]) -> String {
    let shown = arms
        .iter()
        .enumerate()
        .filter(|(_, a)| has_points(&a.histories));
    let items = shown.map(|(i, arm)| {
        format!(
            "<li>{}{}</li>\n",
            Style::of(i).swatch(),
            html::escape(&arm.name)
        )
    });
    format!(
        "<ul class=\"legend\">\n{}</ul>\n",
        items.collect::<String>()
    )
}

fn has_points(histories: &[History]) -> bool {
    histories.iter().any(|h| !h.points.is_empty())
}

fn reliability(arms: &[ArmDetail]) -> Result<String> {
    let mut figures = Vec::new();
    for (i, arm) in arms.iter().enumerate() {
        if let Some(svg) = plot::reliability(&arm.name, &arm.reliability, Style::of(i))? {
            figures.push(html::figure(&arm.name, &svg));
        }
    }
    if figures.is_empty() {
        return Ok(String::new());
    }
    let text = "Test rows of all runs, binned by the confidence of the answer. On the dashed line a model is right as \
                often as it claims; below it, it is too sure of itself. Larger points stand for more rows; the bars below \
                are the share of rows in each bin.";
    Ok(html::note(text) + &html::plots("small", &figures))
}

fn draws(arms: &[ArmDetail]) -> Result<String> {
    let mut figures = Vec::new();
    for arm in arms {
        if let Some(svg) = plot::draws(&format!("Schedule of {}", arm.name), &arm.draws)? {
            figures.push(html::figure(&arm.name, &svg));
        }
    }
    Ok(html::plots("", &figures))
}
