//! Between formats: cells of the table become columns of arrays, and those Parquet, Arrow or text.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float32Builder, Float64Builder, PrimitiveBuilder, StringBuilder,
};
use arrow_array::types as arrow;
use arrow_array::{ArrayRef, ArrowPrimitiveType, RecordBatch};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use arrow_select::filter::filter_record_batch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::extra::{ExtraKind, Values};
use super::text::{RowLayout, real, whole};
use super::{Next, Output, Synthetic};
use crate::data::Header;
use crate::error::{Error, Result};
use crate::files::{Failure, Outcome};
use crate::table::columnar::{Cell, each};
use crate::table::input::{Chunk, Format, Input};
use crate::table::kind::{Column, Kind, Role};
use crate::table::scan::Reader;
use crate::table::tally::parse;

/// Rows of a Parquet row group.
const GROUP: usize = 1 << 17;

/// Writes the table and the synthetic rows in another format, or in the same one of columns.
pub(super) fn convert(
    output: &Output<'_>,
    out: &mut (impl Write + Send),
    format: Format,
    next: &mut Next<'_>,
) -> Outcome {
    let input = Input::open(output.source, output.options.header)?;
    let types = Types::new(output, &input);
    let mut writer = Writer::new(output, out, format, types.schema.clone())?;
    let mut failed = Ok(());
    let (path, from) = (input.path.clone(), input.format);
    input.for_each(
        |chunk| types.originals(output, &path, from, chunk),
        |batch| {
            if failed.is_ok() {
                failed = writer.write(&batch);
            }
            output.advance(batch.num_rows())
        },
    )?;
    failed?;
    while let Some(rows) = next()? {
        writer.write(&types.synthetic(output, &rows)?)?;
        output.advance(rows.rows)?;
    }
    writer.finish()
}

