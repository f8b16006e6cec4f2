//! Sentences as JSON lines: a text and the spans of its entities.

use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value};

use super::columns::TagColumns;
use super::sentence::Sentence;
use super::span_list::{self, Unexpected};
use super::words::word_ranges;
use crate::data::{Bytes, read_error, shorten};
use crate::error::{Error, Result};

/// Reads object by object; blank lines are passed over, and so are keys that nobody asked for.
pub(super) struct SpanLines {
    reader: BufReader<Bytes>,
    line: u64,
    columns: TagColumns,
    tagged: bool,
}

impl SpanLines {
    /// Without `tagged` the texts alone are read, and objects need no spans.
    pub(super) fn new(bytes: Bytes, columns: &TagColumns, tagged: bool) -> Self {
        Self {
            reader: BufReader::new(bytes),
            line: 0,
            columns: columns.clone(),
            tagged,
        }
    }

    /// The next sentence; `None` at the end.
    pub(super) fn next_sentence(&mut self, path: &Path) -> Result<Option<Sentence>> {
        let mut line = String::new();
        loop {
            line.clear();
            let n = self.reader.read_line(&mut line);
            if n.map_err(|e| read_error(path, e))? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if !line.trim().is_empty() {
                return self.sentence(path, line.trim()).map(Some);
            }
        }
    }

    fn sentence(&self, path: &Path, line: &str) -> Result<Sentence> {
        let object: Map<String, Value> = serde_json::from_str(line).map_err(|e| {
            let expected = format!("one JSON object on the line ({e})");
            self.refuse(path, None, &expected, line)
        })?;
        let (text_key, spans_key) = (&self.columns.text, &self.columns.spans);
        let text = object.get(text_key);
        let Some(text) = text.and_then(Value::as_str) else {
            return Err(self.refuse(path, Some(text_key), "a text", &shown(text)));
        };
        let words = word_ranges(text);
        if words.is_empty() && self.tagged {
            return Err(self.refuse(path, Some(text_key), "a text with a word in it", text));
        }
        let tags = match self.tagged {
            false => Vec::new(),
            true => {
                let tags = match object.get(spans_key) {
                    Some(spans) => span_list::tags(text, &words, spans, self.columns.offsets),
                    None => Err(span_list::no_list(None)),
                };
                tags.map_err(|Unexpected { expected, value }| {
                    self.refuse(path, Some(spans_key), &expected, &value)
                })?
            }
        };
        Ok(Sentence {
            line: self.line,
            text: text.into(),
            words,
            tags,
        })
    }

    fn refuse(&self, path: &Path, column: Option<&String>, expected: &str, value: &str) -> Error {
        Error::Cell {
            path: path.into(),
            line: self.line,
            column: column.cloned(),
            expected: expected.into(),
            value: shorten(value),
        }
    }
}

/// A value as messages show it.
fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".into(), Value::to_string)
}
