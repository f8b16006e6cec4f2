//! A csv or tsv file opened: its column names, and its rows in blocks.

use std::path::Path;

use super::blocks::{BLOCK, Block, Blocks, shown};
use super::records::{Record, Records};
use crate::data::{Bytes, Header, Source};
use crate::error::{Error, Result};

/// An open file of text.
pub(super) struct TextFile {
    pub names: Vec<String>,
    /// What stands before the header, or before the first row: blank lines.
    pub lead: Vec<u8>,
    /// The header as it is written, without and with its line end; empty where there is none.
    pub header: (Vec<u8>, Vec<u8>),
    /// How lines end.
    pub newline: Vec<u8>,
    first: Block,
    rest: Blocks<Bytes>,
}

impl TextFile {
    pub fn open(source: &Source, delimiter: u8, header: Header) -> Result<Self> {
        let path = source.path();
        let mut rest = Blocks::new(source.reader()?, path.clone(), delimiter, BLOCK);
        let (mut lead, mut record) = (Vec::new(), Record::default());
        let mut first = loop {
            let Some(block) = rest.next().transpose()? else {
                return Err(Error::file(&path, "is empty"));
            };
            if Records::new(&block, delimiter).next(&mut record) {
                break block;
            }
            lead.extend_from_slice(&block.bytes);
        };
        let (body, end) = (record.body.clone(), record.end);
        lead.extend_from_slice(&first.bytes[..body.start]);
        first.start = body.start;
        let newline = match &first.bytes[body.end..end] {
            [] => b"\n".to_vec(),
            newline => newline.to_vec(),
        };
        let names = names(&record, &first.bytes, header);
        let mut written = (Vec::new(), Vec::new());
        if header == Header::First {
            written.0 = first.bytes[body.clone()].to_vec();
            written.1 = first.bytes[body.start..end].to_vec();
            first.start = end;
        }
        Ok(Self {
            names,
            lead,
            header: written,
            newline,
            first,
            rest,
        })
    }

    /// The rows.
    pub fn blocks(self) -> impl Iterator<Item = Result<Block>> + Send {
        std::iter::once(Ok(self.first)).chain(self.rest)
    }
}

/// The names in the first record; where there is none, the column's number from 1, or #1 where another column has that
/// name.
fn names(record: &Record, bytes: &[u8], header: Header) -> Vec<String> {
    if header == Header::Absent {
        return (1..=record.len()).map(|i| i.to_string()).collect();
    }
    let mut scratch = Vec::new();
    let mut written = |i| String::from_utf8_lossy(record.cell(i, bytes, &mut scratch)).into_owned();
    let mut names: Vec<String> = (0..record.len()).map(&mut written).collect();
    for i in 0..names.len() {
        if names[i].is_empty() {
            let number = (i + 1).to_string();
            names[i] = match names.contains(&number) {
                true => format!("#{number}"),
                false => number,
            };
        }
    }
    names
}

/// Refuses a record that has not as many cells as the first.
pub(super) fn check_cells(
    path: &Path,
    block: &Block,
    record: &Record,
    columns: usize,
) -> Result<()> {
    if record.len() == columns {
        return Ok(());
    }
    Err(Error::Cell {
        path: path.into(),
        line: block.line(record.body.start),
        column: None,
        expected: format!(
            "{columns} cells as in the first line, found {}",
            record.len()
        ),
        value: shown(&block.bytes[record.body.clone()]),
    })
}