enum Writer<'a, W: Write + Send> {
    Parquet(Box<ArrowWriter<&'a mut W>>),
    Arrow(Box<FileWriter<&'a mut W>>),
    Text {
        out: &'a mut W,
        layout: RowLayout<'a>,
        delimiter: u8,
    },
}

impl<'a, W: Write + Send> Writer<'a, W> {
    fn new(
        output: &Output<'a>,
        out: &'a mut W,
        format: Format,
        schema: SchemaRef,
    ) -> Outcome<Self> {
        Ok(match format {
            Format::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .set_max_row_group_row_count(Some(GROUP))
                    .build();
                let writer = ArrowWriter::try_new(out, schema, Some(properties)).map_err(other)?;
                Self::Parquet(Box::new(writer))
            }
            Format::Arrow => {
                Self::Arrow(Box::new(FileWriter::try_new(out, &schema).map_err(other)?))
            }
            Format::Text(delimiter) => {
                let layout = RowLayout::new(output.schema, delimiter, b"\n");
                if output.options.header == Header::First {
                    let names: Vec<&str> =
                        schema.fields().iter().map(|f| f.name().as_str()).collect();
                    let mut line = Vec::new();
                    for (i, name) in names.iter().enumerate() {
                        if i > 0 {
                            line.push(delimiter);
                        }
                        layout.name(name, &mut line);
                    }
                    line.push(b'\n');
                    out.write_all(&line)?;
                }
                Self::Text {
                    out,
                    layout,
                    delimiter,
                }
            }
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Outcome {
        match self {
            Self::Parquet(writer) => writer.write(batch).map_err(other),
            Self::Arrow(writer) => writer.write(batch).map_err(other),
            Self::Text {
                out,
                layout,
                delimiter,
            } => Ok(out.write_all(&as_text(batch, layout, *delimiter)?)?),
        }
    }

    fn finish(self) -> Outcome {
        match self {
            Self::Parquet(writer) => writer.close().map(drop).map_err(other),
            Self::Arrow(mut writer) => writer.finish().map_err(other),
            Self::Text { .. } => Ok(()),
        }
    }
}

/// What the writing library reports; a full disk among it.
fn other(e: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Io(std::io::Error::other(e))
}

/// The rows of a batch as lines of text.
fn as_text(batch: &RecordBatch, layout: &RowLayout<'_>, delimiter: u8) -> Result<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = vec![Vec::new(); batch.num_rows()];
    for (column, array) in batch.columns().iter().enumerate() {
        each(array.as_ref(), |r, cell| {
            let line = &mut lines[r];
            if column > 0 {
                line.push(delimiter);
            }
            match cell {
                Cell::Real(x) if *array.data_type() == DataType::Float32 => {
                    layout.name(&(x as f32).to_string(), line);
                }
                Cell::Real(x) => real(line, x),
                cell => layout.name(&cell.name(), line),
            }
            Ok(())
        })?;
    }
    Ok(lines.join(&b'\n').into_iter().chain([b'\n']).collect())
}

/// The columns that are written.
struct Types {
    schema: SchemaRef,
    columns: usize,
}

impl Types {
    fn new(output: &Output<'_>, input: &Input) -> Self {
        let stated = input.schema.as_ref();
        let field = |(i, column): (usize, &Column)| {
            let data_type = match stated {
                Some(schema) => plain(schema.field(i).data_type()),
                None => of_text(column),
            };
            Field::new(&column.name, data_type, true)
        };
        let columns = output.schema.columns.len();
        let mut fields: Vec<Field> = output
            .schema
            .columns
            .iter()
            .enumerate()
            .map(field)
            .collect();
        fields.extend(output.extras.iter().map(|extra| {
            let data_type = match extra.kind {
                ExtraKind::Integer => DataType::Int64,
                ExtraKind::Real => DataType::Float64,
                ExtraKind::Text => DataType::Utf8,
            };
            Field::new(extra.name, data_type, true)
        }));
        Self {
            schema: Arc::new(ArrowSchema::new(fields)),
            columns,
        }
    }

    /// The table's own rows of a chunk, those left out that are to be.
    fn originals(
        &self,
        output: &Output<'_>,
        path: &Path,
        from: Format,
        chunk: Chunk,
    ) -> Result<RecordBatch> {
        let (mut arrays, first, rows) = match (chunk, from) {
            (Chunk::Text(block), Format::Text(delimiter)) => {
                let reader = Reader {
                    path,
                    delimiter,
                    na_values: &output.options.na_values,
                    columns: self.columns,
                };
                let mut builders = self.builders();
                for place in &block.records {
                    reader.cells(&block, *place, |i, cell| {
                        builders[i].text(cell);
                        Ok(())
                    })?;
                }
                let arrays: Vec<ArrayRef> = builders.iter_mut().map(Builder::finish).collect();
                (arrays, block.first, block.records.len())
            }
            (Chunk::Batch(batch, first), _) => {
                let arrays = (0..self.columns).map(|i| self.passed_on(batch.column(i), i));
                (arrays.collect::<Result<_>>()?, first, batch.num_rows())
            }
            (Chunk::Text(_), _) => unreachable!("a block is of a text file"),
        };
        for extra in output.extras {
            arrays.push(match extra.kind {
                ExtraKind::Integer => {
                    Arc::new(arrow_array::Int64Array::from(vec![extra.original; rows]))
                }
                ExtraKind::Real => Arc::new(arrow_array::Float64Array::from(vec![None; rows])),
                ExtraKind::Text => {
                    Arc::new(arrow_array::StringArray::from(vec![None::<&str>; rows]))
                }
            });
        }
        let batch = self.batch(arrays, path)?;
        match output.removed.is_empty() {
            true => Ok(batch),
            false => without(&batch, first, output.removed, path),
        }
    }

    /// An array as the written schema wants it: a dictionary becomes what it stands for.
    fn passed_on(&self, array: &ArrayRef, i: usize) -> Result<ArrayRef> {
        if array.data_type() == self.schema.field(i).data_type() {
            return Ok(array.clone());
        }
        let mut builder = Builder::new(self.schema.field(i).data_type());
        each(array.as_ref(), |_, cell| {
            match cell {
                Cell::Missing => builder.text(None),
                cell => builder.text(Some(cell.name().as_bytes())),
            }
            Ok(())
        })?;
        Ok(builder.finish())
    }

    fn builders(&self) -> Vec<Builder> {
        let fields = self.schema.fields().iter().take(self.columns);
        fields.map(|f| Builder::new(f.data_type())).collect()
    }

    fn batch(&self, arrays: Vec<ArrayRef>, path: &Path) -> Result<RecordBatch> {
        RecordBatch::try_new(self.schema.clone(), arrays).map_err(|e| Error::file(path, e))
    }

    fn synthetic(&self, output: &Output<'_>, rows: &Synthetic) -> Result<RecordBatch> {
        let schema = output.schema;
        let (width, categories) = (schema.numbers().count(), schema.categories().count());
        let (mut number, mut code) = (0, 0);
        let mut arrays = Vec::with_capacity(self.schema.fields().len());
        for (i, column) in schema.columns.iter().enumerate() {
            let data_type = self.schema.field(i).data_type();
            let mut builder = Builder::new(data_type);
            let missing = |r: usize, feature: usize| {
                let at = (r as u32, feature as u32);
                rows.missing.binary_search(&at).is_ok()
            };
            match (column.role, column.kind.is_numeric()) {
                (Role::Ignored, _) => {
                    arrays.push(arrow_array::new_null_array(data_type, rows.rows));
                    continue;
                }
                (Role::Label, _) => {
                    let class = &schema.classes[rows.class as usize];
                    (0..rows.rows).for_each(|_| builder.text(Some(class.as_bytes())));
                }
                (_, true) => {
                    for r in 0..rows.rows {
                        let x = rows.numbers[r * width + number];
                        builder.number((!missing(r, number)).then_some(x));
                    }
                    number += 1;
                }
                (_, false) => {
                    for r in 0..rows.rows {
                        let name = (!missing(r, width + code)).then(|| {
                            &column.categories[rows.codes[r * categories + code] as usize]
                        });
                        builder.text(name.map(|n| n.as_bytes()));
                    }
                    code += 1;
                }
            }
            arrays.push(builder.finish());
        }
        arrays.extend(rows.extras.iter().map(|values| -> ArrayRef {
            match values {
                Values::Integers(values) => Arc::new(arrow_array::Int64Array::from(values.clone())),
                Values::Reals(values) => Arc::new(arrow_array::Float64Array::from(values.clone())),
                Values::Texts(values) => Arc::new(arrow_array::StringArray::from(values.clone())),
            }
        }));
        self.batch(arrays, &output.source.path())
    }
}

/// The batch without the rows of the table that are removed.
fn without(batch: &RecordBatch, first: u64, removed: &[u32], path: &Path) -> Result<RecordBatch> {
    let is_kept = |i: usize| removed.binary_search(&((first + i as u64) as u32)).is_err();
    let kept: Vec<bool> = (0..batch.num_rows()).map(is_kept).collect();
    filter_record_batch(batch, &kept.into()).map_err(|e| Error::file(path, e))
}

/// What a dictionary stands for; any other type itself.
fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        other => other.clone(),
    }
}

fn of_text(column: &Column) -> DataType {
    match (column.role, column.kind) {
        (Role::Feature, Kind::Integer) => DataType::Int64,
        (Role::Feature, Kind::Float64 | Kind::Float32) => DataType::Float64,
        _ => DataType::Utf8,
    }
}

/// Builds an array of one type from numbers or from text.
enum Builder {
    Int8(PrimitiveBuilder<arrow::Int8Type>),
    Int16(PrimitiveBuilder<arrow::Int16Type>),
    Int32(PrimitiveBuilder<arrow::Int32Type>),
    Int64(PrimitiveBuilder<arrow::Int64Type>),
    UInt8(PrimitiveBuilder<arrow::UInt8Type>),
    UInt16(PrimitiveBuilder<arrow::UInt16Type>),
    UInt32(PrimitiveBuilder<arrow::UInt32Type>),
    UInt64(PrimitiveBuilder<arrow::UInt64Type>),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Boolean(BooleanBuilder),
    Text(StringBuilder, DataType),
}

impl Builder {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int8 => Self::Int8(Default::default()),
            DataType::Int16 => Self::Int16(Default::default()),
            DataType::Int32 => Self::Int32(Default::default()),
            DataType::Int64 => Self::Int64(Default::default()),
            DataType::UInt8 => Self::UInt8(Default::default()),
            DataType::UInt16 => Self::UInt16(Default::default()),
            DataType::UInt32 => Self::UInt32(Default::default()),
            DataType::UInt64 => Self::UInt64(Default::default()),
            DataType::Float32 => Self::Float32(Default::default()),
            DataType::Float64 => Self::Float64(Default::default()),
            DataType::Boolean => Self::Boolean(Default::default()),
            other => Self::Text(Default::default(), other.clone()),
        }
    }

    fn number(&mut self, x: Option<f64>) {
        macro_rules! integer {
            ($builder:expr, $type:ty) => {
                // `as` keeps within the type's range.
                $builder.append_option(
                    x.map(|x| x.round_ties_even() as <$type as ArrowPrimitiveType>::Native),
                )
            };
        }
        match self {
            Self::Int8(b) => integer!(b, arrow::Int8Type),
            Self::Int16(b) => integer!(b, arrow::Int16Type),
            Self::Int32(b) => integer!(b, arrow::Int32Type),
            Self::Int64(b) => b.append_option(x.map(whole)),
            Self::UInt8(b) => integer!(b, arrow::UInt8Type),
            Self::UInt16(b) => integer!(b, arrow::UInt16Type),
            Self::UInt32(b) => integer!(b, arrow::UInt32Type),
            Self::UInt64(b) => integer!(b, arrow::UInt64Type),
            Self::Float32(b) => b.append_option(x.map(|x| x as f32)),
            Self::Float64(b) => b.append_option(x),
            Self::Boolean(b) => b.append_option(x.map(|x| x != 0.0)),
            Self::Text(b, _) => b.append_option(x.map(|x| x.to_string())),
        }
    }

    fn text(&mut self, cell: Option<&[u8]>) {
        let text = cell.map(String::from_utf8_lossy);
        macro_rules! parsed {
            ($builder:expr) => {
                $builder.append_option(text.and_then(|t| t.trim().parse().ok()))
            };
        }
        match self {
            Self::Int8(b) => parsed!(b),
            Self::Int16(b) => parsed!(b),
            Self::Int32(b) => parsed!(b),
            Self::Int64(b) => parsed!(b),
            Self::UInt8(b) => parsed!(b),
            Self::UInt16(b) => parsed!(b),
            Self::UInt32(b) => parsed!(b),
            Self::UInt64(b) => parsed!(b),
            Self::Float32(b) => parsed!(b),
            Self::Float64(b) => b.append_option(cell.and_then(parse).map(|n| n.value)),
            Self::Boolean(b) => parsed!(b),
            Self::Text(b, _) => b.append_option(text),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int8(b) => Arc::new(b.finish()),
            Self::Int16(b) => Arc::new(b.finish()),
            Self::Int32(b) => Arc::new(b.finish()),
            Self::Int64(b) => Arc::new(b.finish()),
            Self::UInt8(b) => Arc::new(b.finish()),
            Self::UInt16(b) => Arc::new(b.finish()),
            Self::UInt32(b) => Arc::new(b.finish()),
            Self::UInt64(b) => Arc::new(b.finish()),
            Self::Float32(b) => Arc::new(b.finish()),
            Self::Float64(b) => Arc::new(b.finish()),
            Self::Boolean(b) => Arc::new(b.finish()),
            Self::Text(b, data_type) => {
                let text = b.finish();
                match data_type {
                    DataType::LargeUtf8 => {
                        Arc::new(arrow_array::LargeStringArray::from_iter(text.iter()))
                    }
                    DataType::Utf8View => {
                        Arc::new(arrow_array::StringViewArray::from_iter(text.iter()))
                    }
                    _ => Arc::new(text),
                }
            }
        }
    }
}
