//! The section of all runs, one by one.

use super::input::{ExperimentReport, Trial};
use crate::compare::Run;
use crate::metrics::Metric;
use crate::report::html::{self, Cell};
use crate::report::table::{finite, heading};

/// Rows that are shown.
const ROWS: usize = 2000;
/// The columns before the metrics.
const NAMES: [&str; 6] = ["table", "detector", "arm", "anomalies", "seed", "fold"];

/// The scores of every run, folded away.
pub(super) fn section(report: &ExperimentReport) -> String {
    let metrics = metrics(&report.trials);
    let header: Vec<String> = NAMES
        .into_iter()
        .map(String::from)
        .chain(metrics.iter().map(|m| heading(*m)))
        .collect();
    let all = || {
        report.trials.iter().flat_map(|t| {
            let arms = t.comparison.arms.iter();
            arms.flat_map(move |a| a.runs.iter().map(move |r| (t, a.name.as_str(), r)))
        })
    };
    let count = all().count();
    if count == 0 {
        return String::new();
    }
    let rows = all().take(ROWS).map(|(t, arm, r)| row(t, arm, r, &metrics));
    let table = html::table(3, &header, rows);
    let rest = match count > ROWS {
        true => html::note(&format!(
            "The first {ROWS} of {count} runs; all of them are in comparison.json."
        )),
        false => String::new(),
    };
    rest + &html::folded(&html::counted(count, "run"), &table)
}

/// The metrics of all trials, in the order in which they first appear.
fn metrics(trials: &[Trial]) -> Vec<Metric> {
    let mut metrics = Vec::new();
    for metric in trials.iter().flat_map(|t| t.comparison.metrics()) {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    metrics
}

fn row(trial: &Trial, arm: &str, run: &Run, metrics: &[Metric]) -> Vec<Cell> {
    let names = [
        trial.table.clone(),
        trial.detector.clone(),
        arm.to_string(),
        anomalies(trial),
        run.seed.to_string(),
        run.fold.map_or("-".into(), |f| f.to_string()),
    ];
    let scores = metrics.iter().map(|m| match run.test.get(*m) {
        Some(value) => finite(value, 4),
        None => "-".into(),
    });
    names.into_iter().chain(scores).map(Cell::from).collect()
}

/// Anomalies kept: "10", "all 240".
fn anomalies(trial: &Trial) -> String {
    match (trial.anomalies, trial.training_anomalies) {
        (Some(kept), _) => kept.to_string(),
        (None, 0) => "-".into(),
        (None, all) => format!("all {all}"),
    }
}
