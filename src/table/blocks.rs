//! Records of a csv or tsv file, in blocks of whole records: memory does not grow with the file.
//!
//! Quotes follow the rules of the csv crate: a quote opens a cell only at its first byte, and `""` within stands for one
//! quote. A record ends with `\n` or `\r\n`; blank lines are no records.

use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};

use memchr::{memchr, memchr2};

use crate::data::{read_error, shorten};
use crate::error::{Error, Result};

/// Bytes that are read at once.
const BLOCK: usize = 4 << 20;
/// The longest record that is read.
const LONGEST: usize = 64 << 20;

/// Whole records.
#[derive(Debug)]
pub(super) struct Block {
    /// The bytes of the records, blank lines and line ends between them.
    pub bytes: Vec<u8>,
    /// Where each record begins and ends in `bytes`, its line end left out, and the line it begins on, from 1.
    pub records: Vec<Place>,
    /// The number of the first record, from 0, the header counted.
    pub first: u64,
}

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub begin: usize,
    pub end: usize,
    pub line: u64,
}

/// Cuts a stream of bytes into blocks.
pub(super) struct Blocks<R> {
    reader: R,
    path: PathBuf,
    delimiter: u8,
    rest: Vec<u8>,
    line: u64,
    record: u64,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    pub(super) fn new(reader: R, path: &Path, delimiter: u8) -> Self {
        Self {
            reader,
            path: path.into(),
            delimiter,
            rest: Vec::new(),
            line: 1,
            record: 0,
            ended: false,
        }
    }

    /// The next block; it has bytes, but may have no record.
    pub(super) fn next_block(&mut self) -> Result<Option<Block>> {
        let mut bytes = std::mem::take(&mut self.rest);
        loop {
            if !self.ended {
                self.fill(&mut bytes)?;
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            let (records, used, line) = self.cut(&bytes)?;
            if used == 0 && !self.ended {
                // Not one whole record yet.
                if bytes.len() > LONGEST {
                    return Err(self.too_long(&bytes));
                }
                continue;
            }
            self.rest = bytes.split_off(used);
            self.line = line;
            let first = self.record;
            self.record += records.len() as u64;
            return Ok(Some(Block {
                bytes,
                records,
                first,
            }));
        }
    }

    fn fill(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        let before = bytes.len();
        let read = (&mut self.reader).take(BLOCK as u64).read_to_end(bytes);
        read.map_err(|e| read_error(&self.path, e))?;
        self.ended = bytes.len() - before < BLOCK;
        Ok(())
    }

    /// The whole records at the front, how many bytes they take, and the line behind them.
    fn cut(&self, bytes: &[u8]) -> Result<(Vec<Place>, usize, u64)> {
        let mut records = Vec::new();
        let (mut at, mut line) = (0, self.line);
        while at < bytes.len() {
            let Some((end, next, lines)) = self.record_end(bytes, at) else {
                if !self.ended {
                    break;
                }
                let (end, unclosed) = last_record(bytes, at, self.delimiter);
                if unclosed {
                    return Err(self.unclosed(line));
                }
                push(&mut records, bytes, at, end, line);
                at = bytes.len();
                break;
            };
            push(&mut records, bytes, at, end, line);
            (at, line) = (next, line + lines);
        }
        Ok((records, at, line))
    }

    /// Where the record that begins at `at` ends, where the next one begins, and how many lines it takes.
    fn record_end(&self, bytes: &[u8], at: usize) -> Option<(usize, usize, u64)> {
        let (mut from, mut lines) = (at, 0);
        loop {
            let found = from + memchr2(b'\n', b'"', &bytes[from..])?;
            if bytes[found] == b'\n' {
                return Some((found, found + 1, lines + 1));
            }
            let opens = found == at || bytes[found - 1] == self.delimiter;
            if !opens {
                from = found + 1;
                continue;
            }
            let closed = closing(bytes, found + 1)?;
            lines += memchr::memchr_iter(b'\n', &bytes[found..closed]).count() as u64;
            from = closed + 1;
        }
    }

    fn unclosed(&self, line: u64) -> Error {
        Error::Cell {
            path: self.path.clone(),
            line,
            column: None,
            expected: "a closing quote before the end of the file".into(),
            value: "\"".into(),
        }
    }

    fn too_long(&self, bytes: &[u8]) -> Error {
        Error::Cell {
            path: self.path.clone(),
            line: self.line,
            column: None,
            expected: format!("a row of at most {} MiB", LONGEST >> 20),
            value: shorten(&String::from_utf8_lossy(&bytes[..200])),
        }
    }
}

/// The place of the quote that closes a cell opened before `from`.
fn closing(bytes: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let quote = from + memchr(b'"', bytes.get(from..)?)?;
        match bytes.get(quote + 1)? {
            b'"' => from = quote + 2,
            _ => return Some(quote),
        }
    }
}

