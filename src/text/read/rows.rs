//! Rows of texts: the cells that matter, picked from records, one row at a time.

use std::path::Path;

use super::columns::{Columns, EmptyTexts, Group, ReadOptions};
use crate::data::{Cell, Record, Records, Source};
use crate::error::{Error, Result};

/// One row: its texts and, where their columns were asked for, label, group and time.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRow {
    /// The line on which the row starts, from 1.
    pub line: u64,
    /// The text.
    pub text: String,
    /// The second text of a pair.
    pub pair: Option<String>,
    /// The label, as written.
    pub label: Option<Cell>,
    /// The soft label, as written.
    pub soft: Option<Cell>,
    /// The group.
    pub group: Option<String>,
    /// The time, as written.
    pub time: Option<String>,
}

/// The rows of a source, in file order, in memory that does not grow with the file.
pub struct TextRows {
    records: Records,
    columns: Columns,
    places: Places,
    empty: EmptyTexts,
    skipped: usize,
}

/// Where in a record each column stands.
struct Places {
    text: usize,
    pair: Option<usize>,
    label: Option<usize>,
    soft: Option<usize>,
    group: Option<usize>,
    time: Option<usize>,
}

impl TextRows {
    /// Opens `source` and finds its columns. For rows without labels set `columns.label` to `None`.
    ///
    /// # Errors
    /// Those of [`Records::open`], and [`Error::MissingColumn`].
    pub fn open(source: &Source, columns: &Columns, options: &ReadOptions) -> Result<Self> {
        let records = Records::open(source, options.header)?;
        let find = |column: Option<&String>| column.map(|c| records.find(c)).transpose();
        let places = Places {
            text: records.find(&columns.text)?,
            pair: find(columns.text_pair.as_ref())?,
            label: find(columns.label.as_ref())?,
            soft: find(columns.soft.as_ref().map(|s| &s.column))?,
            group: find(columns.group.as_ref().map(|g| &g.column))?,
            time: find(columns.time.as_ref())?,
        };
        Ok(Self {
            records,
            columns: columns.clone(),
            places,
            empty: options.empty,
            skipped: 0,
        })
    }

    /// The source's path, or `@NAME`.
    pub fn path(&self) -> &Path {
        self.records.path()
    }

    /// Rows passed over so far because their text was empty.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    fn row(&self, record: Record) -> Result<TextRow> {
        let cells = Cells { rows: self, record };
        Ok(TextRow {
            line: cells.record.line,
            text: cells.text(self.places.text)?,
            pair: self.places.pair.map(|i| cells.text(i)).transpose()?,
            label: self.places.label.map(|i| cells.take(i)),
            soft: self.places.soft.map(|i| cells.take(i)),
            group: match (&self.columns.group, self.places.group) {
                (Some(group), Some(i)) => Some(cells.group(i, group)?),
                _ => None,
            },
            time: self
                .places
                .time
                .map(|i| cells.filled(i, "a time"))
                .transpose()?,
        })
    }

    /// Whether the row goes on; an empty text that is not to be skipped is an error.
    fn keeps(&mut self, row: &TextRow) -> Result<bool> {
        let blank = |text: &str| text.trim().is_empty();
        let (column, place) = match &row.pair {
            _ if blank(&row.text) => (self.columns.text.clone(), self.places.text),
            Some(pair) if blank(pair) => (
                self.columns.text_pair.clone().unwrap_or_default(),
                self.places.pair.unwrap_or_default(),
            ),
            _ => return Ok(true),
        };
        if self.empty == EmptyTexts::Skip {
            self.skipped += 1;
            return Ok(false);
        }
        let column = self.records.columns().get(place).cloned().unwrap_or(column);
        Err(Error::Cell {
            path: self.path().into(),
            line: row.line,
            column: Some(column),
            expected: "a text (skip-empty leaves such rows out)".into(),
            value: String::new(),
        })
    }
}

impl Iterator for TextRows {
    type Item = Result<TextRow>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match self.records.next()?.and_then(|record| self.row(record)) {
                Ok(row) => row,
                Err(e) => return Some(Err(e)),
            };
            match self.keeps(&row) {
                Ok(true) => return Some(Ok(row)),
                Ok(false) => {}
                Err(e) => return Some(Err(e)),
            }
        }
    }
}

/// A record from which cells are taken.
struct Cells<'a> {
    rows: &'a TextRows,
    record: Record,
}

impl Cells<'_> {
    /// The cell at `i`; one column may serve twice.
    fn take(&self, i: usize) -> Cell {
        self.record.cells[i].clone()
    }

    fn text(&self, i: usize) -> Result<String> {
        match self.take(i) {
            Cell::Text(text) => Ok(text),
            other => self.refuse(i, "a text", &other),
        }
    }

    fn filled(&self, i: usize, what: &str) -> Result<String> {
        match self.take(i) {
            Cell::Text(text) if !text.trim().is_empty() => Ok(text),
            other => self.refuse(i, what, &other),
        }
    }

    fn group(&self, i: usize, group: &Group) -> Result<String> {
        self.filled(i, "a group")
            .map(|cell| group.of(&cell).to_owned())
    }

    fn refuse(&self, i: usize, expected: &str, cell: &Cell) -> Result<String> {
        Err(Error::Cell {
            path: self.rows.path().into(),
            line: self.record.line,
            column: self.rows.records.columns().get(i).cloned(),
            expected: expected.into(),
            value: cell.shown(),
        })
    }
}
