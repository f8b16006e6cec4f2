//! The rows of a text file copied into another: byte for byte where the separator stays, cell by cell otherwise.

use std::io::{Read, Write};
use std::ops::Range;
use std::path::Path;

use super::super::blocks::Block;
use super::super::in_order::in_order;
use super::super::records::{Record, Records};
use super::super::schema::Schema;
use super::super::text_file::{TextFile, check_cells};
use super::WriteOptions;
use super::cells::push_text;
use super::kept::LeftOut;
use super::lines::{extra_cells, extra_names};
use crate::data::{BOM, Header, Source, read_error};
use crate::error::{Error, Result};
use crate::oversample::Progress;

/// What is written, of what.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    /// What messages call the output.
    pub name: &'a Path,
    pub source: &'a Source,
    pub schema: &'a Schema,
    pub options: &'a WriteOptions,
    pub progress: &'a dyn Progress,
}

impl<'a> Task<'a> {
    pub fn write(&self, out: &mut (dyn Write + Send), bytes: &[u8]) -> Result<()> {
        out.write_all(bytes).map_err(Error::io(self.name))
    }

    /// The file has not as many rows as the scan counted.
    pub fn check_rows(&self, rows: u64) -> Result<()> {
        match rows == self.schema.rows as u64 {
            true => Ok(()),
            false => Err(self.changed()),
        }
    }

    pub fn changed(&self) -> Error {
        Error::file(&self.schema.path, "has changed since it was scanned")
    }

    pub fn left_out(&self) -> LeftOut<'a> {
        LeftOut(&self.options.leave_out)
    }
}

/// How the copy ends.
pub(super) struct Ended {
    /// The line end of the file.
    pub newline: Vec<u8>,
    /// Whether the last line has none.
    pub open: bool,
}

/// Copies a text file from one separator to another.
pub(super) fn copy_text(
    task: &Task<'_>,
    from: u8,
    to: u8,
    out: &mut (dyn Write + Send),
) -> Result<Ended> {
    let file = TextFile::open(task.source, from, task.schema.options.header)?;
    let newline = file.newline.clone();
    let plain = task.options.extras.is_empty() && task.options.leave_out.is_empty();
    let open = match (from == to, plain) {
        (true, true) => copy_bytes(task, out)?,
        (true, false) => copy_records(task, file, from, out)?,
        (false, _) => {
            copy_cells(task, file, from, to, out)?;
            return Ok(Ended {
                newline: b"\n".into(),
                open: false,
            });
        }
    };
    Ok(Ended { newline, open })
}

/// Copies everything as it is; whether the last line has no end.
fn copy_bytes(task: &Task<'_>, out: &mut (dyn Write + Send)) -> Result<bool> {
    let wrong = |e| read_error(&task.schema.path, e);
    let mut reader = task.source.raw()?;
    let mut buffer = vec![0; 1 << 20];
    let mut last = b'\n';
    loop {
        let n = reader.read(&mut buffer).map_err(wrong)?;
        if task.progress.stop() {
            return Err(Error::Interrupted);
        }
        if n == 0 {
            break;
        }
        last = buffer[n - 1];
        task.write(out, &buffer[..n])?;
    }
    task.progress.advance(task.schema.rows as u64);
    Ok(last != b'\n' && last != b'\r')
}

/// Lines of a block, and what each row takes of them; blank lines before a row belong to it.
struct Copied {
    bytes: Vec<u8>,
    /// Blank lines, and the row behind them with its line end.
    rows: Vec<(Range<usize>, Range<usize>)>,
    rest: Range<usize>,
}

/// Copies record by record, with the cells of extra columns before each line end and without the rows left out.
fn copy_records(
    task: &Task<'_>,
    file: TextFile,
    delimiter: u8,
    out: &mut (dyn Write + Send),
) -> Result<bool> {
    let extras = &task.options.extras;
    if begins_with_mark(task.source)? {
        task.write(out, BOM)?;
    }
    task.write(out, &file.lead)?;
    let (body, whole) = &file.header;
    if task.schema.options.header == Header::First {
        task.write(out, body)?;
        task.write(out, &extra_names(extras, delimiter))?;
        task.write(out, &whole[body.len()..])?;
    }
    let mut open = body.len() == whole.len() && !body.is_empty();
    let cells = extra_cells(extras, delimiter);
    let columns = task.schema.columns.len();
    let path = &task.schema.path;
    let work = |block: Block| copied(path, &block, delimiter, columns, &cells);
    let mut seen = 0;
    in_order(path, file.blocks(), task.progress, work, |part| {
        let kept = task.left_out().kept(seen, part.rows.len());
        seen += part.rows.len() as u64;
        task.progress.advance(part.rows.len() as u64);
        let written = written(part, &kept);
        if let Some(last) = written.last() {
            open = *last != b'\n' && *last != b'\r';
        }
        task.write(out, &written)
    })?;
    task.check_rows(seen)?;
    Ok(open)
}

