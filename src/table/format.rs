//! In which format a table is written, by the extension of its file.

use std::path::Path;

use crate::data::Source;
use crate::error::{Error, Result};

/// How a table is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    pub(super) body: Body,
    /// Packed with gzip.
    pub(super) packed: bool,
}

/// The format of a table before it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// Separated by this byte, quoted as in csv.
    Text(u8),
    Parquet,
    Arrow,
}

impl Format {
    /// Comma-separated text, as for the standard output.
    pub fn csv() -> Self {
        Self {
            body: Body::Text(b','),
            packed: false,
        }
    }

    /// The format that the extension of `path` names: `.csv`, `.tsv`, `.tab`, each also with `.gz`; `.parquet`;
    /// `.arrow`, `.ipc`, `.feather`.
    ///
    /// # Errors
    /// [`Error::File`] naming these.
    pub fn of_path(path: &Path) -> Result<Self> {
        let name = path.to_string_lossy().to_lowercase();
        let (inner, packed) = match name.strip_suffix(".gz") {
            Some(inner) => (inner, true),
            None => (name.as_str(), false),
        };
        let extension = Path::new(inner).extension().and_then(|e| e.to_str());
        let body = match (extension, packed) {
            (Some("csv"), _) => Body::Text(b','),
            (Some("tsv" | "tab"), _) => Body::Text(b'\t'),
            (Some("parquet" | "pq"), false) => Body::Parquet,
            (Some("arrow" | "ipc" | "feather"), false) => Body::Arrow,
            _ => {
                return Err(Error::file(
                    path,
                    "the format is read from the extension, which must be .csv or .tsv (either also with .gz), .parquet, .arrow, .ipc or .feather",
                ));
            }
        };
        Ok(Self { body, packed })
    }

    /// The format of a source.
    ///
    /// # Errors
    /// As [`Format::of_path`].
    pub fn of(source: &Source) -> Result<Self> {
        match source {
            Source::File(path) => Self::of_path(path),
            Source::Shipped(set) => Self::of_path(Path::new(set.file)),
        }
    }
}

/// What Parquet and Arrow meet in a build that cannot read them.
#[cfg(not(feature = "cli"))]
pub(super) fn not_built(path: &Path) -> Error {
    Error::Unsupported {
        op: "a build without the feature `cli`",
        what: format!("Parquet or Arrow: {}", path.display()),
    }
}
