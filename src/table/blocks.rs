//! The text of a csv or tsv file in blocks of whole records, so that blocks can be read side by side.
//!
//! A quote opens a cell only at its first byte, and `""` within stands for one quote. A line end outside quotes ends a
//! record: `\n`, `\r\n` or `\r`.

use std::io::Read;
use std::path::PathBuf;

use memchr::{memchr, memchr_iter, memrchr2};

use crate::data::read_error;
use crate::error::{Error, Result};

/// Bytes of a block, unless one record is longer.
pub(super) const BLOCK: usize = 1 << 20;
/// Bytes of a record at most: what is longer is no table.
const LONGEST_RECORD: usize = 64 << 20;

/// Whole records, one behind the other.
#[derive(Debug)]
pub(super) struct Block {
    pub bytes: Vec<u8>,
    /// Where its rows begin: behind the header, in the first block.
    pub start: usize,
    /// The line of the first byte, from 1.
    line: u64,
}

impl Block {
    /// The line of the byte at `offset`, from 1; lines end with a line feed.
    pub fn line(&self, offset: usize) -> u64 {
        self.line + memchr_iter(b'\n', &self.bytes[..offset]).count() as u64
    }
}

/// Reads block after block.
pub(super) struct Blocks<R> {
    reader: R,
    path: PathBuf,
    size: usize,
    cutter: Cutter,
    /// Bytes behind the last cut.
    rest: Vec<u8>,
    line: u64,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    pub fn new(reader: R, path: PathBuf, delimiter: u8, size: usize) -> Self {
        Self {
            reader,
            path,
            size,
            cutter: Cutter::new(delimiter),
            rest: Vec::new(),
            line: 1,
            ended: false,
        }
    }

    fn next_block(&mut self) -> Result<Option<Block>> {
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.reserve(self.size);
        self.cutter.restart();
        self.cutter.feed(&bytes);
        while !self.ended {
            let mut more = self.reader.by_ref().take(self.size as u64);
            let read = more.read_to_end(&mut bytes);
            self.ended = read.map_err(|e| read_error(&self.path, e))? == 0;
            self.cutter.feed(&bytes);
            match self.cutter.end {
                Some(end) if bytes.len() >= self.size => return Ok(Some(self.cut(bytes, end))),
                _ => self.check_length(bytes.len() - self.cutter.end.unwrap_or(0), &bytes)?,
            }
        }
        if self.cutter.is_open(&bytes) {
            return Err(self.unclosed(&bytes));
        }
        let all = bytes.len();
        Ok((all > 0).then(|| self.cut(bytes, all)))
    }

    fn cut(&mut self, mut bytes: Vec<u8>, end: usize) -> Block {
        self.rest = bytes.split_off(end);
        let line = self.line;
        self.line += memchr_iter(b'\n', &bytes).count() as u64;
        Block {
            bytes,
            start: 0,
            line,
        }
    }

    fn line_at(&self, bytes: &[u8]) -> u64 {
        self.line + memchr_iter(b'\n', bytes).count() as u64
    }

    fn check_length(&self, length: usize, bytes: &[u8]) -> Result<()> {
        if length <= LONGEST_RECORD {
            return Ok(());
        }
        let start = self.cutter.end.unwrap_or(0);
        Err(Error::Cell {
            path: self.path.clone(),
            line: self.line_at(&bytes[..start]),
            column: None,
            expected: "a record of at most 64 MiB".into(),
            value: shown(&bytes[start..]),
        })
    }

    fn unclosed(&self, bytes: &[u8]) -> Error {
        Error::Cell {
            path: self.path.clone(),
            line: self.line_at(&bytes[..self.cutter.opened]),
            column: None,
            expected: "a closing quote before the end of the file".into(),
            value: "\"".into(),
        }
    }
}

impl<R: Read> Iterator for Blocks<R> {
    type Item = Result<Block>;

