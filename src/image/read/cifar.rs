//! Binary files of CIFAR-10 and CIFAR-100 (Krizhevsky 2009): rows of one or two label bytes and 3 x 32 x 32 pixels,
//! channels first.

use std::fs;
use std::path::Path;

use super::Raw;
use super::folder::find;
use crate::error::{Error, Result};
use crate::image::content::Content;
use crate::image::options::ImageOptions;
use crate::image::pixels::{Block, Pixels};
use crate::image::shape::ImageShape;

const SHAPE: ImageShape = ImageShape {
    channels: 3,
    height: 32,
    width: 32,
};

/// The training files of CIFAR-10.
pub(super) const BATCHES: [&str; 5] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
];
const TEST_BATCH: &str = "test_batch.bin";

/// The training file of CIFAR-100.
pub(super) const TRAIN: &str = "train.bin";
const TEST: &str = "test.bin";

/// Which of the two sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cifar {
    Ten,
    Hundred,
}

impl Cifar {
    /// Bytes before the pixels of a row.
    fn labels(self) -> usize {
        match self {
            Self::Ten => 1,
            Self::Hundred => 2,
        }
    }

    fn stride(self) -> usize {
        self.labels() + SHAPE.len()
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ten => "CIFAR-10",
            Self::Hundred => "CIFAR-100",
        }
    }

    /// The file that names the classes, and how many there are.
    fn classes(self, coarse: bool) -> (&'static str, usize) {
        match (self, coarse) {
            (Self::Ten, _) => ("batches.meta.txt", 10),
            (Self::Hundred, false) => ("fine_label_names.txt", 100),
            (Self::Hundred, true) => ("coarse_label_names.txt", 20),
        }
    }
}

/// Which of the two a single file belongs to: by its name (in lower case, without `.gz`), else by its length.
pub(super) fn kind(path: &Path, name: &str) -> Result<Cifar> {
    if name == TRAIN || name == TEST {
        return Ok(Cifar::Hundred);
    }
    if BATCHES.contains(&name) || name == TEST_BATCH {
        return Ok(Cifar::Ten);
    }
    let bytes = Content::open(path)?.len();
    let whole = |kind: &Cifar| bytes > 0 && bytes.is_multiple_of(kind.stride());
    [Cifar::Ten, Cifar::Hundred].into_iter().find(whole).ok_or_else(|| {
        let (ten, hundred) = (Cifar::Ten.stride(), Cifar::Hundred.stride());
        let problem = format!(
            "is no CIFAR file: its {bytes} bytes are neither whole rows of {ten} (CIFAR-10) nor of {hundred} (CIFAR-100)"
        );
        Error::file(path, problem)
    })
}

/// A folder with all files of a set; the test part may be missing.
pub(super) fn read_folder(folder: &Path, kind: Cifar, options: &ImageOptions) -> Result<Raw> {
    let (train, test): (&[&str], _) = match kind {
        Cifar::Ten => (&BATCHES, TEST_BATCH),
        Cifar::Hundred => (&[TRAIN], TEST),
    };
    let mut raw = empty(folder, kind, options)?;
    for name in train {
        let Some(path) = find(folder, name) else {
            let name_of = kind.name();
            return Err(Error::file(
                folder,
                format!("has files of {name_of} but no {name}"),
            ));
        };
        read_rows(&path, kind, options, &mut raw)?;
    }
    if let Some(path) = find(folder, test) {
        raw.first_test = Some(raw.pixels.len());
        read_rows(&path, kind, options, &mut raw)?;
    }
    Ok(raw)
}

/// One file; classes are named by the file of names beside it, where there is one.
pub(super) fn read_file(path: &Path, kind: Cifar, options: &ImageOptions) -> Result<Raw> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut raw = empty(folder, kind, options)?;
    read_rows(path, kind, options, &mut raw)?;
    Ok(raw)
}

fn empty(folder: &Path, kind: Cifar, options: &ImageOptions) -> Result<Raw> {
    Ok(Raw {
        shape: SHAPE,
        white: u8::MAX,
        pixels: Pixels::default(),
        names: names(folder, kind, options)?,
        labels: Vec::new(),
        first_test: None,
        skipped: Vec::new(),
    })
}

fn names(folder: &Path, kind: Cifar, options: &ImageOptions) -> Result<Vec<String>> {
    let (file, count) = kind.classes(options.coarse);
    let path = folder.join(file);
    if !path.is_file() {
        return Ok((0..count).map(|n| n.to_string()).collect());
    }
    let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let names: Vec<String> = lines.map(str::to_owned).collect();
    match names.len() == count {
        true => Ok(names),
        false => Err(Error::file(
            path,
            format!("names {} classes, {} has {count}", names.len(), kind.name()),
        )),
    }
}

fn read_rows(path: &Path, kind: Cifar, options: &ImageOptions, raw: &mut Raw) -> Result<()> {
    let content = Content::open(path)?;
    let (bytes, stride) = (content.len(), kind.stride());
    if bytes == 0 || !bytes.is_multiple_of(stride) {
        let (name, over) = (kind.name(), bytes % stride);
        let problem = format!(
            "cut short, too long or no {name} file: {bytes} bytes are {} rows of {stride} and {over} bytes",
            bytes / stride
        );
        return Err(Error::file(path, problem));
    }
    let place = usize::from(kind == Cifar::Hundred && !options.coarse);
    let first = raw.labels.len();
    raw.labels.extend(
        content
            .chunks_exact(stride)
            .map(|row| u32::from(row[place])),
    );
    let classes = raw.names.len();
    if let Some(image) = raw.labels[first..]
        .iter()
        .position(|&l| l as usize >= classes)
    {
        let (label, image) = (raw.labels[first + image], image + 1);
        let problem = format!(
            "image {image} has the label {label}, {} has 0 to {}: no such file, or damaged",
            kind.name(),
            classes - 1
        );
        return Err(Error::file(path, problem));
    }
    let block = Block {
        path: path.into(),
        rows: bytes / stride,
        content,
        offset: kind.labels(),
        stride,
    };
    raw.pixels.append(block.into());
    Ok(())
}
