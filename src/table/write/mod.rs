//! Writing a table: the rows of the file first, untouched, and synthetic rows behind them.
//!
//! Text that stays text in the same separator is copied byte for byte; only the cells of extra columns are put in before
//! a line's end. Everything else goes cell by cell, in the types of the file. Nothing stands in memory whole.

mod cells;
mod chunk;
mod columns;
mod copy;
mod extras;
mod kept;
mod lines;
mod sink;

#[cfg(feature = "cli")]
mod arrow_out;
#[cfg(feature = "cli")]
mod arrow_text;
#[cfg(feature = "cli")]
mod arrow_types;
#[cfg(feature = "cli")]
mod parquet_out;
#[cfg(feature = "cli")]
mod synthetic_batch;
#[cfg(feature = "cli")]
mod text_batch;

use std::io::Write;
use std::path::Path;

pub use chunk::{Chunk, Values};
pub use columns::fit;
pub use extras::{Extra, ExtraKind, provenance};
pub use sink::Sink;

use super::format::Format;
use super::schema::Schema;
use crate::data::{Source, shorten};
use crate::error::{Error, Result};
use crate::files;
use crate::oversample::Progress;

/// Whether synthetic numbers may leave the range of their column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bounds {
    /// They are written as they are.
    #[default]
    Free,
    /// They are kept between the least and the greatest number of the column.
    Observed,
}

/// What is written beside the columns of the file, and which of its rows are not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteOptions {
    /// Columns behind those of the file.
    pub extras: Vec<Extra>,
    /// Rows of the file, from 0 and ascending, that are left out.
    pub leave_out: Vec<u32>,
    /// Bounds of synthetic numbers.
    pub bounds: Bounds,
}

/// Writes the rows of a scanned table to `path`, and behind them what `synthetic` pushes.
///
/// The format is that of the extension. The file is written beside its place and renamed into it: after an error, or
/// when `synthetic` stops early with one, the old file or none is there. Columns that synthetic rows leave empty become
/// nullable, and Arrow dictionaries become plain columns of their values.
///
/// # Errors
/// Those of [`check_output`], of `synthetic`, of [`Sink::push`]; [`Error::File`] for a file that has changed since it
/// was scanned; [`Error::Io`], [`Error::Interrupted`].
pub fn write(
    path: &Path,
    source: &Source,
    schema: &Schema,
    options: &WriteOptions,
    progress: &dyn Progress,
    synthetic: impl FnOnce(&mut Sink<'_>) -> Result<()>,
) -> Result<()> {
    check_output(path, source, schema, options)?;
    let format = Format::of_path(path)?;
    files::write_with(path, |file| {
        write_to(
            file, path, format, source, schema, options, progress, synthetic,
        )
    })
}

/// The same to any writer; `name` is what messages call it.
///
/// # Errors
/// As [`write()`].
#[expect(
    clippy::too_many_arguments,
    reason = "a writer, its name and its format stand for the path of `write`"
)]
pub fn write_to(
    out: &mut (dyn Write + Send),
    name: &Path,
    format: Format,
    source: &Source,
    schema: &Schema,
    options: &WriteOptions,
    progress: &dyn Progress,
    synthetic: impl FnOnce(&mut Sink<'_>) -> Result<()>,
) -> Result<()> {
    check_options(schema, options)?;
    let task = copy::Task {
        name,
        source,
        schema,
        options,
        progress,
    };
    progress.begin("copying", schema.rows as u64);
    let mut sink = Sink::begin(out, format, &task)?;
    synthetic(&mut sink)?;
    sink.finish()
}

/// Refuses what would be refused by [`write()`], before long work: an unknown extension, the input itself, a folder, an
/// extra column whose name the file has.
///
/// # Errors
/// [`Error::File`], [`Error::Conflict`], [`Error::Setting`].
pub fn check_output(
    path: &Path,
    source: &Source,
    schema: &Schema,
    options: &WriteOptions,
) -> Result<()> {
    Format::of_path(path)?;
    if path.is_dir() {
        return Err(Error::file(path, "is a folder, not a file"));
    }
    let real = |path: &Path| path.canonicalize().ok();
    if let Source::File(input) = source
        && real(input).is_some_and(|input| real(path) == Some(input))
    {
        return Err(Error::Conflict(format!(
            "{}: the output is the input; name another file",
            path.display()
        )));
    }
    check_options(schema, options)
}

fn check_options(schema: &Schema, options: &WriteOptions) -> Result<()> {
    let names: Vec<&str> = schema.columns.iter().map(|c| c.name.as_str()).collect();
    for (i, extra) in options.extras.iter().enumerate() {
        let before = options.extras[..i].iter().map(|e| e.name.as_str());
        if names.iter().copied().chain(before).any(|n| n == extra.name) {
            let problem = format!(
                "has a column '{}' already, which is to be added",
                shorten(&extra.name)
            );
            return Err(Error::file(&schema.path, problem));
        }
    }
    let ascending = options.leave_out.is_sorted_by(|a, b| a < b);
    let last = options.leave_out.last().copied();
    match last {
        Some(last) if !ascending || last as usize >= schema.rows => Err(Error::setting(
            "leave_out",
            format!("ascending rows below {}", schema.rows),
            format!("{} rows up to {last}", options.leave_out.len()),
        )),
        _ => Ok(()),
    }
}
