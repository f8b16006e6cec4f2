//! The lines of a text file as they are, with their ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::source::{Bytes, Source, read_error};
use crate::error::Result;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// What stands on it, without its end.
    pub text: String,
    /// `\n`, `\r\n`, or nothing at the end of a file.
    pub end: &'static str,
}

/// The lines of a source, in file order, blank ones too; memory does not grow with the file.
pub struct Lines {
    path: PathBuf,
    reader: BufReader<Bytes>,
    number: u64,
}

impl Lines {
    /// Opens a source of any name, plain or packed with gzip.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) for a missing file; later [`Error::Utf8`](crate::Error::Utf8).
    pub fn open(source: &Source) -> Result<Self> {
        Ok(Self {
            path: source.path(),
            reader: BufReader::with_capacity(1 << 16, source.reader()?),
            number: 0,
        })
    }

    /// The source's path, or `@NAME`.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Iterator for Lines {
    type Item = Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut text = String::new();
        match self.reader.read_line(&mut text) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(e) => return Some(Err(read_error(&self.path, e))),
        }
        self.number += 1;
        let end = ["\r\n", "\n"].into_iter().find(|end| text.ends_with(end));
        let end = end.unwrap_or("");
        text.truncate(text.len() - end.len());
        Some(Ok(Line {
            number: self.number,
            text,
            end,
        }))
    }
}
