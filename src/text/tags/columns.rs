//! Where in a file the words and their tags stand, and in which form a file has them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::data::Source;
use crate::error::{Error, Result};

/// What stands where. A run remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TagColumns {
    /// The column of the words, from 1. Default: the first.
    pub word: usize,
    /// The column of the tags, from 1; `None` is the last. Default: the last.
    pub tag: Option<usize>,
    /// The key of the text in jsonl. Default: `text`.
    pub text: String,
    /// The key of the spans in jsonl. Default: `spans`.
    pub spans: String,
    /// What the offsets of spans count. Default: characters.
    pub offsets: Offsets,
}

impl Default for TagColumns {
    fn default() -> Self {
        Self {
            word: 1,
            tag: None,
            text: "text".into(),
            spans: "spans".into(),
            offsets: Offsets::Characters,
        }
    }
}

/// What an offset counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offsets {
    /// Unicode characters (the default).
    #[default]
    Characters,
    /// Bytes of UTF-8.
    Bytes,
}

/// How tagged sentences are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagFormat {
    /// A word a line, with its tag; a blank line ends a sentence.
    Columns,
    /// One JSON object a line, with a text and its spans.
    Spans,
}

impl TagFormat {
    /// The format, by the extension before `.gz`.
    ///
    /// # Errors
    /// [`Error::File`] for another extension.
    pub fn of(source: &Source) -> Result<Self> {
        let name = match source {
            Source::File(path) => path.to_string_lossy().to_lowercase(),
            Source::Shipped(set) => set.file.to_owned(),
        };
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match Path::new(name).extension().and_then(|e| e.to_str()) {
            Some("conll" | "iob" | "bio") => Ok(Self::Columns),
            Some("jsonl" | "ndjson") => Ok(Self::Spans),
            _ => Err(Error::file(
                source.path(),
                "tagged sentences are read by the extension, which must be .conll, .iob, .bio or .jsonl, or one of \
                 these with .gz",
            )),
        }
    }
}
