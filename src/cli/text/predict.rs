//! Labelling new texts with a trained run, a chunk at a time.

use std::io::Write;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::Error;
use candle_mixup::data::Source;
use candle_mixup::text::{Columns, TextRow, TextRows, TextSource};
use candle_mixup::train::{TargetKind, logits, probabilities};
use serde_json::json;

use super::saved::SavedRun;
use super::settings::{read_options_like, text_columns};
use crate::cli::args::PredictArgs;
use crate::cli::foreign::refuse_pictures;
use crate::cli::predict::{CHUNK, Form, to_output, write_csv};
use crate::cli::progress::Bars;
use crate::cli::settings;

/// Labels texts.
pub fn predict(args: &PredictArgs) -> Result<()> {
    refuse_pictures("texts", &args.pictures)?;
    let device = settings::device(&args.machine)?;
    let run = SavedRun::open(&args.run, &device)?;
    let trained = run.settings.data.columns.clone();
    if args.columns.text_pair.is_some() && trained.text_pair.is_none() {
        let problem = "--text-pair: the run was trained on single texts";
        return Err(Error::Conflict(problem.into()).into());
    }
    let columns = text_columns(trained, &args.columns);
    let columns = Columns {
        label: None,
        soft: None,
        group: None,
        time: None,
        ..columns
    };
    let read = read_options_like(&run.settings.data.read, &args.columns);
    let rows = TextRows::open(&Source::parse(&args.data)?, &columns, &read)?;
    let bars = Bars::new(args.quiet);
    let mut rows = Some(rows);
    to_output(args, |form, out| match rows.take() {
        Some(rows) => label_all(&run, rows, &device, form, &bars, out),
        None => Ok(()),
    })
}

fn label_all(
    run: &SavedRun,
    mut rows: TextRows,
    device: &Device,
    form: Form,
    bars: &Bars,
    mut out: impl Write,
) -> Result<()> {
    let bar = bars.counter("rows", "predict");
    if form == Form::Plain {
        let names = ["line", "label", "probability"].into_iter();
        write_csv(
            &mut out,
            names.chain(run.classes.iter().map(String::as_str)),
        )?;
    }
    loop {
        let chunk = rows
            .by_ref()
            .take(CHUNK)
            .collect::<candle_mixup::Result<Vec<TextRow>>>()?;
        if chunk.is_empty() {
            break;
        }
        bar.inc(chunk.len() as u64);
        let width = run.classes.len();
        let shares = shares(run, &chunk, device)?;
        for (row, shares) in chunk.iter().zip(shares.chunks(width)) {
            write_row(&mut out, run, row, shares, form)?;
        }
    }
    bar.finish_and_clear();
    Ok(out.flush()?)
}

/// Probabilities of a chunk, flat.
fn shares(run: &SavedRun, chunk: &[TextRow], device: &Device) -> Result<Vec<f32>> {
    let texts: Vec<&str> = chunk.iter().map(|row| row.text.as_str()).collect();
    let pairs: Option<Vec<&str>> = chunk.iter().map(|row| row.pair.as_deref()).collect();
    let texts = run.tokenizer.encode(&texts, pairs.as_deref())?;
    let source = TextSource::new(texts.into(), device.clone());
    let all: Vec<u32> = (0..chunk.len() as u32).collect();
    Ok(probabilities(
        &logits(&run.built.model, &source, &all)?,
        run.classes.len(),
        run.kind,
    ))
}

fn write_row(
    out: &mut impl Write,
    run: &SavedRun,
    row: &TextRow,
    shares: &[f32],
    form: Form,
) -> Result<()> {
    let best = (1..shares.len()).fold(0, |best, i| if shares[i] > shares[best] { i } else { best });
    let several: Vec<&str> = match run.kind {
        TargetKind::SingleLabel | TargetKind::Regression | TargetKind::Tags => {
            vec![run.classes[best].as_str()]
        }
        TargetKind::MultiLabel => {
            let chosen = run
                .classes
                .iter()
                .zip(shares)
                .filter(|(_, share)| **share > 0.5);
            chosen.map(|(class, _)| class.as_str()).collect()
        }
    };
    match form {
        Form::Plain => {
            let label = several.join(run.separator());
            let head = [row.line.to_string(), label, shares[best].to_string()];
            write_csv(
                out,
                head.into_iter().chain(shares.iter().map(f32::to_string)),
            )
        }
        Form::JsonLines => {
            let named: serde_json::Map<_, _> = run
                .classes
                .iter()
                .cloned()
                .zip(shares.iter().map(|s| json!(s)))
                .collect();
            let label = match run.kind {
                TargetKind::SingleLabel | TargetKind::Regression | TargetKind::Tags => {
                    json!(several[0])
                }
                TargetKind::MultiLabel => json!(several),
            };
            let object = json!({ "line": row.line, "label": label, "probability": shares[best], "probabilities": named });
            Ok(writeln!(out, "{object}")?)
        }
    }
}
