//! Reading sets of images: which format lies at a path, and a reader for each.

mod cifar;
mod folder;
mod idx;
mod idx_header;
mod layout;
mod table;

use layout::Layout;

use super::options::{Format, ImageOptions};
use super::pictures;
use super::pixels::Pixels;
use super::set::ImageSet;
use super::shape::ImageShape;
use crate::data::Source;
use crate::error::{Error, Result};

/// What a format's reader finds.
pub(super) struct Raw {
    pub shape: ImageShape,
    pub white: u8,
    pub pixels: Pixels,
    /// The names that labels are places in, in any order; some may not occur.
    pub names: Vec<String>,
    /// A label an image, or none where there are none.
    pub labels: Vec<u32>,
    /// Where the set's own test part begins.
    pub first_test: Option<usize>,
    pub skipped: Vec<String>,
}

/// Whether images come with their classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Labels {
    Needed,
    Ignored,
}

impl ImageSet {
    /// Reads images and their classes. What lies at the path is found out by its content:
    ///
    /// | format | what is given | test rows |
    /// |---|---|---|
    /// | `@digits` | | |
    /// | IDX (MNIST and its family) | the folder with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, or one file of images whose labels lie beside it | `t10k-...` |
    /// | CIFAR-10, binary | the folder with `data_batch_1.bin` to `data_batch_5.bin`, or one such file | `test_batch.bin` |
    /// | CIFAR-100, binary | the folder with `train.bin`, or one such file | `test.bin` |
    /// | PNG and JPEG | a folder with a folder for each class, or with two such, `train` and `test` | `test` |
    /// | table of pixels | csv, tsv or jsonl: a column of classes, and one for each value, channels first, then row by row | |
    ///
    /// Files may be packed with gzip (`.gz`); pictures may not. IDX and CIFAR files that are not packed are mapped into
    /// memory: they may be larger than it, and must not be changed while the set is in use. Rows are in the order of
    /// the files, pictures in that of their classes' names and then their own, both by bytes; test rows come last.
    /// Class names are those of the folders, of the table, of the `*.meta.txt` or `*_label_names.txt` of CIFAR, or the
    /// labels' numbers; where a camera noted how it was held, a picture is read as it is stored.
    ///
    /// ```
    /// use candle_mixup::{data::Source, image::{ImageOptions, ImageSet}};
    ///
    /// let digits = ImageSet::read(&Source::parse("@digits")?, &ImageOptions::default())?;
    /// assert_eq!((digits.len(), digits.shape().to_string()), (1797, "1x8x8".into()));
    /// # Ok::<(), candle_mixup::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::File`] for anything in a file or a folder that is not as it should be, [`Error::Cell`] in
    /// a table; [`Error::Conflict`] for an option of another format; [`Error::Data`] where all images have one class;
    /// [`Error::Unknown`] for a class that is not one of [`ImageOptions::classes`]; [`Error::Unsupported`] for pictures
    /// in a build without the feature `pictures`.
    pub fn read(source: &Source, options: &ImageOptions) -> Result<Self> {
        let raw = read(source, options, Labels::Needed)?;
        Self::settled(raw, &source.path(), options.classes.as_deref())
    }

    /// Reads images whose classes are not known: as [`ImageSet::read`], and a folder of pictures or a single one, an
    /// IDX file without labels, a table without the column of classes. Classes that are there are ignored.
    ///
    /// # Errors
    /// As [`ImageSet::read`], those about classes aside.
    pub fn read_unlabelled(source: &Source, options: &ImageOptions) -> Result<Self> {
        let mut raw = read(source, options, Labels::Ignored)?;
        raw.labels.clear();
        raw.first_test = None;
        Self::settled(raw, &source.path(), None)
    }
}

fn read(source: &Source, options: &ImageOptions, labels: Labels) -> Result<Raw> {
    let Source::File(path) = source else {
        options.check(Format::Table)?;
        return table::read(source, options, labels);
    };
    let layout = Layout::of(path)?;
    options.check(layout.format())?;
    match layout {
        Layout::Table => table::read(source, options, labels),
        Layout::IdxFolder => idx::read_folder(path, labels),
        Layout::IdxFile => idx::read_file(path, labels),
        Layout::CifarFolder(kind) => cifar::read_folder(path, kind, options),
        Layout::CifarFile(kind) => cifar::read_file(path, kind, options),
        Layout::Pictures => pictures::read(path, options, labels),
        Layout::Picture => match labels {
            Labels::Needed => Err(Error::file(path, layout::ONE_PICTURE)),
            Labels::Ignored => pictures::read(path, options, labels),
        },
    }
}
