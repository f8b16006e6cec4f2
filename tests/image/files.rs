//! Folders of files for one test, and what reading them gives.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use candle_mixup::Result;
use candle_mixup::data::Source;
use candle_mixup::image::{ImageOptions, ImageSet};
use tempfile::TempDir;

pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        match name {
            "" => self.0.path().into(),
            name => self.0.path().join(name),
        }
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("inside the folder")).expect("made");
        fs::write(&path, bytes).expect("written");
        path
    }

    pub fn read(&self, name: &str) -> Result<ImageSet> {
        self.read_with(name, &ImageOptions::default())
    }

    pub fn read_with(&self, name: &str, options: &ImageOptions) -> Result<ImageSet> {
        ImageSet::read(&Source::File(self.path(name)), options)
    }

    pub fn unlabelled(&self, name: &str) -> Result<ImageSet> {
        ImageSet::read_unlabelled(&Source::File(self.path(name)), &ImageOptions::default())
    }

    /// What reading reports, with the folder's own path left out.
    pub fn error(&self, name: &str) -> String {
        self.error_with(name, &ImageOptions::default())
    }

    pub fn error_with(&self, name: &str, options: &ImageOptions) -> String {
        self.shown(self.read_with(name, options).expect_err("refused"))
    }

    pub fn shown(&self, error: candle_mixup::Error) -> String {
        let own = format!("{}/", self.0.path().display());
        error
            .to_string()
            .replace(&own, "")
            .replace(own.trim_end_matches('/'), ".")
    }
}

pub fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("into memory");
    packer.finish().expect("into memory")
}

/// A row's bytes.
pub fn row(set: &ImageSet, row: u32) -> Vec<u8> {
    let mut bytes = vec![0; set.shape().len()];
    set.copy(row, &mut bytes).expect("in the set");
    bytes
}

pub fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&n| n.to_owned()).collect()
}
