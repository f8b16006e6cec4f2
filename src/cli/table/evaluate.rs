//! `mixup evaluate` for a table run.

use std::io::Write;

use anyhow::Result;
use candle_mixup::data::Source;
use candle_mixup::{Error, report};
use serde_json::json;

use super::like::{Told, read_like, with};
use super::saved::SavedTable;
use super::score::{Truth, score};
use super::settings::Prior;
use super::task::TableTask;
use crate::cli::args::EvaluateArgs;
use crate::cli::describe::per_class;
use crate::cli::foreign::{refuse_pictures, refuse_soft};
use crate::cli::settings::{self, HeldOut};

/// Scores a table run.
pub fn evaluate(args: &EvaluateArgs) -> Result<()> {
    refuse_pictures("a table", &args.pictures)?;
    refuse_soft("a table", &args.columns)?;
    let run = SavedTable::open(&args.run, &settings::device(&args.machine)?)?;
    let (encoded, seen, rows, truth) = rows_asked(&run, args)?;
    let said = run.say(&encoded, &rows)?;
    // The run's own correction is in what it says already.
    let scores = score(&truth, &said, None, Prior::Keep)?.test;
    let names = run.config.names();
    if args.print.json {
        let result = json!({
            "run": args.run, "data": args.data.as_deref().unwrap_or(&run.settings.table.data),
            "rows": rows.len(), "notes": seen, "test": scores.values,
            "per_class": per_class(&scores, &names),
        });
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&result)?)?;
        return Ok(());
    }
    seen.iter().for_each(|note| eprintln!("note: {note}"));
    let mut out = std::io::stdout();
    writeln!(out, "{} rows\n", rows.len())?;
    writeln!(out, "{}", report::score_table(&scores))?;
    if !scores.per_class.is_empty() {
        writeln!(out, "{}", report::class_table(&scores, &names))?;
    }
    Ok(())
}

type Encoded = (
    candle_mixup::table::EncodedRows,
    Vec<String>,
    Vec<u32>,
    Truth,
);

/// The rows asked for, encoded as the run's are, what was met in them, which of them, and what is true of these.
pub fn rows_asked(run: &SavedTable, args: &EvaluateArgs) -> Result<Encoded> {
    match &args.data {
        Some(data) => other_rows(run, data, args),
        None => test_rows(run),
    }
}

/// All rows of another file.
fn other_rows(run: &SavedTable, data: &str, args: &EvaluateArgs) -> Result<Encoded> {
    let label = args.columns.label.as_deref();
    if label.is_some() && run.settings.table.columns.label.is_none() {
        let problem = "--label names a column of classes, and the run tells numbers";
        return Err(Error::Conflict(problem.into()).into());
    }
    let columns = with(
        &run.settings.table.columns,
        label,
        args.columns.texts.no_header,
    );
    scored_file(run, data, &columns)
}

fn scored_file(
    run: &SavedTable,
    data: &str,
    columns: &candle_mixup::table::DataColumns,
) -> Result<Encoded> {
    let source = Source::parse(data)?;
    let data = read_like(
        &source,
        columns,
        &run.encoder,
        &run.config.in_file,
        Told::Yes,
        &(),
    )?;
    let (encoded, seen) = run.encoder.encode(&data)?;
    let truth = Truth::of_target(run.config.kind, run.config.names().len(), &data.target);
    let rows = (0..encoded.len as u32).collect();
    Ok((encoded, seen.notes(), rows, truth))
}

/// The run's own test rows, drawn again from the same data.
fn test_rows(run: &SavedTable) -> Result<Encoded> {
    let s = &run.settings;
    if let HeldOut::File(file) = &s.test {
        return scored_file(run, file, &s.table.columns);
    }
    let task = TableTask::read(s.table.clone(), &())?;
    if task.fingerprint != s.fingerprint {
        let problem =
            "the data have changed since the run was trained; name the rows to score with --data";
        return Err(Error::file(&s.table.data, problem).into());
    }
    let rows = task.test_split(&s.test)?.held_out;
    let (encoded, seen) = run.encoder.encode(&task.data)?;
    let truth = Truth::of(&task, &rows);
    Ok((encoded, seen.notes(), rows, truth))
}
