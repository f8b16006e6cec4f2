//! The section of differences to the first arm, with their intervals.

use super::groups::{Group, versus};
use super::input::Trial;
use crate::error::Result;
use crate::report::compare_page::{difference_table, verdict_class};
use crate::report::html::{self, Cell};
use crate::report::plot;
use crate::report::table::{CELLS, cells, heading};

/// A forest a detector on the main metric, and the numbers; nothing where no detector has a second arm.
pub(super) fn section(groups: &[Group<'_>]) -> Result<String> {
    let compared = groups
        .iter()
        .filter(|g| g.trials.iter().any(|t| has_two(t)));
    let body: Vec<String> = compared.map(forests).collect::<Result<_>>()?;
    if body.is_empty() {
        return Ok(String::new());
    }
    let text = "Blue is better and orange worse by Holm's adjusted p below 0.05; grey is undecided. \"Detectable\" is the \
                true difference that so many runs would show in 4 of 5 repetitions.";
    Ok(html::note(text) + &body.concat())
}

fn has_two(trial: &Trial) -> bool {
    trial.comparison.arms.len() > 1
}

fn forests(group: &Group<'_>) -> Result<String> {
    let mut figures = Vec::new();
    for trial in &group.trials {
        if let Some(svg) = plot::forest(&trial.comparison, group.metric)? {
            figures.push(html::explained(&caption(trial), &reading(trial), &svg));
        }
    }
    let all: String = group
        .trials
        .iter()
        .filter(|t| has_two(t))
        .map(|t| html::heading(&t.detector) + &difference_table(&t.comparison))
        .collect();
    let title = format!("{}: {}", group.title, heading(group.metric));
    let all = html::folded("All metrics, by detector", &all);
    Ok(group.part(
        &title,
        &(html::plots("", &figures) + &numbers(group) + &all),
    ))
}

fn caption(trial: &Trial) -> String {
    format!("{}, {}", trial.detector, trial.comparison.metric)
}

fn reading(trial: &Trial) -> String {
    let comparison = &trial.comparison;
    let first = comparison.arms.first().map_or("", |a| a.name.as_str());
    format!(
        "Mean of each arm minus '{first}', paired by {}. The bar is the {}, each comparison on its own; a hollow \
         point has none.",
        comparison.paired_by(),
        comparison.interval_name()
    )
}

/// The differences on the main metric.
fn numbers(group: &Group<'_>) -> String {
    let header: Vec<String> = ["detector", "arm"]
        .into_iter()
        .chain(CELLS)
        .map(String::from)
        .collect();
    let arms = group
        .trials
        .iter()
        .flat_map(|t| t.comparison.arms.iter().map(move |a| (t, a)));
    let rows = arms.filter_map(|(trial, arm)| {
        let versus = versus(trial, arm)?;
        let class = verdict_class(versus.verdict);
        let names = [trial.detector.clone(), arm.name.clone()].map(Cell::from);
        let numbers = cells(versus).map(|text| Cell::new(text, class));
        Some(names.into_iter().chain(numbers).collect())
    });
    html::folded("In numbers", &html::table(2, &header, rows))
}
