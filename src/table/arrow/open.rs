//! Parquet by row groups and Arrow IPC by batches: pieces that can be read side by side.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;

use super::super::format::{Body, Format};
use super::guard::{guarded, guarded_items};
use crate::data::Source;
use crate::error::{Error, Result};

/// Rows that are decoded at once.
const BATCH: usize = 8192;
/// What an Arrow file, as opposed to a stream, begins with.
const ARROW_FILE: &[u8] = b"ARROW1";

/// Batches and the number of their first row.
pub(in super::super) type Batches = Box<dyn Iterator<Item = Result<(u64, RecordBatch)>> + Send>;

/// Batches as the library hands them out.
type Arrived = Box<dyn Iterator<Item = std::result::Result<RecordBatch, ArrowError>> + Send>;

/// An open file.
pub(in super::super) struct Opened {
    pub path: PathBuf,
    pub schema: SchemaRef,
    content: Content,
}

enum Content {
    Parquet(ArrowReaderMetadata),
    Batches(Arrived),
}

/// A piece of a file.
pub(in super::super) enum Piece {
    Group {
        path: PathBuf,
        metadata: ArrowReaderMetadata,
        index: usize,
        first_row: u64,
        columns: Vec<usize>,
    },
    Batch(u64, RecordBatch),
}

impl Opened {
    pub fn open(source: &Source) -> Result<Self> {
        let path = source.path();
        let file = File::open(&path).map_err(Error::io(&path))?;
        if file.metadata().map_err(Error::io(&path))?.is_dir() {
            return Err(Error::file(&path, "is a folder, not a file"));
        }
        match Format::of(source)?.body {
            Body::Parquet => Self::parquet(path, &file),
            Body::Arrow | Body::Text(_) => Self::arrow(path, file),
        }
    }

    fn parquet(path: PathBuf, file: &File) -> Result<Self> {
        let load = || ArrowReaderMetadata::load(file, ArrowReaderOptions::new());
        let metadata = guarded(&path, load)?;
        Ok(Self {
            schema: metadata.schema().clone(),
            content: Content::Parquet(metadata),
            path,
        })
    }

    fn arrow(path: PathBuf, file: File) -> Result<Self> {
        let mut reader = BufReader::new(file);
        let mut start = Vec::new();
        let magic = ARROW_FILE.len() as u64;
        reader
            .by_ref()
            .take(magic)
            .read_to_end(&mut start)
            .map_err(Error::io(&path))?;
        reader.rewind().map_err(Error::io(&path))?;
        let (schema, batches): (_, Arrived) = match start == ARROW_FILE {
            true => {
                let reader = guarded(&path, || FileReader::try_new(reader, None))?;
                (reader.schema(), Box::new(reader))
            }
            false => {
                let reader = guarded(&path, || StreamReader::try_new(reader, None))?;
                (reader.schema(), Box::new(reader))
            }
        };
        Ok(Self {
            schema,
            content: Content::Batches(batches),
            path,
        })
    }

    /// What a Parquet file says of itself.
    pub fn metadata(&self) -> Option<&ArrowReaderMetadata> {
        match &self.content {
            Content::Parquet(metadata) => Some(metadata),
            Content::Batches(_) => None,
        }
    }

    /// How a Parquet file is packed.
    pub fn compression(&self) -> Option<Compression> {
        let group = self.metadata()?.metadata().row_groups().first()?;
        group.columns().first().map(|c| c.compression())
    }

    /// The pieces in the order of the file, of these columns alone (ascending).
    pub fn pieces(self, columns: Vec<usize>) -> Box<dyn Iterator<Item = Result<Piece>> + Send> {
        let path = self.path;
        match self.content {
            Content::Parquet(metadata) => Box::new(groups(path, metadata, columns)),
            Content::Batches(batches) => {
                let project = move |batch: std::result::Result<RecordBatch, ArrowError>| {
                    batch.and_then(|b| b.project(&columns))
                };
                let batches = guarded_items(path, batches.map(project));
                Box::new(numbered(0, batches).map(|b| b.map(|(row, b)| Piece::Batch(row, b))))
            }
        }
    }
}

/// Batches and the numbers of their first rows, from `row`.
fn numbered(
    mut row: u64,
    batches: impl Iterator<Item = Result<RecordBatch>>,
) -> impl Iterator<Item = Result<(u64, RecordBatch)>> {
    batches.map(move |batch| {
        let batch = batch?;
        let first = row;
        row += batch.num_rows() as u64;
        Ok((first, batch))
    })
}

/// All batches of a file, with all columns.
pub(in super::super) fn batches(opened: Opened) -> Batches {
    let columns = (0..opened.schema.fields().len()).collect();
    Box::new(opened.pieces(columns).flat_map(|piece| match piece {
        Ok(piece) => piece.batches(),
        Err(e) => Box::new(std::iter::once(Err(e))),
    }))
}

fn groups(
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    columns: Vec<usize>,
) -> impl Iterator<Item = Result<Piece>> + Send {
    let mut row = 0;
    (0..metadata.metadata().num_row_groups()).map(move |index| {
        let first_row = row;
        row += metadata.metadata().row_group(index).num_rows().max(0) as u64;
        Ok(Piece::Group {
            path: path.clone(),
            metadata: metadata.clone(),
            index,
            first_row,
            columns: columns.clone(),
        })
    })
}

impl Piece {
    /// The piece's batches.
    pub fn batches(self) -> Batches {
        match self {
            Self::Batch(row, batch) => Box::new(std::iter::once(Ok((row, batch)))),
            Self::Group {
                path,
                metadata,
                index,
                first_row,
                columns,
            } => match open_group(&path, metadata, index, columns) {
                Err(e) => Box::new(std::iter::once(Err(e))),
                Ok(reader) => Box::new(numbered(first_row, guarded_items(path, reader))),
            },
        }
    }
}

fn open_group(
    path: &Path,
    metadata: ArrowReaderMetadata,
    index: usize,
    columns: Vec<usize>,
) -> Result<ParquetRecordBatchReader> {
    let file = File::open(path).map_err(Error::io(path))?;
    guarded(path, || {
        let mask = ProjectionMask::roots(metadata.parquet_schema(), columns);
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_row_groups(vec![index])
            .with_projection(mask)
            .with_batch_size(BATCH)
            .build()
    })
}
