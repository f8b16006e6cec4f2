//! What an IDX file begins with, and whether its length is what that promises.
//!
//! ```text
//! images   00 00 08 03, rows, height, width, then rows x height x width bytes
//! labels   00 00 08 01, rows, then a byte a row
//! ```

use std::fmt::Write;
use std::path::Path;

use crate::error::{Error, Result};

/// What a file should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Images,
    Labels,
}

impl Kind {
    fn dimensions(self) -> usize {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }

    fn magic(self) -> [u8; 4] {
        [0, 0, 8, self.dimensions() as u8]
    }

    pub fn header(self) -> usize {
        4 + 4 * self.dimensions()
    }

    fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Images => Self::Labels,
            Self::Labels => Self::Images,
        }
    }
}

/// Whether a file that begins so calls itself IDX.
pub(super) fn is_idx(start: &[u8]) -> bool {
    start.starts_with(&[0, 0]) && start.len() >= 4
}

/// The sizes in a header, after the file's length was found to be what they promise.
pub(super) fn sizes(path: &Path, bytes: &[u8], kind: Kind) -> Result<Vec<usize>> {
    let name = kind.name();
    if let Some(magic) = bytes.first_chunk() {
        check_magic(path, *magic, kind)?;
    }
    let Some(header) = bytes.get(..kind.header()) else {
        let (got, least) = (bytes.len(), kind.header());
        let problem =
            format!("cut short: {got} bytes, where the header of IDX {name} alone has {least}");
        return Err(Error::file(path, problem));
    };
    let numbers = header[4..].as_chunks::<4>().0;
    let sizes: Vec<usize> = numbers
        .iter()
        .map(|n| u32::from_be_bytes(*n) as usize)
        .collect();
    let body = sizes
        .iter()
        .try_fold(1usize, |n, &size| n.checked_mul(size));
    let promised = body.and_then(|n| n.checked_add(kind.header()));
    let problem = match promised {
        Some(n) if n == bytes.len() => return Ok(sizes),
        Some(n) if n < bytes.len() => "too long",
        _ => "cut short",
    };
    let written = sizes
        .iter()
        .map(usize::to_string)
        .collect::<Vec<_>>()
        .join(" x ");
    let promised = promised.map_or("more than there can be".into(), |n| n.to_string());
    let got = bytes.len();
    let problem = format!(
        "{problem}: the header promises {name} of {written}, {promised} bytes with it, and there are {got}"
    );
    Err(Error::file(path, problem))
}

fn check_magic(path: &Path, magic: [u8; 4], kind: Kind) -> Result<()> {
    let name = kind.name();
    if magic == kind.magic() {
        return Ok(());
    }
    let other = kind.other();
    let problem = match magic {
        m if m == other.magic() => format!("holds {}, where {name} belong", other.name()),
        [0, 0, 8, n] => format!(
            "is an IDX file of {n} dimensions; {name} have {}",
            kind.dimensions()
        ),
        [0, 0, t, _] => {
            format!("is an IDX file of values of type 0x{t:02x}; only bytes (0x08) are read")
        }
        _ => format!(
            "is no IDX file of {name}: it begins with {}, not {}",
            hex(&magic),
            hex(&kind.magic())
        ),
    };
    Err(Error::file(path, problem))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".into(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
