//! Parquet and Arrow outputs: batches in, row groups or IPC batches out.

use std::io::Write;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::super::arrow::{Opened, batches, plain, problem};
use super::super::blocks::Block;
use super::super::format::{Body, Format};
use super::super::in_order::in_order;
use super::super::text_file::TextFile;
use super::arrow_types::{of_arrow, of_text};
use super::chunk::Chunk;
use super::columns::Slots;
use super::copy::Task;
use super::synthetic_batch::{columns, extras, extras_of_originals};
use super::text_batch::batch;
use crate::error::{Error, Result};

/// Rows of a row group: what is held until it is written.
const GROUP: usize = 1 << 17;

/// A Parquet or Arrow file that grows.
pub(super) struct ArrowOut<'a> {
    schema: SchemaRef,
    slots: Slots,
    types: Vec<DataType>,
    writer: Writer<'a>,
}

enum Writer<'a> {
    Parquet(ArrowWriter<&'a mut (dyn Write + Send)>),
    Arrow(FileWriter<&'a mut (dyn Write + Send)>),
}

impl<'a> ArrowOut<'a> {
    /// Copies the rows of the file.
    pub fn begin(out: &'a mut (dyn Write + Send), format: Format, task: &Task<'a>) -> Result<Self> {
        let extras = &task.options.extras;
        match Format::of(task.source)?.body {
            Body::Text(delimiter) => {
                let schema = of_text(task.schema, extras);
                let mut new = Self::new(out, format, task, schema, None)?;
                new.copy_text(task, delimiter)?;
                Ok(new)
            }
            Body::Parquet | Body::Arrow => {
                let opened = Opened::open(task.source)?;
                if opened.schema.fields().len() != task.schema.columns.len() {
                    return task
                        .check_rows(u64::MAX)
                        .map(|()| unreachable!("no such file"));
                }
                let schema = of_arrow(&opened.schema, task.schema, extras);
                let compression = opened.compression();
                let mut new = Self::new(out, format, task, schema, compression)?;
                new.copy_arrow(task, opened)?;
                Ok(new)
            }
        }
    }

    fn new(
        out: &'a mut (dyn Write + Send),
        format: Format,
        task: &Task<'a>,
        schema: SchemaRef,
        compression: Option<Compression>,
    ) -> Result<Self> {
        let wrong = |e: &dyn std::fmt::Display| unwritten(task, e);
        let writer = match format.body {
            Body::Arrow => {
                let writer = FileWriter::try_new(out, &schema).map_err(|e| wrong(&e))?;
                Writer::Arrow(writer)
            }
            Body::Parquet | Body::Text(_) => {
                let properties = WriterProperties::builder()
                    .set_compression(compression.unwrap_or(Compression::SNAPPY))
                    .set_max_row_group_row_count(Some(GROUP))
                    .build();
                let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties));
                Writer::Parquet(writer.map_err(|e| wrong(&e))?)
            }
        };
        let fields = schema.fields().iter().take(task.schema.columns.len());
        Ok(Self {
            slots: Slots::of(task.schema, task.options.bounds),
            types: fields.map(|f| f.data_type().clone()).collect(),
            schema,
            writer,
        })
    }

    fn copy_text(&mut self, task: &Task<'_>, delimiter: u8) -> Result<()> {
        let file = TextFile::open(task.source, delimiter, task.schema.options.header)?;
        let to = self.schema.clone();
        let extras = &task.options.extras;
        let work = |block: Block| batch(&block, delimiter, task.schema, extras, &to);
        let mut seen = 0;
        let path = &task.schema.path;
        in_order(path, file.blocks(), task.progress, work, |batch| {
            self.copy_batch(task, &mut seen, &batch)
        })?;
        task.check_rows(seen)
    }

    fn copy_arrow(&mut self, task: &Task<'_>, opened: Opened) -> Result<()> {
        let to = self.schema.clone();
        let path = &task.schema.path;
        let work = |(_, batch): (u64, RecordBatch)| {
            let mut arrays: Vec<ArrayRef> = Vec::with_capacity(to.fields().len());
            for (array, field) in batch.columns().iter().zip(to.fields()) {
                arrays.push(plain(path, field, array)?);
            }
            arrays.extend(extras_of_originals(&task.options.extras, batch.num_rows()));
            RecordBatch::try_new(to.clone(), arrays).map_err(|e| problem(path, e))
        };
        let mut seen = 0;
        in_order(path, batches(opened), task.progress, work, |batch| {
            self.copy_batch(task, &mut seen, &batch)
        })?;
        task.check_rows(seen)
    }

    fn copy_batch(&mut self, task: &Task<'_>, seen: &mut u64, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        let kept = task.left_out().kept(*seen, rows);
        *seen += rows as u64;
        task.progress.advance(rows as u64);
        for range in kept {
            self.write(task, &batch.slice(range.start, range.len()))?;
        }
        Ok(())
    }

    fn write(&mut self, task: &Task<'_>, batch: &RecordBatch) -> Result<()> {
        match &mut self.writer {
            Writer::Parquet(writer) => writer.write(batch).map_err(|e| unwritten(task, e)),
            Writer::Arrow(writer) => writer.write(batch).map_err(|e| unwritten(task, e)),
        }
    }

    /// Writes synthetic rows.
    pub fn push(&mut self, task: &Task<'_>, chunk: &Chunk<'_>) -> Result<()> {
        if task.progress.stop() {
            return Err(Error::Interrupted);
        }
        if chunk.is_empty() {
            return Ok(());
        }
        let mut arrays = columns(task.schema, &self.slots, &self.types, chunk)?;
        arrays.extend(extras(&task.options.extras, chunk));
        let batch = RecordBatch::try_new(self.schema.clone(), arrays);
        self.write(task, &batch.map_err(|e| unwritten(task, e))?)
    }

    /// Writes what is held, and the file's end.
    pub fn finish(self, task: &Task<'_>) -> Result<()> {
        match self.writer {
            Writer::Parquet(writer) => writer.close().map(|_| ()).map_err(|e| unwritten(task, e)),
            Writer::Arrow(mut writer) => writer.finish().map_err(|e| unwritten(task, e)),
        }
    }
}

fn unwritten(task: &Task<'_>, e: impl std::fmt::Display) -> Error {
    Error::file(task.name, format!("could not be written: {e}"))
}
