//! The bytes of a file of images: mapped, or unpacked into memory.

use std::fs::File;
use std::io::Read;
use std::ops::Deref;
use std::path::Path;

use super::map::Map;
use crate::data::{Source, read_error};
use crate::error::{Error, Result};

const GZIP: &[u8] = b"\x1f\x8b";

/// A file's bytes.
#[derive(Debug)]
pub(super) enum Content {
    Memory(Vec<u8>),
    Mapped(Map),
}

impl Content {
    /// Maps a plain file; unpacks one that is packed with gzip.
    pub fn open(path: &Path) -> Result<Self> {
        let named_packed = path.extension().is_some_and(|e| e == "gz");
        if !named_packed && start(path, GZIP.len())? != GZIP {
            return Map::open(path).map(Self::Mapped);
        }
        let mut bytes = Vec::new();
        let mut reader = Source::File(path.into()).raw()?;
        let read = reader.read_to_end(&mut bytes);
        read.map_err(|e| read_error(path, e))?;
        Ok(Self::Memory(bytes))
    }
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

/// The first `n` bytes of a file as it lies on the disk, or fewer where there are fewer.
fn start(path: &Path, n: usize) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(Error::io(path))?;
    let mut bytes = Vec::with_capacity(n);
    let read = file.take(n as u64).read_to_end(&mut bytes);
    read.map_err(Error::io(path))?;
    Ok(bytes)
}

/// The first `n` bytes of a file, unpacked where it is packed.
pub(super) fn unpacked_start(path: &Path, n: usize) -> Result<Vec<u8>> {
    let reader = Source::File(path.into()).raw()?;
    let mut bytes = Vec::with_capacity(n);
    let read = reader.take(n as u64).read_to_end(&mut bytes);
    read.map_err(|e| read_error(path, e))?;
    Ok(bytes)
}
