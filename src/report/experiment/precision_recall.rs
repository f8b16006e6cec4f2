//! The section of precision-recall curves.

use super::average::averaged;
use super::groups::Group;
use super::input::Trial;
use super::styles::Styles;
use crate::error::Result;
use crate::report::html;
use crate::report::plot::{self, Band};

/// A chart a detector; after the first scarcity of a table they are folded away.
pub(super) fn section(groups: &[Group<'_>], styles: &Styles<'_>) -> Result<String> {
    let mut body = String::new();
    for group in groups {
        body += &group.part(&group.title, &html::plots("", &figures(group, styles)?));
    }
    if body.is_empty() {
        return Ok(body);
    }
    let text = "Curves of the runs are averaged at each recall, as the steps of which average precision is the area. The \
                dashed line is the share of anomalies among the test rows: what a detector that answers at random has.";
    let has_curves = |name: &str| {
        let arms = groups.iter().flat_map(|g| &g.trials).flat_map(|t| &t.arms);
        arms.into_iter()
            .any(|a| a.name == name && !a.curves.is_empty())
    };
    Ok(html::note(text) + &styles.legend(has_curves) + &body)
}

fn figures(group: &Group<'_>, styles: &Styles<'_>) -> Result<Vec<String>> {
    let mut figures = Vec::new();
    for trial in &group.trials {
        let caption = format!("{}, {}", group.title, trial.detector);
        if let Some(svg) = plot::pr(&caption, &bands(trial, styles), trial.prevalence)? {
            figures.push(html::explained(&trial.detector, &reading(trial), &svg));
        }
    }
    Ok(figures)
}

fn bands(trial: &Trial, styles: &Styles<'_>) -> Vec<Band> {
    let bands = trial.arms.iter().map(|arm| Band {
        style: styles.style(&arm.name),
        points: averaged(&arm.curves),
    });
    bands.filter(|b| !b.points.is_empty()).collect()
}

fn reading(trial: &Trial) -> String {
    match trial.arms.iter().map(|a| a.curves.len()).max() {
        Some(1) => "The curve of the one run.".into(),
        runs => format!(
            "Line: mean of {} runs; band: from the lowest run to the highest.",
            runs.unwrap_or(0)
        ),
    }
}
