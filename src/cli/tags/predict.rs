//! Tagging new sentences with a trained run, a chunk at a time.

use std::io::Write;
use std::ops::Range;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::Error;
use candle_mixup::data::Source;
use candle_mixup::metrics::hard_labels;
use candle_mixup::text::{Sentence, SpanLine, TaggedRows, TextSource, conll_lines};
use candle_mixup::train::token_logits;

use super::saved::{ROWS, SavedTagger, refuse_text_columns};
use crate::cli::args::PredictArgs;
use crate::cli::foreign::refuse_pictures;
use crate::cli::predict::{CHUNK, Form, to_output_of};
use crate::cli::progress::Bars;
use crate::cli::settings;

/// Tags sentences.
pub fn predict(args: &PredictArgs) -> Result<()> {
    refuse_pictures(ROWS, &args.pictures)?;
    refuse_text_columns(&args.columns)?;
    let device = settings::device(&args.machine)?;
    let run = SavedTagger::open(&args.run, &device)?;
    let source = Source::parse(&args.data)?;
    let mut rows = Some(TaggedRows::open(
        &source,
        &run.settings.data.columns,
        false,
    )?);
    let bars = Bars::new(args.quiet);
    to_output_of(args, &["conll", "iob", "bio"], |form, out| {
        check_types(&run, form)?;
        match rows.take() {
            Some(rows) => tag_all(&run, rows, &device, form, &bars, out),
            None => Ok(()),
        }
    })
}

/// Refuses columns for types that would not be read from them again.
fn check_types(run: &SavedTagger, form: Form) -> Result<()> {
    let mut types = run.tags.types().iter();
    match types.find(|kind| form == Form::Plain && kind.contains(char::is_whitespace)) {
        None => Ok(()),
        Some(kind) => Err(Error::Conflict(format!(
            "the type {kind:?} holds white space, which columns cannot: --json or --out NAME.jsonl writes spans"
        ))
        .into()),
    }
}

fn tag_all(
    run: &SavedTagger,
    mut rows: TaggedRows,
    device: &Device,
    form: Form,
    bars: &Bars,
    out: &mut dyn Write,
) -> Result<()> {
    let bar = bars.counter("rows", "predict");
    let mut lost = 0;
    loop {
        let chunk = rows
            .by_ref()
            .take(CHUNK)
            .collect::<candle_mixup::Result<Vec<Sentence>>>()?;
        if chunk.is_empty() {
            break;
        }
        bar.inc(chunk.len() as u64);
        // A text without a word has no tag.
        let some: Vec<&Sentence> = chunk.iter().filter(|s| !s.words.is_empty()).collect();
        let (tags, none) = tag(run, &some, device)?;
        lost += none;
        let mut tags = tags.iter();
        for sentence in &chunk {
            let tags = match sentence.words.is_empty() {
                true => None,
                false => tags.next(),
            };
            write(run, sentence, tags.map_or(&[], Vec::as_slice), form, out)?;
        }
    }
    bar.finish_and_clear();
    if lost > 0 {
        eprintln!(
            "note: {lost} words have no token of their own or were cut off; they are tagged O"
        );
    }
    Ok(out.flush()?)
}

/// The tag of every word of some sentences, O where it was lost, and how many were.
fn tag(run: &SavedTagger, chunk: &[&Sentence], device: &Device) -> Result<(Vec<Vec<u32>>, usize)> {
    if chunk.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let texts: Vec<&str> = chunk.iter().map(|s| s.text.as_str()).collect();
    let words: Vec<_> = chunk.iter().map(|s| s.words.as_slice()).collect();
    let encoded = run.tokenizer.encode_words(&texts, &words)?;
    let carriers: Vec<Vec<Option<u32>>> = encoded
        .pieces
        .iter()
        .map(|row| row.iter().map(carrier).collect())
        .collect();
    let source = TextSource::new(encoded.texts.into(), device.clone());
    let all: Vec<u32> = (0..chunk.len() as u32).collect();
    let carried = |row: u32| carriers[row as usize].iter().flatten().copied().collect();
    let logits = token_logits(&run.model, &source, &all, carried)?;
    let mut tags = Vec::with_capacity(chunk.len());
    for (logits, carriers) in logits.iter().zip(&carriers) {
        let mut found = hard_labels(logits, run.tags.len())?.into_iter();
        let of = |carrier: &Option<u32>| carrier.and_then(|_| found.next()).unwrap_or(0);
        tags.push(carriers.iter().map(of).collect());
    }
    Ok((tags, encoded.cut + encoded.silent))
}

/// The token that carries a word's tag.
fn carrier(pieces: &Range<u32>) -> Option<u32> {
    (!pieces.is_empty()).then_some(pieces.start)
}

fn write(
    run: &SavedTagger,
    sentence: &Sentence,
    tags: &[u32],
    form: Form,
    out: &mut dyn Write,
) -> Result<()> {
    match form {
        Form::JsonLines => {
            let columns = &run.settings.data.columns;
            let line = SpanLine::of(sentence, tags, &run.tags, columns.offsets);
            // Under the names by which the run reads them.
            let mut object = serde_json::Map::new();
            object.insert("line".into(), line.line.into());
            object.insert(columns.text.clone(), line.text.into());
            object.insert(columns.spans.clone(), serde_json::to_value(&line.spans)?);
            Ok(writeln!(out, "{}", serde_json::Value::Object(object))?)
        }
        Form::Plain => Ok(out.write_all(conll_lines(sentence, tags, &run.tags).as_bytes())?),
    }
}
