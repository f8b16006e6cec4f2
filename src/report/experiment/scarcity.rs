//! The section of the gain over label scarcity.

use super::groups::{arm, versus};
use super::input::{ExperimentReport, Trial};
use super::styles::Styles;
use crate::compare::Versus;
use crate::error::Result;
use crate::metrics::Metric;
use crate::report::html;
use crate::report::plot::{self, Gain};

/// Differences to the first arm over the anomalies kept; nothing where no detector has two scarcities.
pub(super) fn section(report: &ExperimentReport, styles: &Styles<'_>) -> Result<String> {
    let mut figures = Vec::new();
    for trials in series(report) {
        if let Some(figure) = figure(&trials, styles)? {
            figures.push(figure);
        }
    }
    if figures.is_empty() {
        return Ok(String::new());
    }
    let compared = |name: &str| {
        let arms = report
            .trials
            .iter()
            .filter_map(|t| Some((t, arm(t, name)?)));
        arms.into_iter().any(|(t, a)| versus(t, a).is_some())
    };
    let text = "What an arm adds to the first one when fewer anomalies are labelled; the last point has all of them. \
                Arms at the same count stand side by side.";
    Ok(html::note(text) + &styles.legend(compared) + &html::plots("", &figures))
}

/// The trials of one detector on one table by one metric, from the fewest anomalies on; those of several only.
fn series(report: &ExperimentReport) -> Vec<Vec<&Trial>> {
    let mut series: Vec<Vec<&Trial>> = Vec::new();
    for trial in &report.trials {
        let same = |other: &Trial| {
            other.table == trial.table
                && other.detector == trial.detector
                && other.comparison.metric == trial.comparison.metric
        };
        match series
            .iter_mut()
            .find(|s| s.first().is_some_and(|t| same(t)))
        {
            Some(trials) => trials.push(trial),
            None => series.push(vec![trial]),
        }
    }
    for trials in &mut series {
        trials.sort_by_key(|t| kept(t));
        trials.dedup_by_key(|t| kept(t));
    }
    series.retain(|s| s.len() > 1);
    series
}

/// Anomalies in a training set; all that there are count as many as there are.
fn kept(trial: &Trial) -> usize {
    trial.anomalies.unwrap_or(trial.training_anomalies)
}

fn figure(trials: &[&Trial], styles: &Styles<'_>) -> Result<Option<String>> {
    let Some(first) = trials.first() else {
        return Ok(None);
    };
    let metric: Metric = first.comparison.metric;
    let gains: Vec<Gain> = styles
        .names()
        .iter()
        .map(|name| Gain {
            style: styles.style(name),
            points: trials.iter().filter_map(|t| point(t, name)).collect(),
        })
        .filter(|gain| !gain.points.is_empty())
        .collect();
    let caption = format!("{}, {}, {metric}", first.table, first.detector);
    let base = first
        .comparison
        .arms
        .first()
        .map_or("", |a| a.name.as_str());
    let words = format!(
        "Mean difference to '{base}'; the bar is the {}, each comparison on its own. A hollow point has none.",
        first.comparison.interval_name()
    );
    let svg = plot::scarcity(&caption, metric, &gains)?;
    Ok(svg.map(|svg| html::explained(&caption, &words, &svg)))
}

fn point(trial: &Trial, name: &str) -> Option<(f64, f64, Option<[f64; 2]>)> {
    let versus: &Versus = versus(trial, arm(trial, name)?)?;
    Some((kept(trial) as f64, versus.difference?, versus.ci95))
}
