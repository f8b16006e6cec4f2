//! The first pass over a table: what its columns are, and how many rows each class has.

use std::path::Path;

use rayon::prelude::*;

use super::blocks::{Block, Place, cells};
use super::infer::{check_mixed, infer};
use super::input::{Chunk, Format, Input};
use super::kind::{Kind, Role, Schema};
use super::options::{Layout, ReadOptions, Said};
use super::tally::{Expect, Tally, shown};
use crate::data::{Source, shorten};
use crate::error::{Error, Result};

/// Records that one thread takes at a time; parts are merged in order, so the result does not depend on the threads.
pub(super) const PART: usize = 2048;

/// Reads a table once and says what its columns are: see [`ReadOptions`].
///
/// A csv or tsv column whose cells all are numbers is numeric, and nothing numeric becomes categorical unasked. An empty
/// cell is missing. Memory does not grow with the rows.
///
/// # Errors
/// [`Error::Io`], [`Error::File`], [`Error::Utf8`] and [`Error::MissingColumn`] for a file that cannot be read as asked;
/// [`Error::Cell`] for a cell that does not fit its column, or a row of another length.
pub fn scan(source: &Source, options: &ReadOptions) -> Result<Schema> {
    let input = Input::open(source, options.header)?;
    let layout = options.layout(&input.path, input.names.clone())?;
    let kinds = input.kinds.clone();
    let path = source.path();
    check_kinds(&path, &layout, kinds.as_deref())?;
    let (tallies, rows) = tally(input, &layout, options)?;
    // Whether a column holds names may show only after its first values were let go; it is then counted once more.
    let again = |i: usize| {
        tallies[i].names > 0 && tallies[i].values.is_none() && layout.said[i] == Said::Nothing
    };
    let late: Vec<usize> = (0..tallies.len()).filter(|&i| again(i)).collect();
    check_mixed(&path, &layout, &tallies)?;
    if late.is_empty() {
        return infer(&path, &layout, kinds.as_deref(), &tallies, rows);
    }
    let mut told = layout.clone();
    late.iter().for_each(|&i| told.said[i] = Said::Categorical);
    let input = Input::open(source, options.header)?;
    let (recounted, _) = tally(input, &told, options)?;
    infer(&path, &told, kinds.as_deref(), &recounted, rows)
}

/// Refuses columns whose type is none of ours, unless they are ignored, and text that is said to be numbers.
fn check_kinds(path: &Path, layout: &Layout, kinds: Option<&[Kind]>) -> Result<()> {
    for (i, kind) in kinds.unwrap_or_default().iter().enumerate() {
        let name = &layout.names[i];
        let problem = match (kind, layout.roles[i], layout.said[i]) {
            (_, Role::Ignored, _) => continue,
            (Kind::Other, ..) => "is neither of numbers, truth values nor text",
            (Kind::Categorical | Kind::Boolean, _, Said::Numeric) => {
                "does not hold numbers in this file"
            }
            _ => continue,
        };
        let text = format!("the column '{name}' {problem}; leave it out with --ignore '{name}'");
        return Err(Error::file(path, text));
    }
    Ok(())
}

fn tally(input: Input, layout: &Layout, options: &ReadOptions) -> Result<(Vec<Tally>, u64)> {
    let fresh: Vec<Tally> = (0..layout.names.len())
        .map(|i| Tally::new(expect(layout, i)))
        .collect();
    let (mut all, mut rows) = (fresh.clone(), 0);
    let (path, format) = (input.path.clone(), input.format);
    input.for_each(
        |chunk| match chunk {
            Chunk::Text(block) => {
                let Format::Text(delimiter) = format else {
                    unreachable!("a block is of a text file")
                };
                let reader = Reader {
                    path: &path,
                    delimiter,
                    na_values: &options.na_values,
                    columns: layout.names.len(),
                };
                reader.tally(&block, &fresh)
            }
            #[cfg(feature = "cli")]
            Chunk::Batch(batch, first) => super::columnar::tally(&batch, first, &fresh),
        },
        |(parts, count)| {
            rows += count;
            for part in parts {
                all.iter_mut().zip(part).for_each(|(a, b)| a.merge(b));
            }
            Ok(())
        },
    )?;
    Ok((all, rows))
}

fn expect(layout: &Layout, i: usize) -> Expect {
    match (layout.roles[i], layout.said[i]) {
        (Role::Ignored, _) => Expect::Nothing,
        (Role::Label, _) | (_, Said::Categorical) => Expect::Names,
        _ => Expect::Either,
    }
}

/// Reads the cells of text records.
pub(super) struct Reader<'a> {
    pub path: &'a Path,
    pub delimiter: u8,
    pub na_values: &'a [String],
    pub columns: usize,
}

impl Reader<'_> {
    fn tally(&self, block: &Block, fresh: &[Tally]) -> Result<(Vec<Vec<Tally>>, u64)> {
        let parts = block.records.par_chunks(PART).map(|records| {
            let mut tallies = fresh.to_vec();
            for place in records {
                self.cells(block, *place, |i, cell| {
                    match cell {
                        None => tallies[i].miss(place.line),
                        Some(cell) => tallies[i].text(cell, place.line),
                    }
                    Ok(())
                })?;
            }
            Ok(tallies)
        });
        Ok((parts.collect::<Result<_>>()?, block.records.len() as u64))
    }

    /// Every cell of a record, `None` for a missing one; a record of another length is refused.
    pub(super) fn cells(
        &self,
        block: &Block,
        place: Place,
        mut each: impl FnMut(usize, Option<&[u8]>) -> Result<()>,
    ) -> Result<()> {
        let record = &block.bytes[place.begin..place.end];
        let found = cells(record, self.delimiter, |i, cell| match i < self.columns {
            true => each(i, (!self.is_missing(&cell)).then_some(&*cell)),
            false => Ok(()),
        })?;
        if found == self.columns {
            return Ok(());
        }
        Err(Error::Cell {
            path: self.path.into(),
            line: place.line,
            column: None,
            expected: format!("{} cells as in the first line, found {found}", self.columns),
            value: shorten(&shown(record)),
        })
    }

    fn is_missing(&self, cell: &[u8]) -> bool {
        cell.is_empty() || self.na_values.iter().any(|na| na.as_bytes() == cell)
    }
}
