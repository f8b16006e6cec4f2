//! The first pass over a table: what its columns are. Memory does not grow with the file.

use std::path::Path;

use super::blocks::{Block, shown};
use super::format::{Body, Format};
use super::in_order::in_order;
use super::infer::Subject;
use super::options::{ScanOptions, Wanted};
use super::place::Counted;
use super::records::{Record, Records};
use super::schema::Schema;
use super::tally::Tally;
use super::text_file::{TextFile, check_cells};
use crate::data::{Header, Source};
use crate::error::{Error, Result};
use crate::oversample::Progress;

/// Reads a table once and says what it holds.
///
/// A column of text whose cells are all numbers is numeric: whole numbers if no cell has a point or an exponent.
/// One in which at least a twentieth of the cells are no numbers is categorical; with fewer it is refused, as a column
/// that changes its type. Only an empty cell is missing, unless the options say more.
///
/// # Errors
/// [`Error::Cell`] with line, column and value for text; [`Error::File`] with row and column for Parquet and Arrow, and
/// for a file or a column that cannot be used; [`Error::MissingColumn`], [`Error::Conflict`], [`Error::Utf8`],
/// [`Error::Io`], [`Error::Interrupted`].
pub fn scan(source: &Source, options: &ScanOptions, progress: &dyn Progress) -> Result<Schema> {
    let path = source.path();
    progress.begin("reading", 0);
    let counts = match Format::of(source)?.body {
        Body::Text(delimiter) => scan_text(source, delimiter, options, progress)?,
        #[cfg(feature = "cli")]
        Body::Parquet | Body::Arrow => super::arrow::scan(source, options, progress)?,
        #[cfg(not(feature = "cli"))]
        Body::Parquet | Body::Arrow => return Err(super::format::not_built(&path)),
    };
    counts.schema(&path, options)
}

/// The names of a table's columns in the order of the file; a text file without a header has their numbers.
///
/// # Errors
/// [`Error::File`] for a file that cannot be used, [`Error::Utf8`], [`Error::Io`].
pub fn column_names(source: &Source, header: Header) -> Result<Vec<String>> {
    match Format::of(source)?.body {
        Body::Text(delimiter) => Ok(TextFile::open(source, delimiter, header)?.names),
        #[cfg(feature = "cli")]
        Body::Parquet | Body::Arrow => super::arrow::column_names(source),
        #[cfg(not(feature = "cli"))]
        Body::Parquet | Body::Arrow => Err(super::format::not_built(&source.path())),
    }
}

/// What was counted of a whole file.
pub(super) struct Counts {
    pub names: Vec<String>,
    pub tallies: Vec<Tally>,
    pub rows: u64,
    pub counted: Counted,
}

impl Counts {
    fn subject<'a>(&'a self, path: &'a Path, place: usize) -> Subject<'a> {
        Subject {
            path,
            counted: self.counted,
            name: &self.names[place],
            place,
        }
    }

    fn schema(mut self, path: &Path, options: &ScanOptions) -> Result<Schema> {
        if self.rows == 0 {
            return Err(Error::file(path, "has no rows"));
        }
        if self.rows > u64::from(u32::MAX) {
            let problem = format!("has {} rows, more than {}", self.rows, u32::MAX);
            return Err(Error::file(path, problem));
        }
        let tallies = std::mem::take(&mut self.tallies);
        let columns = tallies.into_iter().enumerate();
        let columns = columns
            .map(|(i, tally)| self.subject(path, i).infer(tally))
            .collect::<Result<Vec<_>>>()?;
        let mut schema = Schema {
            path: path.into(),
            rows: self.rows as usize,
            columns,
            classes: Vec::new(),
            options: options.clone(),
            counted: self.counted,
        };
        schema.classes = schema.label().map_or(Vec::new(), |c| c.categories.clone());
        Ok(schema)
    }
}

/// Counts once, and once more if a column of names had numbers in it before its first text.
fn scan_text(
    source: &Source,
    delimiter: u8,
    options: &ScanOptions,
    progress: &dyn Progress,
) -> Result<Counts> {
    let file = TextFile::open(source, delimiter, options.header)?;
    let mut wanted = options.wanted(&source.path(), &file.names)?;
    let counts = count(source, delimiter, file, &wanted, options, progress)?;
    let path = source.path();
    let mut again = false;
    for (i, tally) in counts.tallies.iter().enumerate() {
        let is_open = tally.wanted == Wanted::Any && !tally.has_all_names() && tally.numbers() > 0;
        if is_open && counts.subject(&path, i).is_text(tally)? {
            wanted[i] = Wanted::Categorical;
            again = true;
        }
    }
    if !again {
        return Ok(counts);
    }
    let file = TextFile::open(source, delimiter, options.header)?;
    count(source, delimiter, file, &wanted, options, progress)
}

fn count(
    source: &Source,
    delimiter: u8,
    file: TextFile,
    wanted: &[Wanted],
    options: &ScanOptions,
    progress: &dyn Progress,
) -> Result<Counts> {
    let path = source.path();
    let names = file.names.clone();
    let mut blocks = file.blocks();
    let fresh = |likely: &dyn Fn(usize) -> bool| -> Vec<Tally> {
        let tally = |(i, &want)| Tally::new(want, likely(i), None);
        wanted.iter().enumerate().map(tally).collect()
    };
    let tally = |block: &Block, tallies: Vec<Tally>| {
        let mut part = Part { rows: 0, tallies };
        part.count(&path, block, delimiter, options).map(|()| part)
    };
    // Every column of the first block may be one of names; later, those that showed text in it.
    let mut all = match blocks.next() {
        Some(first) => tally(&first?, fresh(&|_| true))?,
        None => return Err(Error::file(&path, "is empty")),
    };
    let likely: Vec<bool> = all.tallies.iter().map(|t| t.texts > 0).collect();
    progress.advance(all.rows);
    in_order(
        &path,
        blocks,
        progress,
        |block| tally(&block, fresh(&|i| likely[i])),
        |part| {
            progress.advance(part.rows);
            all.merge(part);
            Ok(())
        },
    )?;
    Ok(Counts {
        names,
        tallies: all.tallies,
        rows: all.rows,
        counted: Counted::Lines,
    })
}

/// What was counted of some rows.
pub(super) struct Part {
    pub rows: u64,
    pub tallies: Vec<Tally>,
}

impl Part {
    fn count(
        &mut self,
        path: &Path,
        block: &Block,
        delimiter: u8,
        options: &ScanOptions,
    ) -> Result<()> {
        let (mut record, mut scratch) = (Record::default(), Vec::new());
        let mut records = Records::new(block, delimiter);
        while records.next(&mut record) {
            check_cells(path, block, &record, self.tallies.len())?;
            self.rows += 1;
            let at = record.body.start as u64;
            for (i, tally) in self.tallies.iter_mut().enumerate() {
                let cell = record.cell(i, &block.bytes, &mut scratch);
                match options.is_missing(cell) {
                    true => tally.add_missing(at, || shown(cell)),
                    false => tally.add_text(cell, at),
                }
            }
        }
        for tally in &mut self.tallies {
            tally.locate(|at| block.line(at as usize));
        }
        Ok(())
    }

    pub fn merge(&mut self, later: Self) {
        self.rows += later.rows;
        for (tally, other) in self.tallies.iter_mut().zip(later.tallies) {
            tally.merge(other);
        }
    }
}
