//! Blocks of text as Arrow batches.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};

use super::super::arrow::problem;
use super::super::blocks::Block;
use super::super::number::Number;
use super::super::records::{Record, Records};
use super::super::schema::Schema;
use super::super::text_file::check_cells;
use super::extras::Extra;
use super::synthetic_batch::extras_of_originals;
use crate::error::{Error, Result};

/// The cells of a column on their way into an array.
enum Cells {
    Whole(Int64Builder),
    Numbers(Float64Builder),
    Texts(StringBuilder),
}

impl Cells {
    fn new(stored: &DataType) -> Self {
        match stored {
            DataType::Int64 => Self::Whole(Int64Builder::new()),
            DataType::Float64 => Self::Numbers(Float64Builder::new()),
            _ => Self::Texts(StringBuilder::new()),
        }
    }

    fn push_missing(&mut self) {
        match self {
            Self::Whole(cells) => cells.append_null(),
            Self::Numbers(cells) => cells.append_null(),
            Self::Texts(cells) => cells.append_null(),
        }
    }

    /// False for a cell that is not of the column's type.
    fn push(&mut self, cell: &[u8]) -> bool {
        let text = std::str::from_utf8(cell);
        match self {
            Self::Whole(cells) => match text.map(|t| t.trim_ascii().parse()) {
                Ok(Ok(x)) => cells.append_value(x),
                _ => return false,
            },
            Self::Numbers(cells) => match Number::of(cell) {
                Number::Integer(x) | Number::Float(x) => cells.append_value(x),
                Number::NotFinite | Number::Text => return false,
            },
            Self::Texts(cells) => match text {
                Ok(text) => cells.append_value(text),
                Err(_) => return false,
            },
        }
        true
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Whole(mut cells) => Arc::new(cells.finish()),
            Self::Numbers(mut cells) => Arc::new(cells.finish()),
            Self::Texts(mut cells) => Arc::new(cells.finish()),
        }
    }
}

/// The rows of a block in the types of `to`.
pub(super) fn batch(
    block: &Block,
    delimiter: u8,
    schema: &Schema,
    extras: &[Extra],
    to: &SchemaRef,
) -> Result<RecordBatch> {
    let fields = to.fields().iter().take(schema.columns.len());
    let mut columns: Vec<Cells> = fields.map(|f| Cells::new(f.data_type())).collect();
    let (mut record, mut scratch, mut rows) = (Record::default(), Vec::new(), 0);
    let mut records = Records::new(block, delimiter);
    while records.next(&mut record) {
        check_cells(&schema.path, block, &record, schema.columns.len())?;
        rows += 1;
        for (i, column) in columns.iter_mut().enumerate() {
            let cell = record.cell(i, &block.bytes, &mut scratch);
            if schema.options.is_missing(cell) {
                column.push_missing();
            } else if !column.push(cell) {
                return Err(Error::file(
                    &schema.path,
                    "has changed since it was scanned",
                ));
            }
        }
    }
    let mut arrays: Vec<ArrayRef> = columns.into_iter().map(Cells::finish).collect();
    arrays.extend(extras_of_originals(extras, rows));
    RecordBatch::try_new(to.clone(), arrays).map_err(|e| problem(&schema.path, e))
}
