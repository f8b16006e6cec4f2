//! The section of calibration before and after the correction of class shares.

use super::groups::Group;
use super::input::{Calibration, Trial};
use super::styles::Styles;
use crate::error::Result;
use crate::report::html::{self, Cell};
use crate::report::plot;
use crate::report::table::finite;

/// A table of errors and folded diagrams for each table and scarcity.
pub(super) fn section(groups: &[Group<'_>], styles: &Styles<'_>) -> Result<String> {
    let mut body = String::new();
    for group in groups {
        if group.trials.iter().all(|t| calibrated(t).next().is_none()) {
            continue;
        }
        let mut part = errors(group);
        for trial in &group.trials {
            let title = format!("Reliability diagrams of {}", trial.detector);
            part += &html::folded(&title, &html::plots("small", &diagrams(trial, styles)?));
        }
        body += &group.part(&group.title, &part);
    }
    if body.is_empty() {
        return Ok(body);
    }
    let text = "Resampling changes the share of anomalies that a detector learns from, and with it the probabilities that \
                it gives. The correction puts the share of the table back; it leaves the order of the rows as it is. ECE \
                and log loss: mean over the runs on the test rows, lower is better.";
    Ok(html::note(text) + &body)
}

fn calibrated(trial: &Trial) -> impl Iterator<Item = (&str, &Calibration)> {
    let arms = trial.arms.iter();
    arms.filter_map(|a| Some((a.name.as_str(), a.calibration.as_ref()?)))
}

fn errors(group: &Group<'_>) -> String {
    let header = [
        "detector",
        "arm",
        "ece before",
        "ece after",
        "log loss before",
        "log loss after",
    ]
    .map(String::from);
    let arms = group
        .trials
        .iter()
        .flat_map(|t| calibrated(t).map(move |a| (t, a)));
    let rows = arms.map(|(trial, (name, calibration))| {
        let Calibration { before, after } = calibration;
        let numbers = [before.ece, after.ece, before.log_loss, after.log_loss];
        let names = [trial.detector.clone(), name.to_string()];
        let cells = names.into_iter().chain(numbers.map(|v| finite(v, 4)));
        cells.map(Cell::from).collect()
    });
    html::table(2, &header, rows)
}

fn diagrams(trial: &Trial, styles: &Styles<'_>) -> Result<Vec<String>> {
    let mut figures = Vec::new();
    for (name, calibration) in calibrated(trial) {
        let label = format!("{}, {name}", trial.detector);
        let bins = [calibration.before.bins.as_slice(), &calibration.after.bins];
        if let Some(svg) = plot::reliability_pair(&label, bins, styles.style(name))? {
            let words =
                "Hollow: before; filled: after. Bars below: share of rows in each bin after.";
            figures.push(html::explained(name, words, &svg));
        }
    }
    Ok(figures)
}
