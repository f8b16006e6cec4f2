//! A file's bytes as memory, read from the disk where they are touched.

use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use crate::error::{Error, Result};

/// A mapped file. It must not be changed or cut short while it is mapped: its bytes would change under a running
/// batch, and touching a page that is no longer there ends the program.
#[derive(Debug)]
pub(super) struct Map(Mmap);

impl Map {
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        // SAFETY: the map is private to this type and only read; that nobody else writes to a data set while it is
        // used is asked of the user, in the documentation of `ImageSet::read`.
        unsafe { Mmap::map(&file) }
            .map(Self)
            .map_err(Error::io(path))
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_the_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("bytes");
        for bytes in [&b""[..], b"a", &[7; 10_000]] {
            std::fs::write(&path, bytes).expect("written");
            assert_eq!(&*Map::open(&path).expect("mapped"), bytes);
        }
        assert!(matches!(
            Map::open(&folder.path().join("no")),
            Err(Error::Io { .. })
        ));
    }
}
