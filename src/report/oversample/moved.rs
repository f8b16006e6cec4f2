//! The section of an oversampling page that says which columns moved.

use super::input::OversampleReport;
use super::page::{Palette, key};
use crate::compare::number::{number, signed};
use crate::error::Result;
use crate::oversample::{AuditedColumn, Move, REAL_ROWS, SYNTHETIC_ROWS, Spread};
use crate::report::html::{self, Cell};
use crate::report::plot::{self, Steps};

/// Moves that are drawn, and classes that have a sentence.
const CURVES: usize = 6;

/// The columns whose distribution moved.
pub(super) fn section(report: &OversampleReport, palette: &Palette) -> Result<String> {
    let moved = &report.audit.moved;
    if moved.spreads.is_empty() {
        return Ok(html::note("No class grew."));
    }
    let spreads = moved.spreads.iter().take(CURVES);
    let mut sentences: Vec<String> = spreads.map(|s| spread_words(report, s)).collect();
    if moved.spreads.len() > CURVES {
        let more = moved.spreads.len() - CURVES;
        sentences.push(format!("{more} more classes grew."));
    }
    let numbers = moved.largest.iter().filter(|m| !m.real.is_empty());
    let drawn: Vec<&Move> = numbers.filter(|m| m.distance > 0.0).take(CURVES).collect();
    let mut figures = Vec::new();
    for one in &drawn {
        figures.extend(move_curves(report, one, palette)?);
    }
    let mut classes: Vec<u32> = drawn.iter().map(|m| m.class).collect();
    classes.sort_unstable();
    classes.dedup();
    let curves = match figures.is_empty() {
        true => String::new(),
        false => html::note(
            "Below, the share of rows up to a value, for the numeric columns that moved most; where values run far, along \
             a logarithmic axis on which 0 stands at the left end.",
        ),
    };
    Ok(html::list(&sentences)
        + &html::note(&words(report))
        + &move_table(report)
        + &curves
        + &key(report, palette, &classes, "real and synthetic rows")
        + &html::plots("small", &figures))
}

/// What became of the spread of a class, in a sentence.
fn spread_words(report: &OversampleReport, spread: &Spread) -> String {
    let name = report.short_class(spread.class);
    let Some(ratio) = spread.ratio else {
        return format!(
            "{name}: no numeric column varies; the largest move of a category is {}.",
            number(spread.largest)
        );
    };
    let what = match ratio {
        r if r < 0.99 => {
            "the class was drawn together, as it is where new rows lie between real ones"
        }
        r if r > 1.01 => "the class was spread out",
        _ => "the spread was kept",
    };
    format!(
        "{name}: {what}. The standard deviation fell by more than 1 % in {} of {}, and rose in {}; the median ratio \
         is {}.",
        spread.narrower,
        html::counted(spread.numbers, "numeric column"),
        spread.wider,
        number(ratio)
    )
}

fn words(report: &OversampleReport) -> String {
    let moved = &report.audit.moved;
    let sampled = |rows: [usize; 2]| rows[1] < rows[0];
    let cut = moved
        .spreads
        .iter()
        .any(|s| sampled(s.real) || sampled(s.synthetic));
    let sample = match cut {
        true => format!(
            " Computed from at most {} real and {} synthetic rows of a class (seed {}).",
            REAL_ROWS, SYNTHETIC_ROWS, report.audit.seed
        ),
        false => String::new(),
    };
    format!(
        "The real rows of a class against its real and synthetic rows together; the {} largest of {}. Move: the \
         Kolmogorov-Smirnov distance of numbers, the total variation of categories; 0 is unmoved, 1 is the most. Shift: of \
         the mean, in standard deviations of the real rows. Ratio: of the standard deviations; below 1 the column was \
         drawn together, as interpolation does.{sample}",
        moved.largest.len(),
        html::counted(moved.compared, "comparison"),
    )
}

fn move_table(report: &OversampleReport) -> String {
    let header = ["class", "column", "kind", "move", "shift", "ratio"].map(String::from);
    let rows = report.audit.moved.largest.iter().map(|m| {
        let kind = match m.column {
            AuditedColumn::Number(_) => "number",
            AuditedColumn::Category(_) => "category",
        };
        let cells = [
            report.class(m.class),
            report.column(m.column),
            kind.into(),
            number(m.distance),
            m.shift.map_or("-".into(), signed),
            m.ratio.map_or("-".into(), number),
        ];
        cells.map(Cell::from).into_iter().collect()
    });
    html::table(3, &header, rows)
}

fn move_curves(report: &OversampleReport, one: &Move, palette: &Palette) -> Result<Option<String>> {
    let column = report.short_column(one.column);
    let class = report.short_class(one.class);
    let steps = [
        Steps {
            percentiles: &one.real,
            style: None,
        },
        Steps {
            percentiles: &one.all,
            style: Some(palette.of(one.class)),
        },
    ];
    let label = format!("{column} of {class} before and after");
    let svg = plot::ecdf(&label, "value", &steps)?;
    Ok(svg.map(|svg| html::figure(&format!("{column}, {class}"), &svg)))
}
