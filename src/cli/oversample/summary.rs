//! What was done, in a table or as JSON.

use std::io::Write;

use anyhow::Result;
use candle_mixup::files;
use candle_mixup::oversample::{Coverage, audit};
use candle_mixup::report::{
    BalanceRow, ClassCount, OversampleReport, balance_table, oversample_page,
};
use candle_mixup::split::Strata;
use candle_mixup::table::{self, Column, Role};
use serde_json::{Map, Value, json};

use super::columns::{ignored, names};
use super::write::{bounds, told};
use super::{Out, Run};
use crate::cli::progress::WorkBar;

/// Prints the summary: on stderr where the table itself goes to stdout.
pub fn print(run: &Run) -> Result<()> {
    let text = match run.args.print.json {
        true => format!("{}\n", as_json(run)),
        false => as_text(run),
    };
    match run.out {
        Out::Stdout => std::io::stderr().write_all(text.as_bytes())?,
        Out::File(_) => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(())
}

/// Rows of every class before and after.
pub fn classes(run: &Run) -> Vec<BalanceRow> {
    let mut removed = vec![0; run.names.len()];
    let made = run.balanced.classes();
    for &row in &run.removed {
        let row = row as usize;
        let class = match row.checked_sub(run.schema.rows) {
            None => run.table.classes[row],
            Some(synthetic) => made[synthetic],
        };
        removed[class as usize] += 1;
    }
    let rows = run.schema.classes.iter().enumerate();
    rows.map(|(c, class)| BalanceRow {
        name: class.name.clone(),
        before: class.rows as usize,
        synthetic: made_of(run, c),
        removed: removed[c],
    })
    .collect()
}

/// Rows that were made of a class.
fn made_of(run: &Run, class: usize) -> usize {
    let made = run.balanced.made.iter();
    let of_class = made.filter(|m| m.class as usize == class);
    of_class.map(|m| m.recipe.len()).sum()
}

fn as_text(run: &Run) -> String {
    let schema = &run.schema;
    let label = schema.label().map_or("", |c: &Column| c.name.as_str());
    let mut text = format!("{}: {} rows, label '{label}'\n", run.name(), schema.rows);
    let mut kind = |word: &str, columns: String| {
        if !columns.is_empty() {
            text += &format!("  {word:<12} {columns}\n");
        }
    };
    kind("numeric", names(schema.numeric()));
    kind("categorical", names(schema.categorical()));
    kind("ignored", names(ignored(schema)));
    text += &format!("\n{}\n\n{}\n", method(run), balance_table(&classes(run)));
    for note in &run.notes {
        text += &format!("note: {note}\n");
    }
    let after: usize = classes(run).iter().map(BalanceRow::after).sum();
    let seconds = run.started.elapsed().as_secs_f64();
    text += &format!("table  {} ({after} rows, {seconds:.2} s)\n", told(&run.out));
    if let Some(report) = &run.args.output.report {
        text += &format!("report {}\n", report.display());
    }
    text
}

/// Writes the page that `--report` asks for.
pub fn report(run: &Run, bar: &WorkBar) -> Result<()> {
    let Some(path) = &run.args.output.report else {
        return Ok(());
    };
    let strata = Strata {
        classes: &run.table.classes,
        names: &run.names,
    };
    let coverage = match run.table.len() == run.schema.rows {
        true => Coverage::Whole,
        false => Coverage::GrownClasses,
    };
    let spread = run.schema.spread();
    let rows = run.rows(&spread)?;
    let fit = |numbers: &mut [f64]| table::fit(&run.schema, bounds(&run.args), numbers);
    let name = |c: &Column| c.name.clone();
    let classes = classes(run).into_iter().map(|c| ClassCount {
        before: c.before,
        made: c.synthetic,
        removed: c.removed,
        name: c.name,
    });
    let page = oversample_page(&OversampleReport {
        title: format!("Oversampling of {}", run.name()),
        version: env!("CARGO_PKG_VERSION").into(),
        oversampler: run.settings.clone(),
        settings: as_json(run),
        classes: classes.collect(),
        numbers: run.schema.numeric().map(name).collect(),
        categories: run.schema.categorical().map(name).collect(),
        audit: audit(
            &rows,
            strata,
            &run.balanced,
            &run.settings,
            coverage,
            &fit,
            bar,
        )?,
        notes: run.notes.clone(),
        seconds: run.started.elapsed().as_secs_f64(),
    })?;
    Ok(files::write(path, page.as_bytes())?)
}

/// An argument's value as it is given.
fn word(value: impl clap::ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |v| v.get_name().to_string())
}

/// "smote, k = 5, seed 0".
fn method(run: &Run) -> String {
    let name = run.settings.method.name();
    let settings = serde_json::to_value(&run.settings.method).unwrap_or_default();
    let fields = settings[name].as_object().cloned().unwrap_or_default();
    let fields = fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(field, value)| match value.as_str() {
            Some(word) => format!("{field} {word}"),
            None => format!("{field} = {value}"),
        });
    std::iter::once(name.to_string())
        .chain(fields)
        .chain([format!("seed {}", run.settings.seed)])
        .collect::<Vec<_>>()
        .join(", ")
}

fn as_json(run: &Run) -> Value {
    let classes = classes(run);
    let counts: Map<String, Value> = classes
        .iter()
        .map(|c| {
            let counts = json!({ "before": c.before, "after": c.after(), "synthetic": c.synthetic,
                "removed": c.removed });
            (c.name.clone(), counts)
        })
        .collect();
    let columns: Vec<Value> = run
        .schema
        .columns
        .iter()
        .map(|c| {
            let role = match c.role {
                Role::Feature => "feature",
                Role::Label => "label",
                Role::Ignored => "ignored",
            };
            json!({ "name": c.name, "role": role, "kind": c.kind, "missing": c.missing })
        })
        .collect();
    json!({
        "method": run.settings.method.name(),
        "classes": counts,
        "rows": classes.iter().map(BalanceRow::after).sum::<usize>(),
        "seconds": run.started.elapsed().as_secs_f64(),
        "settings": run.settings,
        "clean": run.args.method.clean.map(word),
        "bounds": word(run.args.distance.bounds),
        "missing": word(run.args.policies.missing),
        "data": run.name(),
        "columns": columns,
        "notes": run.notes,
        "out": told(&run.out),
        "report": run.args.output.report,
        "version": env!("CARGO_PKG_VERSION"),
    })
}
