//! Rows of a csv or tsv file.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

use super::records::{Cell, Header, Record, shorten};
use super::source::{Bytes, read_error};
use super::tracked::TrackedRows;
use crate::error::{Error, Result};

/// Reads quoted cells, embedded newlines and either line end; blank lines are passed over.
pub(super) struct Delimited {
    reader: csv::Reader<TrackedRows<Bytes>>,
    /// The first row, where it had to be read to count the columns.
    first: Option<StringRecord>,
}

impl Delimited {
    /// The column names and the rows.
    pub(super) fn open(
        bytes: Bytes,
        path: &Path,
        delimiter: u8,
        header: Header,
    ) -> Result<(Vec<String>, Self)> {
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(TrackedRows::new(bytes, path.into(), delimiter));
        let mut first = StringRecord::new();
        if !read(&mut reader, &mut first, path)? {
            return Err(Error::file(path, "is empty"));
        }
        let (columns, first) = match header {
            Header::First => {
                reader.get_mut().next_start();
                (first.iter().map(str::to_owned).collect(), None)
            }
            Header::Absent => (
                (1..=first.len()).map(|i| i.to_string()).collect(),
                Some(first),
            ),
        };
        Ok((columns, Self { reader, first }))
    }

    /// The next row; a row of another length than the first is refused.
    pub(super) fn next_record(&mut self, path: &Path, columns: usize) -> Result<Option<Record>> {
        let mut row = StringRecord::new();
        match self.first.take() {
            Some(first) => row = first,
            None if !read(&mut self.reader, &mut row, path)? => return Ok(None),
            None => {}
        }
        let line = self.reader.get_mut().next_start();
        if row.len() != columns {
            return Err(Error::Cell {
                path: path.into(),
                line,
                column: None,
                expected: format!("{columns} cells as in the first line, found {}", row.len()),
                value: shorten(&row.iter().collect::<Vec<_>>().join(" | ")),
            });
        }
        let cells = row.iter().map(|c| Cell::Text(c.to_owned())).collect();
        Ok(Some(Record { line, cells }))
    }
}

fn read(
    reader: &mut csv::Reader<TrackedRows<Bytes>>,
    row: &mut StringRecord,
    path: &Path,
) -> Result<bool> {
    reader.read_record(row).map_err(|e| match e.into_kind() {
        csv::ErrorKind::Io(e) => read_error(path, e),
        other => Error::file(path, format!("{other:?}")),
    })
}
