//! Where rows come from: a file, plain or packed, or a shipped set; and in which format.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::datasets::Dataset;
use super::utf8::CheckedUtf8;
use crate::error::{Error, Result};

pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";
const GZIP: &[u8] = b"\x1f\x8b";

/// A file of rows, or a shipped set.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A csv, tsv or jsonl file, plain or packed with gzip.
    File(PathBuf),
    /// A set that comes with the program.
    Shipped(&'static Dataset),
}

impl Source {
    /// `@NAME` names a shipped set, anything else a file.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a set that is not shipped.
    pub fn parse(name: &str) -> Result<Self> {
        match name.strip_prefix('@') {
            Some(name) => Dataset::named(name).map(Self::Shipped),
            None => Ok(Self::File(name.into())),
        }
    }

    /// The file's path, or `@NAME`.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Shipped(set) => format!("@{}", set.name).into(),
        }
    }

    /// The format, by the extension before `.gz`.
    ///
    /// # Errors
    /// [`Error::File`] naming the extensions that are read.
    pub(super) fn format(&self) -> Result<Format> {
        let name = match self {
            Self::File(path) => path.to_string_lossy().to_lowercase(),
            Self::Shipped(set) => set.file.to_owned(),
        };
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match Path::new(name).extension().and_then(|e| e.to_str()) {
            Some("csv") => Ok(Format::Delimited(b',')),
            Some("tsv" | "tab") => Ok(Format::Delimited(b'\t')),
            Some("jsonl" | "ndjson") => Ok(Format::JsonLines),
            _ => Err(Error::file(
                self.path(),
                "the format is read from the extension, which must be .csv, .tsv or .jsonl, or one of these with .gz",
            )),
        }
    }

    /// How its lines end: as the first one does, `\n` where there is none.
    ///
    /// # Errors
    /// [`Error::Io`] for a missing file.
    pub fn line_end(&self) -> Result<&'static str> {
        let mut first = Vec::new();
        let read = BufReader::new(self.raw()?).read_until(b'\n', &mut first);
        read.map_err(|e| read_error(&self.path(), e))?;
        Ok(if first.ends_with(b"\r\n") {
            "\r\n"
        } else {
            "\n"
        })
    }

    /// Whether the file begins with a byte order mark.
    ///
    /// # Errors
    /// [`Error::Io`] for a missing file.
    pub fn has_byte_order_mark(&self) -> Result<bool> {
        let (start, _) = peek(self.raw()?, BOM.len()).map_err(|e| read_error(&self.path(), e))?;
        Ok(start == BOM)
    }

    /// The unpacked bytes as they are, a byte order mark among them.
    pub(crate) fn raw(&self) -> Result<Bytes> {
        match self {
            Self::Shipped(set) => Ok(Box::new(set.reader())),
            Self::File(file) => unpacked(file),
        }
    }

    /// The unpacked bytes: checked to be UTF-8, without a byte order mark.
    pub(crate) fn reader(&self) -> Result<Bytes> {
        let path = self.path();
        let raw = self.raw()?;
        let (start, raw) = peek(raw, BOM.len()).map_err(|e| read_error(&path, e))?;
        let skipped = if start == BOM { BOM.len() } else { 0 };
        let rest = Cursor::new(start[skipped..].to_vec()).chain(raw);
        Ok(Box::new(CheckedUtf8::new(rest, path, skipped as u64)))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(f)
    }
}

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Separated by this byte, quoted as in csv.
    Delimited(u8),
    /// One JSON object a line.
    JsonLines,
}

pub(crate) type Bytes = Box<dyn Read + Send>;

/// A file's bytes, unpacked where its first two bytes say that it is packed.
fn unpacked(path: &Path) -> Result<Bytes> {
    let file = File::open(path).map_err(Error::io(path))?;
    if file.metadata().map_err(Error::io(path))?.is_dir() {
        return Err(Error::file(path, "is a folder, not a file"));
    }
    let (start, file) = peek(file, GZIP.len()).map_err(Error::io(path))?;
    let packed = start == GZIP;
    let named_packed = path.extension().is_some_and(|e| e == "gz");
    let whole = Cursor::new(start).chain(file);
    match (packed, named_packed) {
        (true, _) => Ok(Box::new(MultiGzDecoder::new(whole))),
        (false, true) => Err(Error::file(
            path,
            "is named .gz but is not packed with gzip",
        )),
        (false, false) => Ok(Box::new(whole)),
    }
}

/// The first `n` bytes, or fewer where there are fewer, and the reader behind them.
fn peek<R: Read>(mut reader: R, n: usize) -> io::Result<(Vec<u8>, R)> {
    let mut start = Vec::with_capacity(n);
    reader.by_ref().take(n as u64).read_to_end(&mut start)?;
    Ok((start, reader))
}

/// An error met while reading: our own, where a checking reader raised it, or the system's.
pub(crate) fn read_error(path: &Path, e: io::Error) -> Error {
    match e.downcast::<Error>() {
        Ok(ours) => ours,
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::InvalidInput
                    | io::ErrorKind::InvalidData
            ) =>
        {
            Error::file(path, format!("damaged or cut short: {e}"))
        }
        Err(source) => Error::Io {
            path: path.to_path_buf(),
            source,
        },
    }
}
