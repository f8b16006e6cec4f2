//! Synthetic rows as lines of text.

use super::super::kind::{Kind, Role};
use super::super::schema::{Column, Schema};
use super::WriteOptions;
use super::cells::{push_number, push_text};
use super::chunk::{Chunk, Values};
use super::columns::{Slot, Slots};
use super::extras::{Extra, ExtraKind};

/// How rows become lines.
pub(super) struct Lines {
    pub delimiter: u8,
    /// What ends a line.
    pub newline: Vec<u8>,
    slots: Slots,
    /// The names of each column as they are written.
    names: Vec<Vec<Vec<u8>>>,
}

impl Lines {
    pub fn new(schema: &Schema, options: &WriteOptions, delimiter: u8, newline: Vec<u8>) -> Self {
        let written = |name: &str| {
            let mut out = Vec::new();
            push_text(&mut out, name.as_bytes(), delimiter);
            out
        };
        let names = |c: &Column| match c.role {
            Role::Ignored => Vec::new(),
            Role::Feature | Role::Label => c.categories.iter().map(|c| written(&c.name)).collect(),
        };
        Self {
            delimiter,
            newline,
            slots: Slots::of(schema, options.bounds),
            names: schema.columns.iter().map(names).collect(),
        }
    }

    /// Appends a row of a chunk.
    pub fn push(
        &self,
        out: &mut Vec<u8>,
        chunk: &Chunk<'_>,
        extras: &[Option<Values<'_>>],
        row: usize,
    ) {
        let slots = &self.slots;
        for (i, slot) in slots.slots.iter().enumerate() {
            if i > 0 {
                out.push(self.delimiter);
            }
            let name = match slot {
                Slot::Empty => None,
                Slot::Number(number) => {
                    if let Some(x) = slots.number(number, chunk, row) {
                        push_number(out, x, number.kind);
                    }
                    None
                }
                Slot::Code { place, cell } => slots.code(*place, *cell, chunk, row),
                Slot::Class => Some(chunk.classes[row] as usize),
            };
            if let Some(name) = name {
                out.extend_from_slice(&self.names[i][name]);
            }
        }
        for values in extras {
            out.push(self.delimiter);
            self.push_extra(out, values, row);
        }
        out.extend_from_slice(&self.newline);
    }

    fn push_extra(&self, out: &mut Vec<u8>, values: &Option<Values<'_>>, row: usize) {
        match values {
            None => out.push(b'1'),
            Some(Values::Rows(rows)) => {
                if let Some(row) = rows[row] {
                    push_number(out, f64::from(row), Kind::Integer);
                }
            }
            Some(Values::Numbers(numbers)) if numbers[row].is_nan() => {}
            Some(Values::Numbers(numbers)) => push_number(out, numbers[row], Kind::Float64),
            Some(Values::Texts(texts)) => push_text(out, texts[row].as_bytes(), self.delimiter),
        }
    }
}

/// What extra columns add to the header.
pub(super) fn extra_names(extras: &[Extra], delimiter: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for extra in extras {
        out.push(delimiter);
        push_text(&mut out, extra.name.as_bytes(), delimiter);
    }
    out
}

/// What extra columns add to a row of the file.
pub(super) fn extra_cells(extras: &[Extra], delimiter: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for extra in extras {
        out.push(delimiter);
        if extra.kind == ExtraKind::Flag {
            out.push(b'0');
        }
    }
    out
}
