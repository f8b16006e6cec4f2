//! `mixup predict`: labels and probabilities for every row of new data.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use candle_mixup::{Error, files};

use super::args::PredictArgs;
use super::saved::{Trained, trained};
use super::{image, settings, table, tags, text};

/// Rows that are read, labelled and written together.
pub const CHUNK: usize = 1024;

pub fn run(args: PredictArgs) -> Result<()> {
    let threads = settings::threads(args.machine.threads)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start threads")?;
    pool.install(|| match trained(&args.run)? {
        Trained::Text => text::predict(&args),
        Trained::Table => table::predict(&args),
        Trained::Image => image::predict(&args),
        Trained::Tags => tags::predict(&args),
    })
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// csv; of tagged sentences columns.
    Plain,
    JsonLines,
}

/// Hands stdout, or the file asked for, to `produce`; a file is written beside and renamed.
pub fn to_output(
    args: &PredictArgs,
    produce: impl FnMut(Form, &mut dyn Write) -> Result<()>,
) -> Result<()> {
    to_output_of(args, &["csv"], produce)
}

/// The same for rows whose plain form has names with these endings.
pub fn to_output_of(
    args: &PredictArgs,
    plain: &[&str],
    mut produce: impl FnMut(Form, &mut dyn Write) -> Result<()>,
) -> Result<()> {
    match &args.out {
        None if args.json => produce(Form::JsonLines, &mut std::io::stdout().lock()),
        None => produce(Form::Plain, &mut std::io::stdout().lock()),
        Some(path) if path == Path::new("-") => produce(Form::Plain, &mut std::io::stdout().lock()),
        Some(path) if files::same(path, &args.data) => Err(Error::Conflict(format!(
            "--out {}: that is the file of --data itself",
            path.display()
        ))
        .into()),
        Some(path) if path.exists() && !args.force => Err(Error::Conflict(format!(
            "--out {}: it exists; --force overwrites it",
            path.display()
        ))
        .into()),
        Some(path) => {
            let form = form_of(path, plain)?;
            write_file(path, |file| produce(form, file))
        }
    }
}

/// The form that a file's name asks for.
fn form_of(path: &Path, plain: &[&str]) -> Result<Form> {
    match path.extension().and_then(|e| e.to_str()) {
        Some(ending) if plain.contains(&ending) => Ok(Form::Plain),
        Some("jsonl" | "ndjson") => Ok(Form::JsonLines),
        _ => {
            let range = format!("a name that ends in .{} or .jsonl", plain.join(", ."));
            Err(Error::setting("--out", range, path.display()).into())
        }
    }
}

/// Writes beside and renames; an error of `produce` keeps its own words.
pub fn write_file(path: &Path, produce: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
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

/// A line of csv.
pub fn write_csv<S: AsRef<[u8]>>(
    out: &mut (impl Write + ?Sized),
    cells: impl Iterator<Item = S>,
) -> Result<()> {
    let mut line = csv::WriterBuilder::new().from_writer(Vec::new());
    line.write_record(cells)?;
    Ok(out.write_all(&line.into_inner().map_err(|e| e.into_error())?)?)
}
