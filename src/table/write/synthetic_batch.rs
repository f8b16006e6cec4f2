//! Synthetic rows as an Arrow batch, each column in the type of the file.

use std::sync::Arc;

use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, Float64Array, Int8Array, LargeStringArray,
    PrimitiveArray, StringArray, StringViewArray, UInt32Array, new_null_array,
};
use arrow_schema::DataType;

use super::super::kind::Kind;
use super::super::schema::{Column, Schema};
use super::cells::push_number;
use super::chunk::{Chunk, Values};
use super::columns::{NumberSlot, Slot, Slots};
use super::extras::{Extra, ExtraKind};
use crate::error::{Error, Result};

/// The columns of a table in synthetic rows.
pub(super) fn columns(
    schema: &Schema,
    slots: &Slots,
    types: &[DataType],
    chunk: &Chunk<'_>,
) -> Result<Vec<ArrayRef>> {
    let columns = schema.columns.iter().zip(&slots.slots).zip(types);
    columns
        .map(|((column, slot), stored)| match slot {
            Slot::Empty => Ok(new_null_array(stored, chunk.len())),
            Slot::Number(number) => numbers(schema, column, stored, slots, number, chunk),
            Slot::Code { place, cell } => names(schema, column, stored, chunk, |row| {
                slots.code(*place, *cell, chunk, row)
            }),
            Slot::Class => names(schema, column, stored, chunk, |row| {
                Some(chunk.classes[row] as usize)
            }),
        })
        .collect()
}

fn primitive<T: ArrowPrimitiveType>(
    cells: impl Iterator<Item = Option<f64>>,
    to: impl Fn(f64) -> T::Native,
) -> ArrayRef {
    let cells = cells.map(|x| x.map(&to));
    Arc::new(cells.collect::<PrimitiveArray<T>>())
}

/// Numbers in a type of numbers, whole ones kept within its range (`as` saturates).
fn typed(stored: &DataType, cells: impl Iterator<Item = Option<f64>>) -> Option<ArrayRef> {
    Some(match stored {
        DataType::Int8 => primitive::<Int8Type>(cells, |x| x as i8),
        DataType::Int16 => primitive::<Int16Type>(cells, |x| x as i16),
        DataType::Int32 => primitive::<Int32Type>(cells, |x| x as i32),
        DataType::Int64 => primitive::<Int64Type>(cells, |x| x as i64),
        DataType::UInt8 => primitive::<UInt8Type>(cells, |x| x as u8),
        DataType::UInt16 => primitive::<UInt16Type>(cells, |x| x as u16),
        DataType::UInt32 => primitive::<UInt32Type>(cells, |x| x as u32),
        DataType::UInt64 => primitive::<UInt64Type>(cells, |x| x as u64),
        DataType::Float32 => primitive::<Float32Type>(cells, |x| x as f32),
        DataType::Float64 => primitive::<Float64Type>(cells, |x| x),
        _ => return None,
    })
}

fn numbers(
    schema: &Schema,
    column: &Column,
    stored: &DataType,
    slots: &Slots,
    slot: &NumberSlot,
    chunk: &Chunk<'_>,
) -> Result<ArrayRef> {
    let cell = |row| slots.number(slot, chunk, row);
    if let Some(array) = typed(stored, (0..chunk.len()).map(cell)) {
        return Ok(array);
    }
    let text = |row| {
        let mut out = Vec::new();
        push_number(&mut out, cell(row)?, column.kind);
        String::from_utf8(out).ok()
    };
    strings(stored, (0..chunk.len()).map(text)).ok_or_else(|| unwritable(schema, column, stored))
}

fn names(
    schema: &Schema,
    column: &Column,
    stored: &DataType,
    chunk: &Chunk<'_>,
    code: impl Fn(usize) -> Option<usize>,
) -> Result<ArrayRef> {
    let name = |row| code(row).map(|c| column.categories[c].name.as_str());
    let rows = 0..chunk.len();
    if *stored == DataType::Boolean {
        let truth = rows.map(|row| name(row).map(|n| n == "true"));
        return Ok(Arc::new(truth.collect::<BooleanArray>()));
    }
    if let Some(array) = strings(stored, rows.clone().map(name)) {
        return Ok(array);
    }
    if let Some(array) = whole(stored, rows.clone().map(name)) {
        return Ok(array);
    }
    let number = |row| name(row).and_then(|n| n.trim().parse().ok());
    typed(stored, rows.map(number)).ok_or_else(|| unwritable(schema, column, stored))
}

/// Names that are 64-bit whole numbers, which an f64 may not hold.
fn whole<'a>(stored: &DataType, names: impl Iterator<Item = Option<&'a str>>) -> Option<ArrayRef> {
    let names = names.map(|name| name.map(str::trim));
    match stored {
        DataType::Int64 => Some(Arc::new(
            names
                .map(|n| n.and_then(|n| n.parse::<i64>().ok()))
                .collect::<PrimitiveArray<Int64Type>>(),
        )),
        DataType::UInt64 => Some(Arc::new(
            names
                .map(|n| n.and_then(|n| n.parse::<u64>().ok()))
                .collect::<PrimitiveArray<UInt64Type>>(),
        )),
        _ => None,
    }
}

fn strings<S: AsRef<str>>(
    stored: &DataType,
    cells: impl Iterator<Item = Option<S>>,
) -> Option<ArrayRef> {
    Some(match stored {
        DataType::Utf8 => Arc::new(cells.collect::<StringArray>()),
        DataType::LargeUtf8 => Arc::new(cells.collect::<LargeStringArray>()),
        DataType::Utf8View => Arc::new(cells.collect::<StringViewArray>()),
        _ => return None,
    })
}

/// The extra columns in synthetic rows.
pub(super) fn extras(extras: &[Extra], chunk: &Chunk<'_>) -> Vec<ArrayRef> {
    let array = |values: Option<Values<'_>>| -> ArrayRef {
        match values {
            None => Arc::new(Int8Array::from(vec![1; chunk.len()])),
            Some(Values::Rows(rows)) => Arc::new(UInt32Array::from(rows.to_vec())),
            Some(Values::Numbers(numbers)) => {
                let there = numbers.iter().map(|&x| (!x.is_nan()).then_some(x));
                Arc::new(there.collect::<Float64Array>())
            }
            Some(Values::Texts(texts)) => {
                let there = texts.iter().map(|t| (!t.is_empty()).then_some(t));
                Arc::new(there.collect::<StringArray>())
            }
        }
    };
    chunk.values(extras).into_iter().map(array).collect()
}

/// The extra columns in rows of the file.
pub(super) fn extras_of_originals(extras: &[Extra], rows: usize) -> Vec<ArrayRef> {
    let array = |extra: &Extra| -> ArrayRef {
        match extra.kind {
            ExtraKind::Flag => Arc::new(Int8Array::from(vec![0; rows])),
            ExtraKind::Row => new_null_array(&DataType::UInt32, rows),
            ExtraKind::Number => new_null_array(&DataType::Float64, rows),
            ExtraKind::Text => new_null_array(&DataType::Utf8, rows),
        }
    };
    extras.iter().map(array).collect()
}

fn unwritable(schema: &Schema, column: &Column, stored: &DataType) -> Error {
    let problem = format!(
        "column '{}' is {} in type {stored}, which cannot be written",
        column.name,
        match column.kind {
            Kind::Categorical | Kind::Boolean => "categorical",
            _ => "numeric",
        }
    );
    Error::file(&schema.path, problem)
}
