//! Folders with tables in them.
#![allow(
    dead_code,
    reason = "each test binary uses a part of what is shared here"
)]

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;

use candle_mixup::data::Source;
use candle_mixup::table::{Category, ScanOptions};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use tempfile::TempDir;

/// A folder that is gone afterwards.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of the folder with this content.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Source {
        fs::write(self.path(name), content).expect("the folder is writable");
        Source::File(self.path(name))
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("the file is there")
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).expect("UTF-8")
    }

    /// The names of the files in it, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder is there");
        let mut names: Vec<String> = entries
            .map(|e| e.expect("readable").file_name().to_string_lossy().into())
            .collect();
        names.sort();
        names
    }
}

pub fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

pub fn unpacked(content: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(content)
        .read_to_string(&mut text)
        .expect("packed UTF-8");
    text
}

pub fn labelled(label: &str) -> ScanOptions {
    ScanOptions {
        label: Some(label.into()),
        ..ScanOptions::default()
    }
}

pub fn names(categories: &[Category]) -> Vec<&str> {
    categories.iter().map(|c| c.name.as_str()).collect()
}