/// The end of a record that no line end closes, and whether a quote in it stays open.
fn last_record(bytes: &[u8], at: usize, delimiter: u8) -> (usize, bool) {
    // With a line end behind it, the record must be whole.
    let mut closed = bytes[at..].to_vec();
    closed.push(b'\n');
    let blocks = Blocks::new(std::io::empty(), Path::new(""), delimiter);
    match blocks.record_end(&closed, 0) {
        Some((end, ..)) => (at + end, end != closed.len() - 1),
        None => (bytes.len(), true),
    }
}

fn push(records: &mut Vec<Place>, bytes: &[u8], begin: usize, end: usize, line: u64) {
    let end = match bytes[begin..end] {
        [.., b'\r'] => end - 1,
        _ => end,
    };
    if begin < end {
        records.push(Place { begin, end, line });
    }
}

/// The cells of a record; those with a quote at their first byte are unquoted.
pub(super) fn cells<'a>(
    record: &'a [u8],
    delimiter: u8,
    mut each: impl FnMut(usize, Cow<'a, [u8]>) -> Result<()>,
) -> Result<usize> {
    let (mut at, mut column) = (0, 0);
    loop {
        let rest = &record[at..];
        let (cell, used) = match rest.first() {
            Some(b'"') => quoted(rest, delimiter),
            _ => {
                let end = memchr(delimiter, rest).unwrap_or(rest.len());
                (Cow::Borrowed(&rest[..end]), end)
            }
        };
        each(column, cell)?;
        column += 1;
        at += used;
        if at >= record.len() {
            return Ok(column);
        }
        at += 1;
        if at == record.len() {
            each(column, Cow::Borrowed(&record[at..]))?;
            return Ok(column + 1);
        }
    }
}

/// A quoted cell, and how many bytes it takes. What stands between its closing quote and the delimiter belongs to it.
fn quoted(rest: &[u8], delimiter: u8) -> (Cow<'_, [u8]>, usize) {
    let closed = closing(rest, 1).unwrap_or(rest.len() - 1);
    let end = closed + memchr(delimiter, &rest[closed..]).unwrap_or(rest.len() - closed);
    let inner = &rest[1..closed.max(1)];
    let tail = &rest[(closed + 1).min(end)..end];
    if memchr(b'"', inner).is_none() && tail.is_empty() {
        return (Cow::Borrowed(inner), end);
    }
    let mut cell = Vec::with_capacity(end);
    let mut from = 0;
    while let Some(quote) = memchr(b'"', &inner[from..]) {
        cell.extend_from_slice(&inner[from..=from + quote]);
        from += quote + 2;
    }
    cell.extend_from_slice(inner.get(from..).unwrap_or_default());
    cell.extend_from_slice(tail);
    (Cow::Owned(cell), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every record as text cells, with its line.
    fn read(text: &str) -> Result<Vec<(u64, Vec<String>)>> {
        let mut blocks = Blocks::new(text.as_bytes(), Path::new("f.csv"), b',');
        let mut all = Vec::new();
        while let Some(block) = blocks.next_block()? {
            for place in &block.records {
                let mut row = Vec::new();
                cells(&block.bytes[place.begin..place.end], b',', |_, cell| {
                    row.push(String::from_utf8(cell.into_owned()).expect("text"));
                    Ok(())
                })?;
                all.push((place.line, row));
            }
        }
        Ok(all)
    }

    #[test]
    fn records_are_those_of_the_csv_crate() {
        for text in [
            "a,b\n1,2\n",
            "a,b\r\n1,\r\n\r\n,2",
            "\"a\nb\",\"c\"\"d\"\n\"\",x\n",
            "a\"b,\"c,\"\"\"\n,,\n",
            "\"x\",\"y\"",
            "a,\"b\"c,d\n",
            "1,2,\n\n\n3,4,5",
        ] {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_bytes());
            let expected: Vec<Vec<String>> = reader
                .records()
                .map(|r| r.expect("text").iter().map(String::from).collect())
                .collect();
            let found: Vec<_> = read(text)
                .expect("whole")
                .into_iter()
                .map(|r| r.1)
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn lines_count_blank_ones_and_those_inside_quotes() {
        let rows = read("a,b\n\n\"1\n2\",x\r\n3,4").expect("whole");
        let lines: Vec<u64> = rows.iter().map(|r| r.0).collect();
        assert_eq!(lines, [1, 3, 5]);
    }

    #[test]
    fn a_quote_that_stays_open_names_its_line() {
        for text in ["a,b\n1,\"2\n3,4\n", "a,b\n1,\"", "\""] {
            let error = read(text).expect_err("open");
            assert!(matches!(error, Error::Cell { .. }), "{text:?}: {error}");
        }
        assert!(read("a,\"b\"\"\"").is_ok());
    }
}
