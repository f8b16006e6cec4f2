//! Where synthetic rows go.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;

use super::super::format::{Body, Format};
use super::super::schema::Schema;
use super::WriteOptions;
use super::chunk::Chunk;
use super::copy::{Task, copy_text};
use super::lines::Lines;
use crate::error::{Error, Result};

/// Rows that become text at once, on one thread.
const BLOCK: usize = 1024;

/// Takes synthetic rows, and writes them behind the rows of the file.
pub struct Sink<'a> {
    task: Task<'a>,
    out: Out<'a>,
}

enum Out<'a> {
    Text(Box<TextOut<'a>>),
    #[cfg(feature = "cli")]
    Arrow(Box<super::arrow_out::ArrowOut<'a>>),
}

struct TextOut<'a> {
    out: Pack<'a>,
    lines: Lines,
    /// Whether the line before the next has no end.
    open: bool,
}

/// A writer, packed or not.
enum Pack<'a> {
    Plain(&'a mut (dyn Write + Send)),
    Gzip(GzEncoder<&'a mut (dyn Write + Send)>),
}

impl<'a> Sink<'a> {
    /// Copies the rows of the file.
    pub(super) fn begin(
        out: &'a mut (dyn Write + Send),
        format: Format,
        task: &Task<'a>,
    ) -> Result<Self> {
        let out = match format.body {
            Body::Text(delimiter) => {
                let mut out = match format.packed {
                    true => Pack::Gzip(GzEncoder::new(out, Compression::fast())),
                    false => Pack::Plain(out),
                };
                let ended = begin_text(task, delimiter, out.writer())?;
                Out::Text(Box::new(TextOut {
                    out,
                    lines: Lines::new(task.schema, task.options, delimiter, ended.newline),
                    open: ended.open,
                }))
            }
            #[cfg(feature = "cli")]
            Body::Parquet | Body::Arrow => Out::Arrow(Box::new(super::arrow_out::ArrowOut::begin(
                out, format, task,
            )?)),
            #[cfg(not(feature = "cli"))]
            Body::Parquet | Body::Arrow => return Err(super::super::format::not_built(task.name)),
        };
        Ok(Self { task: *task, out })
    }

    /// Writes rows.
    ///
    /// # Errors
    /// [`Error::Shape`] for rows that do not fit the table, [`Error::Io`], [`Error::Interrupted`].
    pub fn push(&mut self, chunk: &Chunk<'_>) -> Result<()> {
        let (schema, options): (&Schema, &WriteOptions) = (self.task.schema, self.task.options);
        chunk.check(schema, &options.extras)?;
        match &mut self.out {
            Out::Text(text) => text.push(&self.task, chunk),
            #[cfg(feature = "cli")]
            Out::Arrow(arrow) => arrow.push(&self.task, chunk),
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self.out {
            Out::Text(text) => text.out.finish().map_err(Error::io(self.task.name)),
            #[cfg(feature = "cli")]
            Out::Arrow(arrow) => arrow.finish(&self.task),
        }
    }
}

fn begin_text(
    task: &Task<'_>,
    delimiter: u8,
    out: &mut (dyn Write + Send),
) -> Result<super::copy::Ended> {
    match Format::of(task.source)?.body {
        Body::Text(from) => copy_text(task, from, delimiter, out),
        #[cfg(feature = "cli")]
        Body::Parquet | Body::Arrow => super::arrow_text::copy_arrow(task, delimiter, out),
        #[cfg(not(feature = "cli"))]
        Body::Parquet | Body::Arrow => Err(super::super::format::not_built(&task.schema.path)),
    }
}

impl TextOut<'_> {
    fn push(&mut self, task: &Task<'_>, chunk: &Chunk<'_>) -> Result<()> {
        let Self { out, lines, open } = self;
        if std::mem::take(open) && !chunk.is_empty() {
            task.write(out.writer(), &lines.newline)?;
        }
        let extras = chunk.values(&task.options.extras);
        let blocks: Vec<usize> = (0..chunk.len()).step_by(BLOCK).collect();
        for blocks in blocks.chunks(rayon::current_num_threads() * 4) {
            if task.progress.stop() {
                return Err(Error::Interrupted);
            }
            let text = |&first: &usize| {
                let mut text = Vec::new();
                for row in first..chunk.len().min(first + BLOCK) {
                    lines.push(&mut text, chunk, &extras, row);
                }
                text
            };
            let texts: Vec<Vec<u8>> = blocks.par_iter().map(text).collect();
            for text in texts {
                task.write(out.writer(), &text)?;
            }
        }
        Ok(())
    }
}

impl Pack<'_> {
    fn writer(&mut self) -> &mut (dyn Write + Send) {
        match self {
            Self::Plain(out) => *out,
            Self::Gzip(out) => out,
        }
    }

    fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gzip(encoder) => encoder.finish()?.flush(),
        }
    }
}
