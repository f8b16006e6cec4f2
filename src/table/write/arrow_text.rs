//! Rows of Parquet and Arrow as lines of text.

use std::io::Write;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal128Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, TimeUnit};

use super::super::arrow::{Numbers, Opened, batches, each_name};
use super::super::in_order::in_order;
use super::super::kind::Kind;
use super::cells::{push_number, push_text};
use super::copy::{Ended, Task, header};
use super::lines::extra_cells;
use crate::error::{Error, Result};

/// Copies a Parquet or Arrow file into text.
pub(super) fn copy_arrow(
    task: &Task<'_>,
    delimiter: u8,
    out: &mut (dyn Write + Send),
) -> Result<Ended> {
    let opened = Opened::open(task.source)?;
    let schema = opened.schema.clone();
    let path = &task.schema.path;
    task.write(out, &header(task, delimiter))?;
    let extras = extra_cells(&task.options.extras, delimiter);
    let work = |(_, batch): (u64, RecordBatch)| {
        let columns = schema.fields().iter().zip(batch.columns());
        let columns = columns
            .map(|(field, array)| Texts::of(path, field, array, delimiter))
            .collect::<Result<Vec<_>>>()?;
        Ok((batch.num_rows(), columns))
    };
    let mut seen = 0;
    in_order(
        path,
        batches(opened),
        task.progress,
        work,
        |(rows, columns)| {
            let kept = task.left_out().kept(seen, rows);
            seen += rows as u64;
            task.progress.advance(rows as u64);
            let mut lines = Vec::new();
            for row in kept.into_iter().flatten() {
                for (i, column) in columns.iter().enumerate() {
                    if i > 0 {
                        lines.push(delimiter);
                    }
                    lines.extend_from_slice(column.cell(row));
                }
                lines.extend_from_slice(&extras);
                lines.push(b'\n');
            }
            task.write(out, &lines)
        },
    )?;
    task.check_rows(seen)?;
    Ok(Ended {
        newline: b"\n".into(),
        open: false,
    })
}

/// The cells of a column as they are written.
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    fn of(path: &Path, field: &Field, array: &ArrayRef, delimiter: u8) -> Result<Self> {
        let mut texts = Self {
            bytes: Vec::new(),
            ends: Vec::with_capacity(array.len()),
        };
        if let Some(numbers) = Numbers::of(array).filter(|n| !n.whole) {
            let kind = match array.data_type() {
                DataType::Float32 => Kind::Float32,
                _ => Kind::Float64,
            };
            texts.push_each(array, |out, i| push_number(out, numbers.values[i], kind));
            return Ok(texts);
        }
        let known = each_name(array, |_, name| {
            if let Some(name) = name {
                push_text(&mut texts.bytes, name, delimiter);
            }
            texts.ends.push(texts.bytes.len());
        });
        match known || texts.push_times(array) {
            true => Ok(texts),
            false => Err(Error::file(
                path,
                format!(
                    "column '{}' is of type {}, which has no text form here; write to .parquet or .arrow",
                    field.name(),
                    array.data_type()
                ),
            )),
        }
    }

    fn push_each(&mut self, array: &dyn Array, write: impl Fn(&mut Vec<u8>, usize)) {
        for i in 0..array.len() {
            if array.is_valid(i) {
                write(&mut self.bytes, i);
            }
            self.ends.push(self.bytes.len());
        }
    }

    /// Dates, times and decimals, which only ignored columns hold; false for any other type.
    fn push_times(&mut self, array: &dyn Array) -> bool {
        macro_rules! shown {
            ($kind:ty, $method:ident) => {
                shown!($kind, $method, "")
            };
            ($kind:ty, $method:ident, $zone:expr) => {{
                let cells = array.as_primitive::<$kind>();
                self.push_each(array, |out, i| {
                    // Memory takes everything. A time beyond the calendar is written as its count of units.
                    let _ = match cells.$method(i) {
                        Some(value) => write!(out, "{value}{}", $zone),
                        None => write!(out, "{}", cells.value(i)),
                    };
                });
            }};
        }
        // A time with a zone is stored as that of UTC, and written so.
        let zone = match array.data_type() {
            DataType::Timestamp(_, Some(_)) => "Z",
            _ => "",
        };
        match array.data_type() {
            DataType::Null => self.push_each(array, |_, _| {}),
            DataType::Date32 => shown!(Date32Type, value_as_date),
            DataType::Date64 => shown!(Date64Type, value_as_date),
            DataType::Timestamp(TimeUnit::Second, _) => {
                shown!(TimestampSecondType, value_as_datetime, zone);
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                shown!(TimestampMillisecondType, value_as_datetime, zone);
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                shown!(TimestampMicrosecondType, value_as_datetime, zone);
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                shown!(TimestampNanosecondType, value_as_datetime, zone);
            }
            DataType::Decimal128(..) => {
                let cells = array.as_primitive::<Decimal128Type>();
                self.push_each(array, |out, i| {
                    out.extend_from_slice(cells.value_as_string(i).as_bytes());
                });
            }
            _ => return false,
        }
        true
    }

    fn cell(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[row]]
    }
}
