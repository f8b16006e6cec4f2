//! Parquet and Arrow outputs: batches in, row groups or IPC batches out.

use std::convert::Infallible;
use std::fs::File;
use std::io::Write;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, SchemaRef};
use parquet::basic::Compression;

use super::super::arrow::{Opened, batches, guarded, plain, problem};
use super::super::blocks::Block;
use super::super::format::{Body, Format};
use super::super::in_order::in_order;
use super::super::text_file::TextFile;
use super::arrow_types::{of_arrow, of_text};
use super::chunk::Chunk;
use super::columns::Slots;
use super::copy::Task;
use super::parquet_out::ParquetOut;
use super::synthetic_batch::{columns, extras, extras_of_originals};
use super::text_batch::batch;
use crate::error::{Error, Result};

/// A Parquet or Arrow file that grows.
pub(super) struct ArrowOut<'a> {
    schema: SchemaRef,
    slots: Slots,
    types: Vec<DataType>,
    writer: Writer<'a>,
}

enum Writer<'a> {
    Parquet(Box<ParquetOut<'a>>),
    Arrow(Box<FileWriter<&'a mut (dyn Write + Send)>>),
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
                if !new.take_groups(task, &opened)? {
                    new.copy_arrow(task, opened)?;
                }
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
                Writer::Arrow(Box::new(writer))
            }
            Body::Parquet | Body::Text(_) => {
                let compression = compression.unwrap_or(Compression::SNAPPY);
                let writer = ParquetOut::new(out, schema.clone(), compression);
                Writer::Parquet(Box::new(writer.map_err(|e| wrong(&e))?))
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

    /// Takes the row groups of a Parquet file over as they are packed; false where that cannot be.
    fn take_groups(&mut self, task: &Task<'_>, opened: &Opened) -> Result<bool> {
        let (Writer::Parquet(writer), Some(metadata)) = (&mut self.writer, opened.metadata())
        else {
            return Ok(false);
        };
        let whole = task.options.leave_out.is_empty();
        if !whole || !writer.takes(metadata.parquet_schema()) {
            return Ok(false);
        }
        let path = &opened.path;
        let file = File::open(path).map_err(Error::io(path))?;
        let mut seen = 0;
        for group in metadata.metadata().row_groups() {
            if task.progress.stop() {
                return Err(Error::Interrupted);
            }
            let extras = &task.options.extras;
            let taken = guarded(path, || {
                Ok::<_, Infallible>(writer.take(&file, group, extras))
            });
            taken?.map_err(|e| unwritten(task, e))?;
            let rows = group.num_rows().max(0) as u64;
            task.progress.advance(rows);
            seen += rows;
        }
        task.check_rows(seen).map(|()| true)
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
            Writer::Parquet(writer) => writer.finish().map_err(|e| unwritten(task, e)),
            Writer::Arrow(mut writer) => writer.finish().map_err(|e| unwritten(task, e)),
        }
    }
}

fn unwritten(task: &Task<'_>, e: impl std::fmt::Display) -> Error {
    Error::file(task.name, format!("could not be written: {e}"))
}
