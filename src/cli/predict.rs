//! `mixup predict`: label and probabilities for any number of rows, in a fixed amount of memory.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use candle_core::Device;
use candle_mixup::data::Source;
use candle_mixup::text::{Columns, TextRow, TextRows, TextSource};
use candle_mixup::train::{TargetKind, logits, probabilities};
use candle_mixup::{Error, files};
use serde_json::json;

use super::args::PredictArgs;
use super::progress::Bars;
use super::saved::{self, SavedRun};
use super::settings;

/// Rows that are read, labelled and written together.
const CHUNK: usize = 1024;

pub fn run(args: PredictArgs) -> Result<()> {
    let threads = settings::threads(args.machine.threads)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start threads")?;
    pool.install(|| predict(&args))
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Csv,
    JsonLines,
}

fn predict(args: &PredictArgs) -> Result<()> {
    if saved::is_table(&args.run)? {
        return super::table::predict(args);
    }
    let device = settings::device(&args.machine)?;
    let run = SavedRun::open(&args.run, &device)?;
    let trained = run.settings.data.columns.clone();
    if args.columns.text_pair.is_some() && trained.text_pair.is_none() {
        let problem = "--text-pair: the run was trained on single texts";
        return Err(Error::Conflict(problem.into()).into());
    }
    let columns = settings::text_columns(trained, &args.columns);
    let columns = Columns {
        label: None,
        soft: None,
        group: None,
        time: None,
        ..columns
    };
    let read = settings::read_options_like(&run.settings.data.read, &args.columns);
    let rows = TextRows::open(&Source::parse(&args.data)?, &columns, &read)?;
    let bars = Bars::new(args.quiet);
    let mut rows = Some(rows);
    to_output(args, |form, out| match rows.take() {
        Some(rows) => label_all(&run, rows, &device, form, &bars, out),
        None => Ok(()),
    })
}

/// Hands stdout, or the file asked for, to `produce`; a file is written beside and renamed.
pub fn to_output(
    args: &PredictArgs,
    mut produce: impl FnMut(Form, &mut dyn Write) -> Result<()>,
) -> Result<()> {
    match &args.out {
        None if args.json => produce(Form::JsonLines, &mut std::io::stdout().lock()),
        None => produce(Form::Csv, &mut std::io::stdout().lock()),
        Some(path) if path.exists() && !args.force => Err(Error::Conflict(format!(
            "--out {}: it exists; --force overwrites it",
            path.display()
        ))
        .into()),
        Some(path) => {
            let form = form_of(path)?;
            write_file(path, |file| produce(form, file))
        }
    }
}

/// The form that a file's name asks for.
fn form_of(path: &Path) -> Result<Form> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("csv") => Ok(Form::Csv),
        Some("jsonl" | "ndjson") => Ok(Form::JsonLines),
        _ => Err(Error::setting(
            "--out",
            "a name that ends in .csv or .jsonl",
            path.display(),
        )
        .into()),
    }
}

/// Writes beside and renames; an error of `produce` keeps its own words.
fn write_file(path: &Path, produce: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut failed = None;
    let written = files::write_with(path, |file| {
        produce(file).map_err(|error| {
            let failure = match error.downcast_ref::<std::io::Error>() {
                Some(e) => files::Failure::Io(std::io::Error::new(e.kind(), e.to_string())),
                None => files::Failure::Other(Error::Interrupted),
            };
            failed = Some(error);
            failure
        })
    });
    match (written, failed) {
        (Err(Error::Interrupted), Some(error)) => Err(error),
        (written, _) => Ok(written?),
    }
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
    if form == Form::Csv {
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
        TargetKind::SingleLabel | TargetKind::Regression => vec![run.classes[best].as_str()],
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
        Form::Csv => {
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
                TargetKind::SingleLabel | TargetKind::Regression => json!(several[0]),
                TargetKind::MultiLabel => json!(several),
            };
            let object = json!({ "line": row.line, "label": label, "probability": shares[best], "probabilities": named });
            Ok(writeln!(out, "{object}")?)
        }
    }
}

/// A line of csv.
pub fn write_csv<S: AsRef<[u8]>>(
    out: &mut (impl Write + ?Sized),
    cells: impl Iterator<Item = S>,
) -> Result<()> {
    let mut line = csv::WriterBuilder::new().from_writer(Vec::new());
    line.write_record(cells)?;
    Ok(out.write_all(&line.into_inner().map_err(|e| e.into_error())?)?)
}
