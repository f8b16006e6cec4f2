//! Scoring tagged sentences with a trained run.

use std::io::Write;

use anyhow::Result;
use candle_mixup::data::Source;
use candle_mixup::text::{TaggedCorpus, TextSource};
use candle_mixup::train::scores;
use candle_mixup::{Error, report};
use serde_json::json;

use super::rows::{SplitSentences, encode};
use super::saved::{ROWS, SavedTagger, refuse_columns};
use crate::cli::args::EvaluateArgs;
use crate::cli::describe::per_class;
use crate::cli::foreign::refuse_pictures;
use crate::cli::settings;

/// Scores a run of tagged sentences.
pub fn evaluate(args: &EvaluateArgs) -> Result<()> {
    refuse_pictures(ROWS, &args.pictures)?;
    refuse_columns(&args.columns)?;
    let device = settings::device(&args.machine)?;
    let run = SavedTagger::open(&args.run, &device)?;
    let (corpus, rows) = match &args.data {
        None => test_rows(&run)?,
        Some(data) => other_rows(&run, data)?,
    };
    let scored: Vec<_> = rows
        .iter()
        .map(|&row| &corpus.sentences()[row as usize])
        .collect();
    let (encoded, labels) = encode(&scored, &run.tokenizer, &run.tags)?;
    let rows: Vec<u32> = (0..scored.len() as u32).collect();
    let (cut, lost) = (encoded.texts.cut(), encoded.cut + encoded.silent);
    let source = TextSource::new(encoded.texts.into(), device);
    let scores = scores(&run.model, &source, &labels, &rows)?;
    let types = run.tags.types();
    if args.print.json {
        let result = json!({
            "run": args.run, "data": args.data.as_deref().unwrap_or(&run.settings.data.data),
            "rows": rows.len(), "cut_texts": cut, "lost_words": lost, "test": scores.values,
            "per_class": per_class(&scores, types),
        });
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&result)?)?;
        return Ok(());
    }
    let mut out = std::io::stdout();
    let limit = run.tokenizer.max_tokens();
    let words = format!("{cut} cut to {limit} tokens, {lost} words lost");
    writeln!(out, "{} sentences, {words}\n", rows.len())?;
    writeln!(out, "{}", report::score_table(&scores))?;
    writeln!(out, "{}", report::class_table(&scores, types))?;
    Ok(())
}

/// The run's own test sentences, drawn again from the same data.
fn test_rows(run: &SavedTagger) -> Result<(TaggedCorpus, Vec<u32>)> {
    let split = SplitSentences::read(&run.settings.data)?;
    if split.corpus.fingerprint() != run.settings.fingerprint {
        let problem =
            "the data have changed since the run was trained; name the rows to score with --data";
        return Err(Error::file(&run.settings.data.data, problem).into());
    }
    Ok((split.corpus, split.test))
}

/// All sentences of another file, read as the run's were.
fn other_rows(run: &SavedTagger, data: &str) -> Result<(TaggedCorpus, Vec<u32>)> {
    let columns = &run.settings.data.columns;
    let corpus = TaggedCorpus::read(&Source::parse(data)?, columns, Some(&run.tags))?;
    let rows = (0..corpus.len() as u32).collect();
    Ok((corpus, rows))
}
