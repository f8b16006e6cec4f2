//! A table written out again: its rows untouched, and synthetic rows behind them.
//!
//! Rows are passed on piece by piece; neither the table nor the synthetic rows stand in memory.

#[cfg(feature = "cli")]
mod columnar;
mod extra;
mod text;

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

pub use extra::{Extra, ExtraKind, Values};

use super::input::Format;
use super::kind::Schema;
use super::options::ReadOptions;
use crate::data::Source;
use crate::error::{Error, Result};
use crate::files::{self, Outcome};
use crate::oversample::Progress;

/// Some synthetic rows of one class, in the order of a [`Table`](super::Table)'s features.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Synthetic {
    /// How many.
    pub rows: usize,
    /// Their class.
    pub class: u32,
    /// Numbers `[rows, width]`.
    pub numbers: Vec<f64>,
    /// Codes `[rows, categories]`.
    pub codes: Vec<u32>,
    /// Missing cells by (row of this piece, feature), ascending; features count numbers first.
    pub missing: Vec<(u32, u32)>,
    /// A column for each of [`Output::extras`].
    pub extras: Vec<Values>,
}

/// What is written.
///
/// From csv or tsv to the same, the rows of the table are copied byte for byte, byte order mark, line ends, quotes and
/// blank lines included; where the last line has no end it gets one. Between other formats cells are converted. Whole
/// numbers are rounded half to even, and kept within what the file's type holds; ignored columns are empty in synthetic
/// rows.
pub struct Output<'a> {
    /// The table.
    pub source: &'a Source,
    /// How it was read.
    pub options: &'a ReadOptions,
    /// What it is.
    pub schema: &'a Schema,
    /// Columns added behind the table's own.
    pub extras: &'a [Extra],
    /// Rows of the table that are left out, ascending.
    pub removed: &'a [u32],
    /// Who is told how many rows are written, and may stop it.
    pub progress: &'a dyn Progress,
}

/// Gives the next synthetic rows, until there are none.
pub type Next<'a> = dyn FnMut() -> Result<Option<Synthetic>> + 'a;

impl Output<'_> {
    /// Writes to a file, in the format of its ending: beside it first, then renamed into its place.
    ///
    /// # Errors
    /// [`Error::File`] for an unknown ending, [`Error::Conflict`] for the table's own file, [`Error::Io`], and those of
    /// reading and of `next`; the file is then as it was.
    pub fn write_file(&self, path: &Path, next: &mut Next<'_>) -> Result<()> {
        let format = Format::of(path)?;
        if let (Source::File(file), Ok(out)) = (self.source, path.canonicalize()) {
            if file.canonicalize().is_ok_and(|file| file == out) {
                let text = format!("{}: the table would be written over itself", path.display());
                return Err(Error::Conflict(text));
            }
        }
        let packed = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("gz"));
        files::write_with(path, |file| {
            if !packed {
                return self.write(file, format, next);
            }
            let mut packer = GzEncoder::new(file, Compression::default());
            self.write(&mut packer, format, next)?;
            packer.finish()?;
            Ok(())
        })
    }

    /// Writes to anything.
    ///
    /// # Errors
    /// As [`Output::write_file`].
    pub fn write(
        &self,
        out: &mut (impl Write + Send),
        format: Format,
        next: &mut Next<'_>,
    ) -> Outcome {
        self.check_names()?;
        match (Format::of_source(self.source)?, format) {
            (Format::Text(from), Format::Text(to)) if from == to => text::copy(self, out, to, next),
            #[cfg(feature = "cli")]
            (_, format) => columnar::convert(self, out, format, next),
            #[cfg(not(feature = "cli"))]
            _ => Err(Error::file(
                self.source.path(),
                "tables are converted by the feature 'cli', which this build lacks",
            )
            .into()),
        }
    }

    /// So many more rows are written.
    fn advance(&self, rows: usize) -> Result<()> {
        self.progress.advance(rows as u64);
        match self.progress.stop() {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    }

    fn check_names(&self) -> Result<()> {
        let taken = |extra: &&Extra| self.schema.columns.iter().any(|c| c.name == extra.name);
        match self.extras.iter().find(taken) {
            None => Ok(()),
            Some(extra) => Err(Error::file(
                self.source.path(),
                format!(
                    "has a column '{}' already, which is to be added",
                    extra.name
                ),
            )),
        }
    }
}
