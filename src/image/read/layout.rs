//! Which format lies at a path.

use std::fs;
use std::path::Path;

use super::cifar::{self, Cifar};
use super::idx_header::is_idx;
use super::{folder, idx};
use crate::error::{Error, Result};
use crate::image::content::unpacked_start;
use crate::image::options::Format;
use crate::image::pictures::is_picture;

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Table,
    IdxFolder,
    IdxFile,
    CifarFolder(Cifar),
    CifarFile(Cifar),
    /// A folder of pictures, or of folders of them.
    Pictures,
    /// One picture.
    Picture,
}

const KNOWN_FOLDERS: &str = "no images were found; known are folders with train-images-idx3-ubyte and \
    train-labels-idx1-ubyte (IDX), data_batch_1.bin to data_batch_5.bin (CIFAR-10), train.bin (CIFAR-100), a folder of \
    PNG or JPEG files for each class, or the folders train and test with a folder for each class";

const KNOWN_FILES: &str = "is no file of images: known are IDX files (train-images-idx3-ubyte), binary CIFAR files \
    (.bin), tables of pixels (.csv, .tsv, .jsonl), all also with .gz; PNG and JPEG files are given as a folder";

pub(super) const ONE_PICTURE: &str =
    "is one picture; to be read with classes, pictures lie in a folder for each class";

impl Layout {
    pub fn of(path: &Path) -> Result<Self> {
        match fs::metadata(path).map_err(Error::io(path))?.is_dir() {
            true => Self::of_folder(path),
            false => Self::of_file(path),
        }
    }

    fn of_folder(path: &Path) -> Result<Self> {
        let has = |name: &str| folder::find(path, name).is_some();
        if idx::NAMES
            .iter()
            .any(|names| has(names[0]) || has(names[1]))
        {
            return Ok(Self::IdxFolder);
        }
        if cifar::BATCHES.iter().any(|name| has(name)) {
            return Ok(Self::CifarFolder(Cifar::Ten));
        }
        if has(cifar::TRAIN) {
            return Ok(Self::CifarFolder(Cifar::Hundred));
        }
        for entry in fs::read_dir(path).map_err(Error::io(path))? {
            let inside = entry.map_err(Error::io(path))?.path();
            let hidden = inside
                .file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with('.'));
            if !hidden && (inside.is_dir() || is_picture(&inside)) {
                return Ok(Self::Pictures);
            }
        }
        Err(Error::file(path, KNOWN_FOLDERS))
    }

    fn of_file(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let ends = |extensions: &[&str]| extensions.iter().any(|e| name.ends_with(e));
        if ends(&[".csv", ".tsv", ".tab", ".jsonl", ".ndjson"]) {
            return Ok(Self::Table);
        }
        if is_picture(path) {
            return Ok(Self::Picture);
        }
        if ends(&[".bin"]) {
            return cifar::kind(path, name).map(Self::CifarFile);
        }
        match is_idx(&unpacked_start(path, 4)?) {
            true => Ok(Self::IdxFile),
            false => Err(Error::file(path, KNOWN_FILES)),
        }
    }

    pub fn format(self) -> Format {
        match self {
            Self::Table => Format::Table,
            Self::IdxFolder | Self::IdxFile => Format::Idx,
            Self::CifarFolder(Cifar::Ten) | Self::CifarFile(Cifar::Ten) => Format::Cifar10,
            Self::CifarFolder(Cifar::Hundred) | Self::CifarFile(Cifar::Hundred) => Format::Cifar100,
            Self::Pictures | Self::Picture => Format::Pictures,
        }
    }
}
