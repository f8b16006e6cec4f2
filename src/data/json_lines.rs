//! Rows of a jsonl file: one JSON object a line.

use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value};

use super::records::{Cell, Record, shorten};
use super::source::{Bytes, read_error};
use crate::error::{Error, Result};

/// Reads objects line by line; blank lines are passed over, keys beyond the first object's are ignored.
pub(super) struct JsonLines {
    reader: BufReader<Bytes>,
    line: u64,
    /// The first object, which had to be read to name the columns.
    first: Option<Map<String, Value>>,
}

impl JsonLines {
    /// The column names, which are the keys of the first object, and the rows.
    pub(super) fn open(bytes: Bytes, path: &Path) -> Result<(Vec<String>, Self)> {
        let mut rows = Self {
            reader: BufReader::new(bytes),
            line: 0,
            first: None,
        };
        let Some(first) = rows.next_object(path)? else {
            return Err(Error::file(path, "is empty"));
        };
        let columns = first.keys().cloned().collect();
        rows.first = Some(first);
        Ok((columns, rows))
    }

    /// The next row's cells, in the order of `columns`.
    pub(super) fn next_record(
        &mut self,
        path: &Path,
        columns: &[String],
    ) -> Result<Option<Record>> {
        let object = match self.first.take() {
            Some(first) => Some(first),
            None => self.next_object(path)?,
        };
        Ok(object.map(|mut object| Record {
            line: self.line,
            cells: columns
                .iter()
                .map(|c| object.remove(c).map_or(Cell::Missing, cell))
                .collect(),
        }))
    }

    fn next_object(&mut self, path: &Path) -> Result<Option<Map<String, Value>>> {
        let mut text = String::new();
        loop {
            text.clear();
            let n = self.reader.read_line(&mut text);
            if n.map_err(|e| read_error(path, e))? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if !text.trim().is_empty() {
                break;
            }
        }
        serde_json::from_str(text.trim())
            .map(Some)
            .map_err(|e| Error::Cell {
                path: path.into(),
                line: self.line,
                column: None,
                expected: format!("one JSON object on the line ({e})"),
                value: shorten(text.trim()),
            })
    }
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Array(items) => {
            let shown = || Cell::Nested(Value::Array(items.clone()).to_string());
            items
                .iter()
                .map(scalar)
                .collect::<Option<_>>()
                .map_or_else(shown, Cell::List)
        }
        value => scalar(&value).map_or_else(|| Cell::Nested(value.to_string()), Cell::Text),
    }
}

/// A scalar as text; null is the empty text.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}
