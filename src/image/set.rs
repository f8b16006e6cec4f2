//! A set of images: bytes, classes, and which rows are its own test part.

use std::borrow::Cow;
use std::path::Path;

use rayon::prelude::*;

use super::classes;
use super::content::Content;
use super::pixels::{Block, Pixels};
use super::read::Raw;
use super::shape::ImageShape;
use crate::data::Fingerprint;
use crate::error::{Error, Result};

/// Images of one shape, a byte a value, channels first: `[rows, channels, height, width]`. They lie in memory, in
/// mapped files, or are decoded whenever they are asked for.
#[derive(Debug)]
pub struct ImageSet {
    shape: ImageShape,
    white: u8,
    pixels: Pixels,
    classes: Vec<String>,
    labels: Vec<u32>,
    test: Option<Vec<u32>>,
    skipped: Vec<String>,
}

impl ImageSet {
    /// A set of images made elsewhere: bytes `[rows, channels, height, width]` of which 255 is white, and a class a
    /// row; no classes and no labels for images without.
    ///
    /// ```
    /// use candle_mixup::image::{ImageSet, ImageShape};
    ///
    /// let shape = ImageShape { channels: 1, height: 1, width: 2 };
    /// let classes = vec!["dark".into(), "light".into()];
    /// let set = ImageSet::new(shape, vec![0, 9, 250, 255], classes, vec![0, 1])?;
    /// assert_eq!((set.len(), set.labels()), (2, &[0, 1][..]));
    /// # Ok::<(), candle_mixup::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] where the bytes are not whole images or there is not a label an image, [`Error::Data`] for a
    /// label that names no class.
    pub fn new(
        shape: ImageShape,
        bytes: Vec<u8>,
        classes: Vec<String>,
        labels: Vec<u32>,
    ) -> Result<Self> {
        let rows = bytes.len() / shape.len().max(1);
        if shape.is_empty() || rows == 0 || rows * shape.len() != bytes.len() {
            let expected = format!("one or more images of {shape}");
            return Err(wrong("bytes of images", expected, bytes.len()));
        }
        if labels.len() != rows && !(labels.is_empty() && classes.is_empty()) {
            return Err(wrong("labels of images", rows.to_string(), labels.len()));
        }
        if let Some(label) = labels.iter().find(|&&l| l as usize >= classes.len()) {
            let known = classes.len();
            return Err(Error::Data(format!(
                "label {label} names none of {known} classes"
            )));
        }
        let block = Block {
            path: "memory".into(),
            content: Content::Memory(bytes),
            offset: 0,
            stride: shape.len(),
            rows,
        };
        Ok(Self {
            shape,
            white: 255,
            pixels: block.into(),
            classes,
            labels,
            test: None,
            skipped: Vec::new(),
        })
    }

    /// A set from what a format's reader found at `path`: the classes that occur, or `known` ones.
    pub(super) fn settled(raw: Raw, path: &Path, known: Option<&[String]>) -> Result<Self> {
        let rows = raw.pixels.len();
        if rows == 0 {
            return Err(Error::file(path, "has no images"));
        }
        let (classes, labels) = match raw.labels.is_empty() {
            true => (Vec::new(), Vec::new()),
            false => classes::settled(raw.names, raw.labels, path, known)?,
        };
        let test = raw
            .first_test
            .map(|first| (first as u32..rows as u32).collect());
        Ok(Self {
            shape: raw.shape,
            white: raw.white,
            pixels: raw.pixels,
            classes,
            labels,
            test,
            skipped: raw.skipped,
        })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.pixels.len()
    }

    /// Whether there is no image; what is read has at least one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Channels, height and width of every image.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// The classes' names; none where the images were read without.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The class of each image, a place in [`ImageSet::classes`]; empty where the images were read without.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The largest value a byte has: 255, of `@digits` 16.
    pub fn white(&self) -> u8 {
        self.white
    }

    /// The rows that the set itself keeps for testing, where it does: behind all others.
    pub fn test_rows(&self) -> Option<&[u32]> {
        self.test.as_deref()
    }

    /// Files that were left out, each with the reason.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// Where an image comes from: the picture's path, or the file and its number there, from 1.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn name(&self, row: u32) -> String {
        self.pixels.name(row)
    }

    /// An image's bytes `[channels, height, width]`, written to `to`.
    ///
    /// # Errors
    /// [`Error::Shape`] for a buffer of another length; [`Error::Io`] and [`Error::File`] for a picture that is decoded
    /// on demand and is no longer what it was.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn copy(&self, row: u32, to: &mut [u8]) -> Result<()> {
        if to.len() != self.shape.len() {
            let expected = format!("{} bytes of {}", self.shape.len(), self.shape);
            return Err(wrong("buffer of an image", expected, to.len()));
        }
        to.copy_from_slice(&self.row(row)?);
        Ok(())
    }

    /// An image's bytes, without a copy where they are in memory.
    pub(super) fn row(&self, row: u32) -> Result<Cow<'_, [u8]>> {
        self.pixels.row(row, self.shape)
    }

    /// Puts the images of another set behind these, as test rows for instance; gives their numbers.
    ///
    /// # Errors
    /// [`Error::Shape`] for images of another shape, [`Error::Data`] for other classes or another white.
    pub fn append(&mut self, other: Self) -> Result<Vec<u32>> {
        if self.shape != other.shape {
            let what = format!("images of {}", other.name(0));
            return Err(Error::Shape {
                what,
                expected: self.shape.to_string(),
                got: other.shape.to_string(),
            });
        }
        if self.classes != other.classes || self.white != other.white {
            return Err(Error::Data(format!(
                "{} has other classes, or another white, than {}",
                other.name(0),
                self.name(0)
            )));
        }
        let rows = self.len() as u32..(self.len() + other.len()) as u32;
        self.pixels.append(other.pixels);
        self.labels.extend(other.labels);
        self.skipped.extend(other.skipped);
        Ok(rows.collect())
    }

    /// A hash of each image's bytes, 32 hexadecimal digits: equal images have equal ones.
    pub fn hashes(&self) -> Vec<String> {
        let rows = (0..self.len() as u32).into_par_iter();
        rows.map(|row| self.pixels.hash(row, self.shape)).collect()
    }

    /// A hash of shape, bytes, classes, labels and test rows, 32 hexadecimal digits: equal content has an equal
    /// fingerprint on every machine, wherever the bytes lie.
    pub fn fingerprint(&self) -> String {
        let mut hash = Fingerprint::new();
        hash.text(&self.shape.to_string());
        hash.count(self.white.into());
        hash.texts(&self.hashes());
        hash.texts(&self.classes);
        hash.words(self.labels.iter().map(|&l| l.into()));
        hash.words(
            self.test_rows()
                .unwrap_or_default()
                .iter()
                .map(|&r| r.into()),
        );
        hash.hex()
    }
}

fn wrong(what: &str, expected: String, got: usize) -> Error {
    Error::Shape {
        what: what.into(),
        expected,
        got: got.to_string(),
    }
}
