//! Small files of tagged sentences.

use std::io::Write;

use candle_mixup::data::Source;
use candle_mixup::text::{TagColumns, TaggedCorpus};
use candle_mixup::{Error, Result};
use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Source {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).expect("the folder is writable");
        Source::File(path)
    }
}

pub fn packed(content: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(content.as_bytes())
        .expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

pub fn read(name: &str, content: impl AsRef<[u8]>, columns: &TagColumns) -> Result<TaggedCorpus> {
    TaggedCorpus::read(&Folder::new().file(name, content), columns, None)
}

/// What is said of a file, without the folder's name.
#[track_caller]
pub fn refused(name: &str, content: impl AsRef<[u8]>, columns: &TagColumns) -> String {
    said(
        &read(name, content, columns).expect_err("the file is wrong"),
        name,
    )
}

/// An error's words from the file's name on.
pub fn said(error: &Error, name: &str) -> String {
    let words = error.to_string();
    let start = words
        .find(name)
        .unwrap_or_else(|| panic!("no '{name}' in: {words}"));
    words[start..].to_string()
}
