//! The rows of a table file in chunks, whatever its format; the next chunk is read while one is worked on.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::blocks::{Block, Blocks, cells};
use super::kind::Kind;
use crate::data::{Header, Source};
use crate::error::{Error, Result};

/// How a table is written in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text, separated by this byte and quoted as in csv.
    Text(u8),
    /// Parquet.
    Parquet,
    /// Arrow IPC, as a file or as a stream.
    Arrow,
}

impl Format {
    /// The format by a file's ending, `.gz` after it left out.
    ///
    /// # Errors
    /// [`Error::File`] naming the endings that are known.
    pub fn of(path: &Path) -> Result<Self> {
        let name = path.to_string_lossy().to_lowercase();
        let packed = name.ends_with(".gz");
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match (name.rsplit_once('.').map(|(_, ending)| ending), packed) {
            (Some("csv"), _) => Ok(Self::Text(b',')),
            (Some("tsv" | "tab"), _) => Ok(Self::Text(b'\t')),
            (Some("parquet" | "pq"), false) => Ok(Self::Parquet),
            (Some("arrow" | "ipc" | "feather"), false) => Ok(Self::Arrow),
            _ => Err(Error::file(
                path,
                "the format of a table is read from the ending, which must be .csv, .tsv (also with .gz), .parquet, \
                 .arrow, .ipc or .feather",
            )),
        }
    }

    /// The format of a source.
    ///
    /// # Errors
    /// As [`Format::of`].
    pub fn of_source(source: &Source) -> Result<Self> {
        match source {
            Source::File(path) => Self::of(path),
            Source::Shipped(set) => Self::of(Path::new(set.file)),
        }
    }
}

/// Some whole rows.
pub(super) enum Chunk {
    /// Of a text file.
    Text(Block),
    /// Of a columnar file, with the number of its first row.
    #[cfg(feature = "cli")]
    Batch(arrow_array::RecordBatch, u64),
}

/// An open table file, its column names read.
pub(super) struct Input {
    pub path: PathBuf,
    pub names: Vec<String>,
    pub format: Format,
    /// The columns' kinds, where the file itself states them.
    pub kinds: Option<Vec<Kind>>,
    /// The file's own schema, where it has one.
    #[cfg(feature = "cli")]
    pub schema: Option<arrow_schema::SchemaRef>,
    first: Option<Block>,
    rows: Rows,
}

enum Rows {
    Text(Blocks<Box<dyn Read + Send>>, u64),
    #[cfg(feature = "cli")]
    Batches(super::columnar::Batches),
}

impl Input {
    pub(super) fn open(source: &Source, header: Header) -> Result<Self> {
        let format = Format::of_source(source)?;
        match format {
            Format::Text(delimiter) => Self::open_text(source, header, delimiter),
            _ => Self::open_columnar(source, format),
        }
    }

    fn open_text(source: &Source, header: Header, delimiter: u8) -> Result<Self> {
        let path = source.path();
        let mut blocks = Blocks::new(source.reader()?, &path, delimiter);
        let mut first = blocks
            .next_block()?
            .filter(|block| !block.records.is_empty())
            .ok_or_else(|| Error::file(&path, "is empty"))?;
        let place = first.records[0];
        let mut names = Vec::new();
        cells(
            &first.bytes[place.begin..place.end],
            delimiter,
            |i, cell| {
                names.push(match header {
                    Header::First => String::from_utf8_lossy(&cell).into_owned(),
                    Header::Absent => (i + 1).to_string(),
                });
                Ok(())
            },
        )?;
        let skipped = u64::from(header == Header::First);
        first.records.drain(..skipped as usize);
        Ok(Self {
            path,
            names,
            format: Format::Text(delimiter),
            kinds: None,
            #[cfg(feature = "cli")]
            schema: None,
            first: Some(first),
            rows: Rows::Text(blocks, skipped),
        })
    }

    #[cfg(feature = "cli")]
    fn open_columnar(source: &Source, format: Format) -> Result<Self> {
        let path = source.path();
        let batches = super::columnar::Batches::open(&path, format)?;
        let schema = batches.schema();
        Ok(Self {
            path,
            names: schema.fields().iter().map(|f| f.name().clone()).collect(),
            format,
            kinds: Some(super::columnar::kinds(&schema)),
            schema: Some(schema),
            first: None,
            rows: Rows::Batches(batches),
        })
    }

    #[cfg(not(feature = "cli"))]
    fn open_columnar(source: &Source, _: Format) -> Result<Self> {
        Err(Error::file(
            source.path(),
            "Parquet and Arrow are read by the feature 'cli', which this build lacks",
        ))
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(Chunk::Text(first)));
        }
        match &mut self.rows {
            Rows::Text(blocks, header) => Ok(blocks.next_block()?.map(|mut block| {
                block.first -= *header;
                Chunk::Text(block)
            })),
            #[cfg(feature = "cli")]
            Rows::Batches(batches) => {
                Ok(batches.next_batch()?.map(|(b, row)| Chunk::Batch(b, row)))
            }
        }
    }

    /// Works on every chunk, side by side with reading the next one, and takes the outcomes in order.
    pub(super) fn for_each<A: Send>(
        mut self,
        work: impl Fn(Chunk) -> Result<A> + Sync,
        mut take: impl FnMut(A) -> Result<()>,
    ) -> Result<()> {
        let mut next = self.next_chunk()?;
        while let Some(chunk) = next {
            let (done, read) = rayon::join(|| work(chunk), || self.next_chunk());
            take(done?)?;
            next = read?;
        }
        Ok(())
    }
}