fn copied(
    path: &Path,
    block: &Block,
    delimiter: u8,
    columns: usize,
    cells: &[u8],
) -> Result<Copied> {
    let mut copied = Copied {
        bytes: Vec::with_capacity(block.bytes.len() * 9 / 8),
        rows: Vec::new(),
        rest: 0..0,
    };
    let mut record = Record::default();
    let mut records = Records::new(block, delimiter);
    let mut at = block.start;
    while records.next(&mut record) {
        check_cells(path, block, &record, columns)?;
        let start = copied.bytes.len();
        copied
            .bytes
            .extend_from_slice(&block.bytes[at..record.body.start]);
        let row = copied.bytes.len();
        copied
            .bytes
            .extend_from_slice(&block.bytes[record.body.clone()]);
        copied.bytes.extend_from_slice(cells);
        copied
            .bytes
            .extend_from_slice(&block.bytes[record.body.end..record.end]);
        copied.rows.push((start..row, row..copied.bytes.len()));
        at = record.end;
    }
    let rest = copied.bytes.len();
    copied.bytes.extend_from_slice(&block.bytes[at..]);
    copied.rest = rest..copied.bytes.len();
    Ok(copied)
}

/// The bytes without the rows that are not kept; their blank lines stay.
fn written(part: Copied, kept: &[Range<usize>]) -> Vec<u8> {
    let mut is_kept = vec![false; part.rows.len()];
    for range in kept {
        is_kept[range.clone()].fill(true);
    }
    if is_kept.iter().all(|kept| *kept) {
        return part.bytes;
    }
    let mut bytes = Vec::with_capacity(part.bytes.len());
    for ((blank, row), kept) in part.rows.into_iter().zip(is_kept) {
        bytes.extend_from_slice(&part.bytes[blank]);
        if kept {
            bytes.extend_from_slice(&part.bytes[row]);
        }
    }
    bytes.extend_from_slice(&part.bytes[part.rest]);
    bytes
}

/// Copies cell by cell with another separator.
fn copy_cells(
    task: &Task<'_>,
    file: TextFile,
    from: u8,
    to: u8,
    out: &mut (dyn Write + Send),
) -> Result<()> {
    let schema = task.schema;
    if schema.options.header == Header::First {
        task.write(out, &header(task, to))?;
    }
    let cells = extra_cells(&task.options.extras, to);
    let work = |block: Block| {
        let (mut rows, mut record, mut scratch) = (Vec::new(), Record::default(), Vec::new());
        let mut records = Records::new(&block, from);
        while records.next(&mut record) {
            check_cells(&schema.path, &block, &record, schema.columns.len())?;
            let mut line = Vec::new();
            for i in 0..record.len() {
                if i > 0 {
                    line.push(to);
                }
                let cell = record.cell(i, &block.bytes, &mut scratch);
                push_text(&mut line, cell, to);
            }
            line.extend_from_slice(&cells);
            line.push(b'\n');
            rows.push(line);
        }
        Ok(rows)
    };
    let mut seen = 0;
    in_order(&schema.path, file.blocks(), task.progress, work, |rows| {
        let kept = task.left_out().kept(seen, rows.len());
        seen += rows.len() as u64;
        task.progress.advance(rows.len() as u64);
        let kept = kept.into_iter().flat_map(|range| &rows[range]);
        task.write(out, &kept.flatten().copied().collect::<Vec<u8>>())
    })?;
    task.check_rows(seen)
}

/// The header in a format of its own, extra columns at its end.
pub(super) fn header(task: &Task<'_>, delimiter: u8) -> Vec<u8> {
    let mut line = Vec::new();
    for (i, column) in task.schema.columns.iter().enumerate() {
        if i > 0 {
            line.push(delimiter);
        }
        push_text(&mut line, column.name.as_bytes(), delimiter);
    }
    line.extend_from_slice(&extra_names(&task.options.extras, delimiter));
    line.push(b'\n');
    line
}

fn begins_with_mark(source: &Source) -> Result<bool> {
    let mut start = Vec::new();
    let mut reader = source.raw()?.take(BOM.len() as u64);
    let path = source.path();
    reader
        .read_to_end(&mut start)
        .map_err(|e| read_error(&path, e))?;
    Ok(start == BOM)
}
