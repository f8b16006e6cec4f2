//! Rows of cells, one at a time, whatever the format: memory does not grow with the file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::delimited::Delimited;
use super::json_lines::JsonLines;
use super::source::{Format, Source};
use crate::error::{Error, Result};

/// Whether the first line of a csv or tsv file names its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// It does (the default).
    #[default]
    First,
    /// It is a row like any other; columns are named by their numbers, from 1.
    Absent,
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Text, a number or a truth value, as written.
    Text(String),
    /// A JSON array of such.
    List(Vec<String>),
    /// A JSON object that lacks the key.
    Missing,
    /// A JSON value that is nested too deeply to be a cell.
    Nested(String),
}

impl Cell {
    /// The cell as an error message shows it.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) | Self::Nested(text) => shorten(text),
            Self::List(items) => shorten(&format!("[{}]", items.join(","))),
            Self::Missing => "nothing".into(),
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The line on which it starts, from 1, the header line included.
    pub line: u64,
    /// Its cells, in the order of [`Records::columns`].
    pub cells: Vec<Cell>,
}

/// The rows of a source, in file order.
pub struct Records {
    path: PathBuf,
    columns: Vec<String>,
    rows: Rows,
}

enum Rows {
    Delimited(Delimited),
    JsonLines(JsonLines),
}

impl Records {
    /// Opens `source` and reads its column names.
    ///
    /// # Errors
    /// [`Error::Io`] for a missing file, [`Error::File`] for an empty one or an unknown format, [`Error::Utf8`].
    pub fn open(source: &Source, header: Header) -> Result<Self> {
        let path = source.path();
        let format = source.format()?;
        let bytes = source.reader()?;
        let (columns, rows) = match format {
            Format::Delimited(delimiter) => {
                let (columns, rows) = Delimited::open(bytes, &path, delimiter, header)?;
                (columns, Rows::Delimited(rows))
            }
            Format::JsonLines => {
                let (columns, rows) = JsonLines::open(bytes, &path)?;
                (columns, Rows::JsonLines(rows))
            }
        };
        Ok(Self {
            path,
            columns,
            rows,
        })
    }

    /// The source's path, or `@NAME`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The columns' names: the header, the keys of the first JSON object, or numbers from 1.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The place of a column given by name or, where no column has that name, by number from 1.
    ///
    /// # Errors
    /// [`Error::MissingColumn`] with the columns there are; [`Error::File`] for a name that stands twice.
    pub fn find(&self, column: &str) -> Result<usize> {
        let mut named = (0..self.columns.len()).filter(|&i| self.columns[i] == column);
        match (named.next(), named.next()) {
            (Some(_), Some(_)) => Err(Error::file(
                &self.path,
                format!("the column '{column}' stands twice"),
            )),
            (Some(i), None) => Ok(i),
            _ => self.numbered(column).ok_or_else(|| Error::MissingColumn {
                path: self.path.clone(),
                column: column.into(),
                columns: self.columns.iter().map(|c| shorten(c)).collect(),
            }),
        }
    }

    fn numbered(&self, column: &str) -> Option<usize> {
        let number: usize = column.parse().ok()?;
        (1..=self.columns.len())
            .contains(&number)
            .then(|| number - 1)
    }
}

impl Iterator for Records {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.rows {
            Rows::Delimited(rows) => rows.next_record(&self.path, self.columns.len()),
            Rows::JsonLines(rows) => rows.next_record(&self.path, &self.columns),
        }
        .transpose()
    }
}

/// At most 80 characters of a value, for a message.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
