//! Parquet and Arrow IPC files: record batches, and their cells one by one.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types as arrow;
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::input::Format;
use super::kind::Kind;
use super::tally::Tally;
use crate::error::{Error, Result};

/// Rows of a Parquet batch: a row group is never held whole.
const ROWS: usize = 16 << 10;
/// How an Arrow file, as against a stream, begins.
const MAGIC: &[u8] = b"ARROW1";

/// The record batches of a file, in order.
pub(super) struct Batches {
    path: PathBuf,
    schema: SchemaRef,
    reader: Reader,
    row: u64,
}

enum Reader {
    Parquet(ParquetRecordBatchReader),
    File(FileReader<BufReader<File>>),
    Stream(Box<StreamReader<BufReader<File>>>),
}

impl Batches {
    pub(super) fn open(path: &Path, format: Format) -> Result<Self> {
        let mut file = File::open(path).map_err(Error::io(path))?;
        if file.metadata().map_err(Error::io(path))?.is_dir() {
            return Err(Error::file(path, "is a folder, not a file"));
        }
        let damaged = |e: ArrowError| Error::file(path, e);
        let reader = if format == Format::Parquet {
            let builder = ParquetRecordBatchReaderBuilder::try_new(file);
            let reader = builder.and_then(|b| b.with_batch_size(ROWS).build());
            Reader::Parquet(reader.map_err(|e| Error::file(path, e))?)
        } else if begins_with(&mut file, MAGIC).map_err(Error::io(path))? {
            let reader = FileReader::try_new(BufReader::new(file), None);
            Reader::File(reader.map_err(damaged)?)
        } else {
            let reader = StreamReader::try_new(BufReader::new(file), None);
            Reader::Stream(Box::new(reader.map_err(damaged)?))
        };
        let schema = match &reader {
            Reader::Parquet(reader) => arrow_array::RecordBatchReader::schema(reader),
            Reader::File(reader) => reader.schema(),
            Reader::Stream(reader) => reader.schema(),
        };
        Ok(Self {
            path: path.into(),
            schema,
            reader,
            row: 0,
        })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The next batch and the number of its first row.
    pub(super) fn next_batch(&mut self) -> Result<Option<(RecordBatch, u64)>> {
        let next = match &mut self.reader {
            Reader::Parquet(reader) => reader.next(),
            Reader::File(reader) => reader.next(),
            Reader::Stream(reader) => reader.next(),
        };
        let Some(batch) = next else {
            return Ok(None);
        };
        let batch = batch.map_err(|e| Error::file(&self.path, e))?;
        let first = self.row;
        self.row += batch.num_rows() as u64;
        Ok(Some((batch, first)))
    }
}

fn begins_with(file: &mut File, magic: &[u8]) -> std::io::Result<bool> {
    let mut start = Vec::new();
    file.by_ref()
        .take(magic.len() as u64)
        .read_to_end(&mut start)?;
    file.rewind()?;
    Ok(start == magic)
}

/// What the columns of a schema hold.
pub(super) fn kinds(schema: &Schema) -> Vec<Kind> {
    schema
        .fields()
        .iter()
        .map(|f| kind(f.data_type()))
        .collect()
}

fn kind(data_type: &DataType) -> Kind {
    match data_type {
        t if t.is_integer() => Kind::Integer,
        DataType::Float32 => Kind::Float32,
        DataType::Float64 => Kind::Float64,
        DataType::Boolean => Kind::Boolean,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Categorical,
        DataType::Dictionary(_, values) => match kind(values) {
            Kind::Categorical => Kind::Categorical,
            _ => Kind::Other,
        },
        _ => Kind::Other,
    }
}

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    Missing,
    Whole(i128),
    Real(f64),
    Truth(bool),
    Text(&'a str),
}

impl Cell<'_> {
    /// The cell as text, which is how a category or a class is named.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Missing => String::new(),
            Self::Whole(x) => x.to_string(),
            Self::Real(x) => x.to_string(),
            Self::Truth(x) => x.to_string(),
            Self::Text(x) => (*x).to_owned(),
        }
    }
}

