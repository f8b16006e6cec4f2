//! The sections on what was put in: the tables, and the arms that were left out.

use super::input::{ExperimentReport, TableSummary};
use crate::compare::number::number;
use crate::report::html::{self, Cell};

/// Detectors, arms, and why one does not take the other.
pub(super) fn absent(report: &ExperimentReport) -> String {
    if report.absent.is_empty() {
        return String::new();
    }
    let header = ["detector", "arm", "why"].map(String::from);
    let rows = report.absent.iter().map(|a| {
        let cells = [&a.detector, &a.arm, &a.why];
        cells
            .map(|text| Cell::from(text.clone()))
            .into_iter()
            .collect()
    });
    html::table(3, &header, rows)
}

/// The tables in numbers.
pub(super) fn data(report: &ExperimentReport) -> String {
    if report.tables.is_empty() {
        return String::new();
    }
    let header = [
        "table",
        "target",
        "rows",
        "numeric features",
        "categorical features",
        "missing cells",
        "fingerprint",
    ]
    .map(String::from);
    let rows = report.tables.iter().map(|t| {
        let cells = [
            t.name.clone(),
            target(t),
            t.rows.to_string(),
            t.numeric.to_string(),
            t.categorical.to_string(),
            t.missing.to_string(),
            t.fingerprint.clone(),
        ];
        cells.map(Cell::from).into_iter().collect()
    });
    let notes = report
        .tables
        .iter()
        .flat_map(|t| t.notes.iter().map(move |n| (t, n)));
    let notes: Vec<String> = notes.map(|(t, n)| format!("{}: {n}", t.name)).collect();
    let table = html::table(2, &header, rows);
    match notes.is_empty() {
        true => table,
        false => table + &html::list(&notes),
    }
}

/// "no: 970, yes: 30", or the spread of a number.
fn target(table: &TableSummary) -> String {
    if let Some(values) = table.values {
        return format!(
            "mean {}, standard deviation {}, from {} to {}",
            number(values.mean),
            number(values.std),
            number(values.least),
            number(values.greatest)
        );
    }
    let classes = table
        .classes
        .iter()
        .map(|(name, rows)| format!("{name}: {rows}"));
    classes.collect::<Vec<_>>().join(", ")
}
