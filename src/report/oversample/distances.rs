//! The section of an oversampling page that says how near its rows lie to real ones.

use super::input::OversampleReport;
use super::page::{Palette, distance, key};
use crate::compare::number::number;
use crate::error::Result;
use crate::oversample::{ClassDistances, Coverage, Nearest};
use crate::report::html::{self, Cell};
use crate::report::plot::{self, Steps, Style};

/// More classes than this are folded away.
const UNFOLDED: usize = 12;

/// How near real and synthetic rows lie to real ones.
pub(super) fn section(report: &OversampleReport, palette: &Palette) -> Result<String> {
    let classes = &report.audit.distances;
    if classes.is_empty() {
        return Ok(html::note("No class grew."));
    }
    let header = [
        "class",
        "kind",
        "rows",
        "asked",
        "median",
        "copies",
        "intruders",
    ]
    .map(String::from);
    let rows = classes.iter().flat_map(|c| {
        let name = report.class(c.class);
        let real = c.real.as_ref().map(|n| row(&name, "real", n));
        let real = real.unwrap_or_else(|| lone(&name));
        [real, row(&name, "synthetic", &c.synthetic)]
    });
    let table = html::table(2, &header, rows);
    let table = match classes.len() > UNFOLDED {
        true => format!(
            "<details><summary>All {} classes that grew</summary>\n{table}</details>\n",
            classes.len()
        ),
        false => table,
    };
    let mut figures = Vec::new();
    let mut drawn = Vec::new();
    for class in classes
        .iter()
        .filter(|c| palette.coloured.contains(&c.class))
    {
        figures.extend(curves(report, class, palette.of(class.class))?);
        drawn.push(class.class);
    }
    Ok(html::note(&words(report))
        + &table
        + &key(report, palette, &drawn, "synthetic rows")
        + &html::plots("small", &figures))
}

fn row(name: &str, kind: &str, nearest: &Nearest) -> Vec<Cell> {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let cells = [
        name.into(),
        kind.into(),
        nearest.rows.to_string(),
        nearest.asked.to_string(),
        size(nearest.median),
        percent(nearest.copies),
        nearest.intruders.map_or("-".into(), percent),
    ];
    cells.map(Cell::from).into_iter().collect()
}

/// A number; one too large to be read in full as a power of ten.
fn size(value: f64) -> String {
    match value >= 1e7 {
        true => format!("{value:.2e}"),
        false => number(value),
    }
}

/// The only row of a class has no other to be near to.
fn lone(name: &str) -> Vec<Cell> {
    let cells = [name, "real", "1", "0", "-", "-", "-"];
    cells.map(Cell::from).into_iter().collect()
}

fn words(report: &OversampleReport) -> String {
    let mut text = format!(
        "From each row to the nearest other real row of its class, in the distance of the settings ({}).",
        distance(&report.oversampler)
    );
    let mismatches = report.audit.distances.iter().filter_map(|c| c.mismatch);
    if let Some(mismatch) = mismatches.reduce(f64::max) {
        text += &match report.numbers.is_empty() {
            true => " Each category in which two rows differ adds 1 to the square of the distance."
                .into(),
            false => format!(
                " Each category in which two rows differ adds the square of the class's median standard deviation (at \
                 most {}).",
                size(mismatch)
            ),
        };
    }
    text += &format!(
        " Asked is a sample of seed {}; among all real rows their nearest is sought. Copies are equal to a real row in \
         every column. Intruders lie nearer to a row of another class than to any of their own.",
        report.audit.seed
    );
    text += match report.audit.coverage {
        Coverage::Whole => {
            " Synthetic rows much nearer than real ones to each other add little that is new; many more intruders among \
             them than among the real rows mean that the class was grown into others."
        }
        Coverage::GrownClasses => {
            " Rows of classes that did not grow were not in memory, so intruders could not be counted."
        }
    };
    text
}

fn curves(
    report: &OversampleReport,
    class: &ClassDistances,
    style: Style,
) -> Result<Option<String>> {
    let name = report.short_class(class.class);
    let real = class.real.as_ref().map(|n| Steps {
        percentiles: &n.percentiles,
        style: None,
    });
    let synthetic = Steps {
        percentiles: &class.synthetic.percentiles,
        style: Some(style),
    };
    let steps: Vec<Steps<'_>> = real.into_iter().chain([synthetic]).collect();
    let label = format!("Distance to the nearest real row of {name}");
    let svg = plot::ecdf(&label, "distance", &steps)?;
    Ok(svg.map(|svg| html::figure(&name, &svg)))
}
