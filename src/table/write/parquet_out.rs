//! A Parquet file that grows by row groups: columns are encoded side by side, and those of another file are taken over
//! as they are packed.

use std::fs::File;
use std::io::Write;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::Compression;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::SchemaDescriptor;
use rayon::prelude::*;

use super::extras::Extra;
use super::synthetic_batch::extras_of_originals;

/// Rows of a row group: what is held until it is written.
const GROUP: usize = 1 << 17;

/// A file and the row group that is being filled.
pub(super) struct ParquetOut<'a> {
    file: SerializedFileWriter<&'a mut (dyn Write + Send)>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    /// One for each column of the row group, none before its first row.
    columns: Vec<ArrowColumnWriter>,
    rows: usize,
    groups: usize,
}

impl<'a> ParquetOut<'a> {
    pub fn new(
        out: &'a mut (dyn Write + Send),
        schema: SchemaRef,
        compression: Compression,
    ) -> Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .build();
        let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties))?;
        let (file, factory) = writer.into_serialized_writer()?;
        Ok(Self {
            file,
            factory,
            schema,
            columns: Vec::new(),
            rows: 0,
            groups: 0,
        })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.columns.is_empty() {
            self.columns = self.factory.create_column_writers(self.groups)?;
        }
        let fields = self.schema.fields().iter().zip(batch.columns());
        let leaves = fields.map(|(field, array)| compute_leaves(field, array));
        let leaves: Vec<_> = leaves.collect::<Result<Vec<_>>>()?;
        let leaves: Vec<_> = leaves.into_iter().flatten().collect();
        self.columns
            .par_iter_mut()
            .zip(&leaves)
            .try_for_each(|(column, leaf)| column.write(leaf))?;
        self.rows += batch.num_rows();
        match self.rows >= GROUP {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<()> {
        let columns = std::mem::take(&mut self.columns);
        if columns.is_empty() {
            return Ok(());
        }
        let chunks = columns.into_par_iter().map(ArrowColumnWriter::close);
        let chunks: Vec<ArrowColumnChunk> = chunks.collect::<Result<_>>()?;
        let mut group = self.file.next_row_group()?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        self.rows = 0;
        self.groups += 1;
        Ok(())
    }

    /// Whether columns of such a file can be taken over.
    pub fn takes(&self, stored: &SchemaDescriptor) -> bool {
        let mine = self.file.schema_descr().columns();
        let theirs = stored.columns();
        mine.len() >= theirs.len() && mine.iter().zip(theirs).all(|(a, b)| a == b)
    }

    /// Takes a row group of another file over, and puts extra columns beside it.
    pub fn take(&mut self, from: &File, group: &RowGroupMetaData, extras: &[Extra]) -> Result<()> {
        self.flush()?;
        let rows = usize::try_from(group.num_rows())
            .map_err(|_| ParquetError::General("a row group has fewer than no rows".into()))?;
        let mut beside = self.factory.create_column_writers(self.groups)?;
        let beside = beside.split_off(group.num_columns());
        let chunks = self.encoded(beside, extras, rows)?;
        let mut out = self.file.next_row_group()?;
        for column in group.columns() {
            out.append_column(from, taken(column, rows))?;
        }
        for chunk in chunks {
            chunk.append_to_row_group(&mut out)?;
        }
        out.close()?;
        self.groups += 1;
        Ok(())
    }

    /// The extra columns of rows of the file, some rows at a time.
    fn encoded(
        &self,
        mut columns: Vec<ArrowColumnWriter>,
        extras: &[Extra],
        rows: usize,
    ) -> Result<Vec<ArrowColumnChunk>> {
        let fields = &self.schema.fields()[self.schema.fields().len() - extras.len()..];
        for first in (0..rows).step_by(GROUP) {
            let arrays = extras_of_originals(extras, GROUP.min(rows - first));
            for ((column, field), array) in columns.iter_mut().zip(fields).zip(&arrays) {
                for leaf in compute_leaves(field, array)? {
                    column.write(&leaf)?;
                }
            }
        }
        columns.into_iter().map(ArrowColumnWriter::close).collect()
    }

    /// Writes what is held, and the file's end.
    pub fn finish(mut self) -> Result<()> {
        self.flush()?;
        self.file.close().map(|_| ())
    }
}

/// A column chunk as it is, without its indexes, which say where pages stood in the other file.
fn taken(column: &ColumnChunkMetaData, rows: usize) -> ColumnCloseResult {
    ColumnCloseResult {
        bytes_written: column.compressed_size().max(0) as u64,
        rows_written: rows as u64,
        metadata: column.clone(),
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    }
}