/// Every cell of a column in order; a column of another type has none.
pub(super) fn each<'a>(
    array: &'a dyn Array,
    mut f: impl FnMut(usize, Cell<'a>) -> Result<()>,
) -> Result<()> {
    macro_rules! numbers {
        ($type:ty, $cell:expr) => {
            for (i, x) in array.as_primitive::<$type>().iter().enumerate() {
                f(i, x.map_or(Cell::Missing, $cell))?;
            }
        };
    }
    macro_rules! whole {
        ($type:ty) => {
            numbers!($type, |x| Cell::Whole(i128::from(x)))
        };
    }
    macro_rules! text {
        ($array:expr) => {
            for (i, x) in $array.iter().enumerate() {
                f(i, x.map_or(Cell::Missing, Cell::Text))?;
            }
        };
    }
    match array.data_type() {
        DataType::Int8 => whole!(arrow::Int8Type),
        DataType::Int16 => whole!(arrow::Int16Type),
        DataType::Int32 => whole!(arrow::Int32Type),
        DataType::Int64 => whole!(arrow::Int64Type),
        DataType::UInt8 => whole!(arrow::UInt8Type),
        DataType::UInt16 => whole!(arrow::UInt16Type),
        DataType::UInt32 => whole!(arrow::UInt32Type),
        DataType::UInt64 => whole!(arrow::UInt64Type),
        DataType::Float32 => numbers!(arrow::Float32Type, |x| Cell::Real(f64::from(x))),
        DataType::Float64 => numbers!(arrow::Float64Type, Cell::Real),
        DataType::Boolean => {
            for (i, x) in array.as_boolean().iter().enumerate() {
                f(i, x.map_or(Cell::Missing, Cell::Truth))?;
            }
        }
        DataType::Utf8 => text!(array.as_string::<i32>()),
        DataType::LargeUtf8 => text!(array.as_string::<i64>()),
        DataType::Utf8View => text!(array.as_string_view()),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = names(dictionary.values().as_ref());
            for (i, key) in dictionary.normalized_keys().into_iter().enumerate() {
                let cell = match array.is_null(i) {
                    true => Cell::Missing,
                    false => values[key].map_or(Cell::Missing, Cell::Text),
                };
                f(i, cell)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The texts of a dictionary.
fn names(array: &dyn Array) -> Vec<Option<&str>> {
    match array.data_type() {
        DataType::LargeUtf8 => array.as_string::<i64>().iter().collect(),
        DataType::Utf8View => array.as_string_view().iter().collect(),
        _ => array.as_string::<i32>().iter().collect(),
    }
}

/// What the columns of a batch add up to, and its rows.
pub(super) fn tally(
    batch: &RecordBatch,
    first: u64,
    fresh: &[Tally],
) -> Result<(Vec<Vec<Tally>>, u64)> {
    use super::tally::Expect;
    use rayon::prelude::*;

    let tallies = fresh.par_iter().zip(batch.columns()).map(|(fresh, array)| {
        let mut tally = fresh.clone();
        let expect = tally.expect;
        if expect == Expect::Nothing {
            return Ok(tally);
        }
        each(array.as_ref(), |i, cell| {
            // Rows count from 1 in messages, as lines do.
            let at = first + i as u64 + 1;
            match (cell, expect) {
                (Cell::Missing, _) => tally.miss(at),
                (Cell::Text(text), Expect::Either) => {
                    tally.names += 1;
                    tally.count(text.as_bytes(), 1);
                }
                (Cell::Whole(x), Expect::Either) => {
                    tally.number(x as f64, true, at, || x.to_string());
                }
                (Cell::Real(x), Expect::Either) => tally.number(x, false, at, || x.to_string()),
                (cell, _) => {
                    tally.names += 1;
                    tally.count(cell.name().as_bytes(), 1);
                }
            }
            Ok(())
        })?;
        Ok(tally)
    });
    let tallies = tallies.collect::<Result<Vec<_>>>()?;
    Ok((vec![tallies], batch.num_rows() as u64))
}
