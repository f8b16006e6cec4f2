//! The section of scores: the main metric of detectors × arms, and every metric folded away.

use super::groups::{Group, arm};
use super::input::Trial;
use crate::report::compare_page;
use crate::report::html::{self, Cell};
use crate::report::table::{heading, mean_and_spread};

/// A matrix a table and scarcity, with the notes of the arms below it.
pub(super) fn section(groups: &[Group<'_>]) -> String {
    groups.iter().map(matrix).collect()
}

fn matrix(group: &Group<'_>) -> String {
    let arms = group.arms();
    let header: Vec<String> = std::iter::once("detector")
        .chain(arms.iter().copied())
        .map(String::from)
        .collect();
    let rows = group.trials.iter().map(|trial| {
        let cell = |name: &&str| match arm(trial, name) {
            Some(arm) => mean_and_spread(arm, group.metric),
            None => String::new(),
        };
        let cells = arms.iter().map(|name| Cell::from(cell(name)));
        std::iter::once(Cell::from(trial.detector.clone()))
            .chain(cells)
            .collect()
    });
    let all: String = group.trials.iter().map(|t| all_metrics(t)).collect();
    html::heading(&format!("{}: {}", group.title, heading(group.metric)))
        + &html::note(&spread(group))
        + &html::table(1, &header, rows)
        + &notes(group)
        + &html::folded("All metrics, by detector", &all)
}

fn spread(group: &Group<'_>) -> String {
    let Some(comparison) = group.trials.first().map(|t| &t.comparison) else {
        return String::new();
    };
    match comparison.runs() {
        1 => "On the test rows; one run, so no spread.".into(),
        _ => format!(
            "On the test rows: mean ± sample standard deviation over {}.",
            comparison.repetitions()
        ),
    }
}

fn all_metrics(trial: &Trial) -> String {
    html::heading(&trial.detector) + &compare_page::scores(&trial.comparison)
}

/// Each note of an arm once, with the detectors that it holds for.
fn notes(group: &Group<'_>) -> String {
    let mut notes: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    let arms = group
        .trials
        .iter()
        .flat_map(|t| t.arms.iter().map(move |a| (t, a)));
    for (trial, arm) in arms {
        for text in &arm.notes {
            match notes.iter_mut().find(|n| (n.0, n.1) == (&arm.name, text)) {
                Some(note) => note.2.push(&trial.detector),
                None => notes.push((&arm.name, text, vec![&trial.detector])),
            }
        }
    }
    let lines: Vec<String> = notes
        .iter()
        .map(|(arm, text, detectors)| format!("'{arm}' ({}): {text}", detectors.join(", ")))
        .collect();
    match lines.is_empty() {
        true => String::new(),
        false => html::list(&lines),
    }
}
