//! Sentences in columns: a word a line, its tag beside it, a blank line between sentences.

use std::io::{BufRead, BufReader};
use std::path::Path;

use super::columns::TagColumns;
use super::sentence::{Sentence, Tag};
use crate::data::{Bytes, read_error, shorten};
use crate::error::{Error, Result};

/// What begins a document, and is no word.
const DOCUMENT: &str = "-DOCSTART-";

/// Reads sentence by sentence. Columns are separated by tabs where a line has one, else by spaces. Other white space (a
/// no-break space) may be a word, or part of one.
pub(super) struct Conll {
    reader: BufReader<Bytes>,
    line: u64,
    columns: TagColumns,
    tagged: bool,
    /// The columns of the sentence's first line.
    width: usize,
}

impl Conll {
    /// Without `tagged` words alone are read, and lines need no tag.
    pub(super) fn new(bytes: Bytes, columns: &TagColumns, tagged: bool) -> Self {
        Self {
            reader: BufReader::new(bytes),
            line: 0,
            columns: columns.clone(),
            tagged,
            width: 0,
        }
    }

    /// The next sentence; `None` at the end.
    pub(super) fn next_sentence(&mut self, path: &Path) -> Result<Option<Sentence>> {
        let mut sentence = Sentence {
            line: 0,
            text: String::new(),
            words: Vec::new(),
            tags: Vec::new(),
        };
        let mut text = String::new();
        loop {
            text.clear();
            let n = self.reader.read_line(&mut text);
            let ended = n.map_err(|e| read_error(path, e))? == 0;
            self.line += 1;
            let line = text.trim_end_matches(['\n', '\r']);
            let between = line.trim_ascii().is_empty()
                || line.split_ascii_whitespace().next() == Some(DOCUMENT);
            if !between {
                self.add(path, line, &mut sentence)?;
            } else if ended || !sentence.words.is_empty() {
                return Ok((!sentence.words.is_empty()).then_some(sentence));
            }
        }
    }

    fn add(&mut self, path: &Path, line: &str, sentence: &mut Sentence) -> Result<()> {
        let cells: Vec<&str> = match line.contains('\t') {
            true => line
                .split('\t')
                .map(|cell| cell.trim_matches(' '))
                .collect(),
            false => line.split_ascii_whitespace().collect(),
        };
        if self.tagged && cells.len() < 2 {
            return Err(self.refuse(path, None, "a word and its tag", line));
        }
        self.check_width(path, line, cells.len(), sentence.words.is_empty())?;
        let word = self.cell(path, line, &cells, self.columns.word, "a word")?;
        if self.tagged {
            let column = self.columns.tag.unwrap_or(cells.len());
            if column == self.columns.word {
                let expected = "a tag, in another column than the word";
                return Err(self.refuse(path, Some(column), expected, line));
            }
            let cell = self.cell(path, line, &cells, column, Tag::EXPECTED)?;
            let tag = Tag::parse(cell);
            let tag = tag.ok_or_else(|| self.refuse(path, Some(column), Tag::EXPECTED, cell))?;
            sentence.tags.push(tag);
        }
        if sentence.words.is_empty() {
            sentence.line = self.line;
        } else {
            sentence.text.push(' ');
        }
        let start = sentence.text.len();
        sentence.text.push_str(word);
        sentence.words.push(start..sentence.text.len());
        Ok(())
    }

    /// All lines of a sentence have the columns of its first one.
    fn check_width(&mut self, path: &Path, line: &str, width: usize, first: bool) -> Result<()> {
        if first {
            self.width = width;
        }
        if width == self.width {
            return Ok(());
        }
        let expected = format!(
            "{} columns, as at the beginning of the sentence",
            self.width
        );
        Err(self.refuse(path, None, &expected, line))
    }

    /// The cell in a column, from 1, which must not be empty.
    fn cell<'a>(
        &self,
        path: &Path,
        line: &str,
        cells: &[&'a str],
        column: usize,
        expected: &str,
    ) -> Result<&'a str> {
        match cells.get(column.wrapping_sub(1)) {
            Some(cell) if !cell.is_empty() => Ok(cell),
            None => {
                let expected = format!("{expected} (the line has {} columns)", cells.len());
                Err(self.refuse(path, Some(column), &expected, line))
            }
            _ => Err(self.refuse(path, Some(column), expected, line)),
        }
    }

    fn refuse(&self, path: &Path, column: Option<usize>, expected: &str, value: &str) -> Error {
        Error::Cell {
            path: path.into(),
            line: self.line,
            column: column.map(|c| c.to_string()),
            expected: expected.into(),
            value: shorten(value),
        }
    }
}
