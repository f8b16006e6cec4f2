//! The sentences of a source, one at a time.

use std::path::{Path, PathBuf};

use super::columns::{TagColumns, TagFormat};
use super::conll::Conll;
use super::sentence::Sentence;
use super::spans::SpanLines;
use crate::data::Source;
use crate::error::{Error, Result};

/// Sentences in file order, in memory that does not grow with the file.
pub struct TaggedRows {
    path: PathBuf,
    rows: Rows,
}

enum Rows {
    Conll(Conll),
    Spans(SpanLines),
}

impl TaggedRows {
    /// Opens a source. Files of columns end in `.conll`, `.iob` or `.bio`, spans stand in `.jsonl`; any may be packed
    /// (`.gz`). With `tagged` false tags and spans are neither needed nor read.
    ///
    /// # Errors
    /// [`Error::Setting`] for a column 0, [`Error::File`] for another extension, and those of opening a file.
    pub fn open(source: &Source, columns: &TagColumns, tagged: bool) -> Result<Self> {
        for (field, column) in [
            ("word column", Some(columns.word)),
            ("tag column", columns.tag),
        ] {
            if column == Some(0) {
                return Err(Error::setting(field, "at least 1", 0));
            }
        }
        let format = TagFormat::of(source)?;
        let bytes = source.reader()?;
        Ok(Self {
            path: source.path(),
            rows: match format {
                TagFormat::Columns => Rows::Conll(Conll::new(bytes, columns, tagged)),
                TagFormat::Spans => Rows::Spans(SpanLines::new(bytes, columns, tagged)),
            },
        })
    }

    /// The source's path, or `@NAME`.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Iterator for TaggedRows {
    type Item = Result<Sentence>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.rows {
            Rows::Conll(rows) => rows.next_sentence(&self.path),
            Rows::Spans(rows) => rows.next_sentence(&self.path),
        }
        .transpose()
    }
}
