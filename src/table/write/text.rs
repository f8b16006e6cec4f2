//! From csv to csv and from tsv to tsv: the table's own bytes, then synthetic rows as text.

use std::io::{Read, Write};

use rayon::prelude::*;

use super::extra::{Extra, Values};
use super::{Next, Output, Synthetic};
use crate::data::Header;
use crate::files::Outcome;
use crate::table::blocks::{Block, Blocks};
use crate::table::kind::{Column, Kind, Role, Schema};

const BOM: &[u8] = b"\xef\xbb\xbf";
/// Synthetic rows that one thread writes at a time.
const PART: usize = 512;

/// Copies the table and writes synthetic rows behind it.
pub(super) fn copy(
    output: &Output<'_>,
    out: &mut impl Write,
    delimiter: u8,
    next: &mut Next<'_>,
) -> Outcome {
    let path = output.source.path();
    let mut raw = output.source.raw()?;
    let mut start = Vec::new();
    (&mut raw).take(BOM.len() as u64).read_to_end(&mut start)?;
    let marked = start == BOM;
    if marked {
        out.write_all(BOM)?;
        start.clear();
    }
    let mut blocks = Blocks::new(std::io::Cursor::new(start).chain(raw), &path, delimiter);
    let mut copier = Copier::new(output, delimiter);
    while let Some(block) = blocks.next_block()? {
        copier.block(&block, out)?;
        output.advance(block.records.len())?;
    }
    copier.end(out)?;
    let line_end = copier.line_end;
    let layout = RowLayout::new(output.schema, delimiter, line_end);
    while let Some(rows) = next()? {
        for part in layout.rows(&rows) {
            out.write_all(&part)?;
        }
        output.advance(rows.rows)?;
    }
    Ok(())
}

/// Passes records on, adds cells to them, and leaves some out.
struct Copier<'a> {
    header: bool,
    added_names: Vec<u8>,
    added: Vec<u8>,
    removed: &'a [u32],
    line_end: &'static [u8],
    last: u8,
}

impl<'a> Copier<'a> {
    fn new(output: &Output<'a>, delimiter: u8) -> Self {
        let mut copier = Self {
            header: output.options.header == Header::First,
            added_names: Vec::new(),
            added: Vec::new(),
            removed: output.removed,
            line_end: b"\n",
            last: b'\n',
        };
        for Extra { name, original, .. } in output.extras {
            copier.added_names.push(delimiter);
            copier.added_names.extend_from_slice(name.as_bytes());
            copier.added.push(delimiter);
            if let Some(value) = original {
                copier.added.extend_from_slice(value.to_string().as_bytes());
            }
        }
        copier
    }

    fn block(&mut self, block: &Block, out: &mut impl Write) -> Outcome {
        if let (0, Some(first)) = (block.first, block.records.first()) {
            if block.bytes.get(first.end) == Some(&b'\r') {
                self.line_end = b"\r\n";
            }
        }
        let mut from = 0;
        if !self.added.is_empty() || !self.removed.is_empty() {
            for (i, place) in block.records.iter().enumerate() {
                let number = block.first + i as u64;
                let row = number.checked_sub(u64::from(self.header));
                out.write_all(&block.bytes[from..place.begin])?;
                from = place.end;
                if row.is_some_and(|row| self.removed.binary_search(&(row as u32)).is_ok()) {
                    from += line_end(&block.bytes[place.end..]);
                    continue;
                }
                out.write_all(&block.bytes[place.begin..place.end])?;
                out.write_all(match row {
                    None => &self.added_names,
                    Some(_) => &self.added,
                })?;
            }
        }
        out.write_all(&block.bytes[from..])?;
        let left_out =
            from == block.bytes.len() && block.records.last().is_some_and(|p| p.end < from);
        self.last = match block.bytes.last() {
            Some(_) if left_out => b'\n',
            Some(&byte) => byte,
            None => self.last,
        };
        Ok(())
    }

    /// Ends the last line.
    fn end(&self, out: &mut impl Write) -> Outcome {
        match self.last {
            b'\n' => Ok(()),
            _ => Ok(out.write_all(self.line_end)?),
        }
    }
}

/// The bytes of the line end at the front.
fn line_end(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    }
}

/// What stands in each column of a synthetic row.
enum Cell<'a> {
    Empty,
    Class,
    Integer(usize),
    Real(usize),
    Single(usize),
    Name(usize, &'a [String]),
}

