//! From which part of a chunk the cells of each column come.

use super::super::kind::{Kind, Role};
use super::super::missing::MissingCells;
use super::super::schema::{Column, Schema};
use super::Bounds;
use super::chunk::Chunk;

/// The cells of one column in synthetic rows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot {
    Number(NumberSlot),
    /// A place among the codes.
    Code {
        place: usize,
        /// The place among all cells of a row.
        cell: usize,
    },
    Class,
    Empty,
}

/// The numbers of one column.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberSlot {
    pub place: usize,
    pub kind: Kind,
    low: f64,
    high: f64,
}

impl NumberSlot {
    /// The number as it is written: within its bounds, whole in a column of whole numbers.
    pub fn fitted(&self, x: f64) -> f64 {
        let x = x.clamp(self.low, self.high);
        match self.kind {
            Kind::Integer => x.round_ties_even(),
            Kind::Float32 => f64::from(x as f32).clamp(self.low, self.high),
            _ => x,
        }
    }
}

/// Makes synthetic numbers, `[rows, width]`, what they are once written: within their bounds, whole in columns of whole
/// numbers.
pub fn fit(schema: &Schema, bounds: Bounds, numbers: &mut [f64]) {
    let Slots { slots, width, .. } = Slots::of(schema, bounds);
    let slots = slots.iter().filter_map(|slot| match slot {
        Slot::Number(slot) => Some(*slot),
        _ => None,
    });
    let slots: Vec<NumberSlot> = slots.collect();
    for row in numbers.chunks_exact_mut(width.max(1)) {
        row.iter_mut()
            .zip(&slots)
            .for_each(|(x, slot)| *x = slot.fitted(*x));
    }
}

/// The columns of a table in its order.
#[derive(Debug)]
pub(super) struct Slots {
    pub slots: Vec<Slot>,
    pub width: usize,
    pub categories: usize,
}

impl Slots {
    pub fn of(schema: &Schema, bounds: Bounds) -> Self {
        let width = schema.numeric().count();
        let (mut numbers, mut codes) = (0, 0);
        let next = |counter: &mut usize| {
            *counter += 1;
            *counter - 1
        };
        let slot = |column: &Column| {
            if column.role == Role::Label {
                Slot::Class
            } else if column.is_numeric() {
                Slot::Number(number_slot(column, next(&mut numbers), bounds))
            } else if column.is_coded() {
                let place = next(&mut codes);
                Slot::Code {
                    place,
                    cell: width + place,
                }
            } else {
                Slot::Empty
            }
        };
        let slots = schema.columns.iter().map(slot).collect();
        Self {
            slots,
            width,
            categories: codes,
        }
    }

    /// The number of a row in a column as it is written; `None` where it is missing.
    pub fn number(&self, slot: &NumberSlot, chunk: &Chunk<'_>, row: usize) -> Option<f64> {
        let x = chunk.numbers[row * self.width + slot.place];
        is_there(chunk.missing, row, slot.place).then(|| slot.fitted(x))
    }

    /// The code of a row in a column; `None` where it is missing.
    pub fn code(&self, place: usize, cell: usize, chunk: &Chunk<'_>, row: usize) -> Option<usize> {
        let code = chunk.codes[row * self.categories + place];
        is_there(chunk.missing, row, cell).then_some(code as usize)
    }
}

fn is_there(missing: Option<&MissingCells>, row: usize, cell: usize) -> bool {
    missing.is_none_or(|m| !m.is_missing(row, cell))
}

fn number_slot(column: &Column, place: usize, bounds: Bounds) -> NumberSlot {
    let range = match (bounds, column.summary) {
        (Bounds::Observed, Some(summary)) => (summary.min, summary.max),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    };
    NumberSlot {
        place,
        kind: column.kind,
        low: range.0,
        high: range.1,
    }
}
