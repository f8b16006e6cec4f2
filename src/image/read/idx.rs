//! IDX files, the format of MNIST (LeCun, Cortes, Burges): a header of big-endian numbers, then a byte a value.

use std::path::{Path, PathBuf};

use rayon::join;

use super::folder::find;
use super::idx_header::{Kind, sizes};
use super::{Labels, Raw};
use crate::error::{Error, Result};
use crate::image::content::Content;
use crate::image::pixels::{Block, Pixels};
use crate::image::shape::ImageShape;

/// File names of images and labels, the training part and then the test part.
pub(super) const NAMES: [[&str; 2]; 2] = [
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
    ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
];

/// One part of a set: its images and their labels, where they are wanted.
struct Part {
    shape: ImageShape,
    images: Block,
    labels: Vec<u8>,
}

/// A folder of the usual names; the t10k part becomes test rows.
pub(super) fn read_folder(folder: &Path, labels: Labels) -> Result<Raw> {
    let part = |names: &[&str; 2]| match (find(folder, names[0]), find(folder, names[1])) {
        (None, None) => Ok(None),
        (Some(images), found) => match (labels, found) {
            (Labels::Ignored, _) => read_part(&images, None).map(Some),
            (Labels::Needed, Some(found)) => read_part(&images, Some(&found)).map(Some),
            (Labels::Needed, None) => Err(lacks(folder, names[1], names[0])),
        },
        (None, Some(_)) => Err(lacks(folder, names[0], names[1])),
    };
    let (train, test) = join(|| part(&NAMES[0]), || part(&NAMES[1]));
    let train = train?.ok_or_else(|| lacks(folder, NAMES[0][0], NAMES[1][0]))?;
    joined(train, test?)
}

/// One file of images, its labels beside it.
pub(super) fn read_file(path: &Path, labels: Labels) -> Result<Raw> {
    let part = match labels {
        Labels::Needed => read_part(path, Some(&beside(path)?))?,
        Labels::Ignored => read_part(path, None)?,
    };
    joined(part, None)
}

fn lacks(folder: &Path, lacks: &str, has: &str) -> Error {
    Error::file(folder, format!("has {has} but no {lacks} (nor with .gz)"))
}

/// The file of labels that goes with a file of images, by its name.
fn beside(images: &Path) -> Result<PathBuf> {
    let name = images.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let labels = name.replace("images", "labels").replace("idx3", "idx1");
    // A file of labels given as one of images is told so when its header is read.
    if labels == name {
        return Ok(images.into());
    }
    let folder = images.parent().unwrap_or(Path::new(""));
    find(folder, &labels).ok_or_else(|| {
        Error::file(
            images,
            format!("its labels belong beside it, in {labels} or {labels}.gz"),
        )
    })
}

fn read_part(images: &Path, labels: Option<&Path>) -> Result<Part> {
    let content = Content::open(images)?;
    let sizes = sizes(images, &content, Kind::Images)?;
    let [rows, height, width] = [sizes[0], sizes[1], sizes[2]];
    let shape = ImageShape {
        channels: 1,
        height,
        width,
    };
    if rows == 0 || shape.is_empty() {
        return Err(Error::file(
            images,
            format!("holds no images: {rows} of {height}x{width}"),
        ));
    }
    let labels = match labels {
        Some(path) => read_labels(path, rows, images)?,
        None => Vec::new(),
    };
    let images = Block {
        path: images.into(),
        content,
        offset: Kind::Images.header(),
        stride: shape.len(),
        rows,
    };
    Ok(Part {
        shape,
        images,
        labels,
    })
}

fn read_labels(path: &Path, rows: usize, images: &Path) -> Result<Vec<u8>> {
    let content = Content::open(path)?;
    let count = sizes(path, &content, Kind::Labels)?[0];
    if count != rows {
        let images = images.display();
        return Err(Error::file(
            path,
            format!("has {count} labels for the {rows} images of {images}"),
        ));
    }
    Ok(content[Kind::Labels.header()..].to_vec())
}

fn joined(train: Part, test: Option<Part>) -> Result<Raw> {
    let shape = train.shape;
    let mut labels: Vec<u32> = train.labels.into_iter().map(u32::from).collect();
    let first_test = test.is_some().then_some(train.images.rows);
    let mut pixels = Pixels::from(train.images);
    if let Some(test) = test {
        if test.shape != shape {
            let (test_shape, path) = (test.shape, test.images.path);
            return Err(Error::file(
                path,
                format!("has images of {test_shape}, the training part of {shape}"),
            ));
        }
        labels.extend(test.labels.into_iter().map(u32::from));
        pixels.append(test.images.into());
    }
    Ok(Raw {
        shape,
        white: u8::MAX,
        pixels,
        names: (0..=u8::MAX).map(|n| n.to_string()).collect(),
        labels,
        first_test,
        skipped: Vec::new(),
    })
}