/// How synthetic rows are written as text.
pub(super) struct RowLayout<'a> {
    cells: Vec<Cell<'a>>,
    classes: &'a [String],
    width: usize,
    categories: usize,
    delimiter: u8,
    line_end: &'static [u8],
}

impl<'a> RowLayout<'a> {
    pub(super) fn new(schema: &'a Schema, delimiter: u8, line_end: &'static [u8]) -> Self {
        let (mut width, mut categories) = (0, 0);
        let next = |n: &mut usize| std::mem::replace(n, *n + 1);
        let cell = |column: &'a Column| match (column.role, column.kind) {
            (Role::Label, _) => Cell::Class,
            (Role::Ignored, _) => Cell::Empty,
            (_, Kind::Integer) => Cell::Integer(next(&mut width)),
            (_, Kind::Float32) => Cell::Single(next(&mut width)),
            (_, Kind::Float64) => Cell::Real(next(&mut width)),
            _ => Cell::Name(next(&mut categories), &column.categories),
        };
        let cells = schema.columns.iter().map(cell).collect();
        Self {
            cells,
            classes: &schema.classes,
            width,
            categories,
            delimiter,
            line_end,
        }
    }

    /// The rows as text, in pieces.
    pub(super) fn rows(&self, rows: &Synthetic) -> Vec<Vec<u8>> {
        let starts: Vec<usize> = (0..rows.rows).step_by(PART).collect();
        let piece = |&start: &usize| {
            let mut text = Vec::with_capacity(PART * self.cells.len() * 12);
            for r in start..rows.rows.min(start + PART) {
                self.row(rows, r, &mut text);
            }
            text
        };
        starts.par_iter().map(piece).collect()
    }

    fn row(&self, rows: &Synthetic, r: usize, text: &mut Vec<u8>) {
        let numbers = &rows.numbers[r * self.width..][..self.width];
        let codes = &rows.codes[r * self.categories..][..self.categories];
        let missing = |feature: usize| {
            let at = (r as u32, feature as u32);
            rows.missing.binary_search(&at).is_ok()
        };
        for (i, cell) in self.cells.iter().enumerate() {
            if i > 0 {
                text.push(self.delimiter);
            }
            match *cell {
                Cell::Integer(at) | Cell::Real(at) | Cell::Single(at) if missing(at) => {}
                Cell::Name(at, _) if missing(self.width + at) => {}
                Cell::Empty => {}
                Cell::Class => self.name(&self.classes[rows.class as usize], text),
                Cell::Integer(at) => push(text, whole(numbers[at])),
                Cell::Real(at) => real(text, numbers[at]),
                Cell::Single(at) => push(text, numbers[at] as f32),
                Cell::Name(at, names) => self.name(&names[codes[at] as usize], text),
            }
        }
        for values in &rows.extras {
            text.push(self.delimiter);
            match values {
                Values::Integers(values) => values[r].iter().for_each(|&x| push(text, x)),
                Values::Reals(values) => values[r].iter().for_each(|&x| real(text, x)),
                Values::Texts(values) => values[r].iter().for_each(|x| self.name(x, text)),
            }
        }
        text.extend_from_slice(self.line_end);
    }

    /// A name, quoted where it has to be.
    pub(super) fn name(&self, name: &str, text: &mut Vec<u8>) {
        let special = |b: u8| b == self.delimiter || b == b'"' || b == b'\n' || b == b'\r';
        if !name.bytes().any(special) {
            return text.extend_from_slice(name.as_bytes());
        }
        text.push(b'"');
        for byte in name.bytes() {
            if byte == b'"' {
                text.push(b'"');
            }
            text.push(byte);
        }
        text.push(b'"');
    }
}

/// Rounded half to even, within what an i64 holds.
pub(super) fn whole(x: f64) -> i64 {
    x.round_ties_even() as i64
}

fn push(text: &mut Vec<u8>, x: impl std::fmt::Display) {
    write!(text, "{x}").expect("memory can be written to");
}

/// The shortest text that reads back as the same number, without the hundreds of zeros of plain notation.
pub(super) fn real(text: &mut Vec<u8>, x: f64) {
    match x.abs() {
        0.0 | 1e-5..1e16 => push(text, x),
        _ => write!(text, "{x:e}").expect("memory can be written to"),
    }
}
