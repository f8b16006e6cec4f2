//! The records of a block and their cells, without copies.

use std::ops::Range;

use memchr::memchr;

use super::blocks::Block;

/// Where a record and its cells stand in a block.
#[derive(Debug, Default)]
pub(super) struct Record {
    cells: Vec<Span>,
    /// From the first byte of the first cell to behind the last byte of the last, the line end left out.
    pub body: Range<usize>,
    /// Behind the line end.
    pub end: usize,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    quoted: bool,
}

impl Record {
    /// Number of cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// The text of a cell, its quotes taken off; `scratch` holds it where it is not in the block as it is.
    pub fn cell<'a>(&self, i: usize, bytes: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let Span { start, end, quoted } = self.cells[i];
        let raw = &bytes[start..end];
        if quoted { unquoted(raw, scratch) } else { raw }
    }
}

/// What a cell that begins with a quote says.
fn unquoted<'a>(raw: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let inner = &raw[1..];
    match memchr(b'"', inner) {
        Some(close) if close + 1 == inner.len() => return &inner[..close],
        None => return inner,
        Some(_) => {}
    }
    scratch.clear();
    let mut rest = inner;
    while let Some(i) = memchr(b'"', rest) {
        scratch.extend_from_slice(&rest[..i]);
        rest = &rest[i + 1..];
        match rest.first() {
            Some(b'"') => {
                scratch.push(b'"');
                rest = &rest[1..];
            }
            _ => break,
        }
    }
    scratch.extend_from_slice(rest);
    scratch
}

/// Walks over the records of a block; blank lines are passed over.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    at: usize,
}

impl<'a> Records<'a> {
    pub fn new(block: &'a Block, delimiter: u8) -> Self {
        Self {
            bytes: &block.bytes,
            delimiter,
            at: block.start,
        }
    }

    /// Fills `record` with the next one; false at the end.
    pub fn next(&mut self, record: &mut Record) -> bool {
        record.cells.clear();
        while let Some(b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
        if self.at >= self.bytes.len() {
            return false;
        }
        let start = self.at;
        loop {
            let span = self.span();
            record.cells.push(span);
            let stop = self.bytes.get(span.end);
            self.at = (span.end + 1).min(self.bytes.len());
            if stop != Some(&self.delimiter) {
                record.body = start..span.end;
                break;
            }
        }
        if self.bytes.get(record.body.end) == Some(&b'\r')
            && self.bytes.get(self.at) == Some(&b'\n')
        {
            self.at += 1;
        }
        record.end = self.at;
        true
    }

    /// The cell that begins here.
    fn span(&self) -> Span {
        let start = self.at;
        let quoted = self.bytes.get(start) == Some(&b'"');
        let from = if quoted { self.closing(start) } else { start };
        let length = self.bytes[from..]
            .iter()
            .position(|&b| b == self.delimiter || b == b'\n' || b == b'\r');
        let end = length.map_or(self.bytes.len(), |n| from + n);
        Span { start, end, quoted }
    }

    /// Behind the quote that closes the cell at `start`.
    fn closing(&self, start: usize) -> usize {
        let mut at = start + 1;
        while let Some(i) = memchr(b'"', &self.bytes[at..]) {
            at += i + 1;
            if self.bytes.get(at) != Some(&b'"') {
                return at;
            }
            at += 1;
        }
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::blocks::Blocks;
    use super::*;
    use csv::ReaderBuilder;
    use proptest::prelude::*;

    fn ours(text: &str, size: usize) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        let (mut record, mut scratch) = (Record::default(), Vec::new());
        for block in Blocks::new(text.as_bytes(), "f".into(), b',', size) {
            let block = block.expect("a good text");
            let mut records = Records::new(&block, b',');
            while records.next(&mut record) {
                let mut cell = |i| {
                    let cell = record.cell(i, &block.bytes, &mut scratch);
                    String::from_utf8(cell.to_vec()).expect("UTF-8")
                };
                rows.push((0..record.len()).map(&mut cell).collect());
            }
        }
        rows
    }

    fn theirs(text: &str) -> Vec<Vec<String>> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let row = |r: csv::Result<csv::StringRecord>| {
            r.expect("memory").iter().map(str::to_owned).collect()
        };
        reader.records().map(row).collect()
    }

    proptest! {
        #[test]
        fn reads_what_the_csv_crate_reads(text in "([a1 ,\n\"]|\r\n|\r|\"\"|,\"){0,40}", size in 1usize..50) {
            let closed = Blocks::new(text.as_bytes(), "f".into(), b',', size).all(|b| b.is_ok());
            prop_assume!(closed);
            prop_assert_eq!(ours(&text, size), theirs(&text));
        }
    }
}
