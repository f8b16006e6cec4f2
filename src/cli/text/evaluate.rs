//! Scoring labelled texts with a trained run.

use std::io::Write;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::Source;
use candle_mixup::report;
use candle_mixup::text::{Columns, Corpus, LabelKind, SoftColumn, TextSource};
use candle_mixup::train::{Labels, TargetKind};
use serde_json::json;

use super::saved::SavedRun;
use super::settings::{columns, read_options_like};
use super::task::{TextTask, scores_with_soft};
use crate::cli::args::EvaluateArgs;
use crate::cli::describe::per_class;
use crate::cli::foreign::refuse_pictures;
use crate::cli::settings;

/// Scores a text run.
pub fn evaluate(args: &EvaluateArgs) -> Result<()> {
    refuse_pictures("texts", &args.pictures)?;
    let device = settings::device(&args.machine)?;
    let run = SavedRun::open(&args.run, &device)?;
    let (corpus, rows) = match &args.data {
        None => test_rows(&run)?,
        Some(data) => other_rows(&run, data, args)?,
    };
    let corpus = corpus.select(&rows);
    let rows: Vec<u32> = (0..corpus.len() as u32).collect();
    let texts = run.tokenizer.encode(corpus.texts(), corpus.pairs())?;
    let cut = texts.cut();
    let source = TextSource::new(texts.into(), device);
    let width = run.classes.len();
    let hard = Labels::new(run.kind, corpus.targets().to_vec(), width)?;
    let soft = corpus
        .soft()
        .map(|s| Labels::new(run.kind, s.to_vec(), width))
        .transpose()?;
    let scores = scores_with_soft(&run.built.model, &source, &hard, soft.as_ref(), &rows)?;
    if args.print.json {
        let result = json!({
            "run": args.run, "data": args.data.as_deref().unwrap_or(&run.settings.data.data),
            "rows": rows.len(), "cut_texts": cut, "test": scores.values,
            "per_class": per_class(&scores, &run.classes),
        });
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&result)?)?;
        return Ok(());
    }
    writeln!(
        std::io::stdout(),
        "{} rows, {cut} texts cut to {} tokens\n",
        rows.len(),
        run.tokenizer.max_tokens()
    )?;
    writeln!(std::io::stdout(), "{}", report::score_table(&scores))?;
    writeln!(
        std::io::stdout(),
        "{}",
        report::class_table(&scores, &run.classes)
    )?;
    Ok(())
}

/// The run's own test rows, drawn again from the same data.
pub fn test_rows(run: &SavedRun) -> Result<(Corpus, Vec<u32>)> {
    let (corpus, test) = TextTask::test_rows(&run.settings.data)?;
    if corpus.fingerprint() != run.settings.fingerprint {
        let problem =
            "the data have changed since the run was trained; name the rows to score with --data";
        return Err(Error::file(&run.settings.data.data, problem).into());
    }
    Ok((corpus, test))
}

/// All rows of another file; the run's columns where the arguments name none.
pub fn other_rows(run: &SavedRun, data: &str, args: &EvaluateArgs) -> Result<(Corpus, Vec<u32>)> {
    let labels = &args.columns;
    let soft = labels.ratings.is_some() || labels.shares.is_some();
    if (run.kind == TargetKind::MultiLabel && soft)
        || (run.kind == TargetKind::SingleLabel && labels.multi_label.is_some())
    {
        let problem =
            "the run was trained on another kind of label (--multi-label, --ratings, --shares)";
        return Err(Error::Conflict(problem.into()).into());
    }
    let mut columns = columns(run.settings.data.columns.clone(), &args.columns)?;
    if let Some(SoftColumn {
        kind: LabelKind::Shares { classes },
        ..
    }) = &mut columns.soft
    {
        classes.clone_from(&run.classes);
    }
    let columns = Columns {
        group: None,
        time: None,
        ..columns
    };
    let read = read_options_like(&run.settings.data.read, &args.columns.texts);
    let corpus = Corpus::read(&Source::parse(data)?, &columns, &read, Some(&run.classes))?;
    let rows = (0..corpus.len() as u32).collect();
    Ok((corpus, rows))
}