    fn next(&mut self) -> Option<Self::Item> {
        let block = self.next_block().transpose();
        if matches!(block, Some(Err(_))) {
            self.ended = true;
            self.rest.clear();
        }
        block
    }
}

/// The beginning of bytes, for a message.
pub(super) fn shown(bytes: &[u8]) -> String {
    crate::data::shorten(&String::from_utf8_lossy(&bytes[..bytes.len().min(400)]))
}

/// Finds the last record end in bytes that grow, looking at each byte once.
struct Cutter {
    delimiter: u8,
    /// Bytes looked at.
    at: usize,
    quoted: bool,
    /// Where the quote stands that opened the last quoted cell.
    opened: usize,
    /// Behind the last record end.
    end: Option<usize>,
}

impl Cutter {
    fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            at: 0,
            quoted: false,
            opened: 0,
            end: None,
        }
    }

    fn restart(&mut self) {
        *self = Self::new(self.delimiter);
    }

    fn feed(&mut self, bytes: &[u8]) {
        while self.at < bytes.len() {
            if !self.quoted {
                self.pass_plain(bytes);
            } else if !self.leave_quotes(bytes) {
                return;
            }
        }
    }

    /// Passes over plain cells up to the next quote that opens one, or to the end.
    fn pass_plain(&mut self, bytes: &[u8]) {
        let quote = memchr(b'"', &bytes[self.at..]).map(|i| self.at + i);
        let until = quote.unwrap_or(bytes.len());
        if let Some(i) = memrchr2(b'\n', b'\r', &bytes[self.at..until]) {
            self.end = Some(self.at + i + 1);
        }
        self.at = until;
        if let Some(quote) = quote {
            let before = quote.checked_sub(1).map(|i| bytes[i]);
            self.quoted = before.is_none_or(|b| b == self.delimiter || b == b'\n' || b == b'\r');
            self.opened = quote;
            self.at += 1;
        }
    }

    /// Passes over the next quote within quotes; false where what follows it is not read yet.
    fn leave_quotes(&mut self, bytes: &[u8]) -> bool {
        let Some(i) = memchr(b'"', &bytes[self.at..]) else {
            self.at = bytes.len();
            return true;
        };
        let quote = self.at + i;
        self.at = quote;
        match bytes.get(quote + 1) {
            None => return false,
            Some(b'"') => self.at += 2,
            Some(_) => {
                self.quoted = false;
                self.at += 1;
            }
        }
        true
    }

    /// Whether the bytes end within quotes; a quote as the very last byte closes them.
    fn is_open(&self, bytes: &[u8]) -> bool {
        self.quoted && self.at >= bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &str, size: usize) -> Result<Vec<(u64, String)>> {
        Blocks::new(text.as_bytes(), "f.csv".into(), b',', size)
            .map(|b| b.map(|b| (b.line(0), String::from_utf8(b.bytes).expect("UTF-8"))))
            .collect()
    }

    #[test]
    fn cuts_only_behind_records() -> Result<()> {
        let text = "a,b\n\"x\n\"\"y\",1\r\nz\"\n,\"\"\n\n\"q\r\",2\nlast,\"3\"";
        for size in 1..=text.len() + 1 {
            let blocks = blocks(text, size)?;
            let joined: String = blocks.iter().map(|(_, t)| t.as_str()).collect();
            assert_eq!(joined, text);
            // The quote behind z stands in a cell that does not begin with one: it opens nothing.
            let quotes = |part: &str| part.matches('"').count() - part.matches("z\"").count();
            assert!(
                blocks.iter().all(|(_, part)| quotes(part) % 2 == 0),
                "{size}: {blocks:?}"
            );
            let mut line = 1;
            for (first, part) in &blocks {
                assert_eq!(*first, line);
                line += part.matches('\n').count() as u64;
            }
        }
        Ok(())
    }

    #[test]
    fn a_quote_that_never_closes_names_its_line() {
        for size in [1, 7, 1000] {
            match blocks("a,b\n1,\"x\n2,y\n3,z\n", size) {
                Err(Error::Cell { line: 2, .. }) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
