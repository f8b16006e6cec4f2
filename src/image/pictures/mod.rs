//! Sets of PNG and JPEG files.

#[cfg(feature = "pictures")]
mod convert;
#[cfg(feature = "pictures")]
mod decode;
#[cfg(not(feature = "pictures"))]
#[path = "no_decode.rs"]
mod decode;
mod listing;
mod load;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

pub(super) use listing::is_picture;
pub(super) use load::read;

use super::options::{Alpha, Channels, ImageOptions, SixteenBit};
use super::shape::ImageShape;
use crate::error::{Error, Result};
use crate::plan::Frame;

/// What is done to every picture behind its decoder.
#[derive(Debug, Clone)]
#[cfg_attr(
    not(feature = "pictures"),
    allow(dead_code, reason = "only the decoder asks")
)]
struct Rules {
    resize: Option<Frame>,
    channels: Option<Channels>,
    alpha: Alpha,
    sixteen_bit: SixteenBit,
}

impl From<&ImageOptions> for Rules {
    fn from(options: &ImageOptions) -> Self {
        Self {
            resize: options.resize,
            channels: options.channels,
            alpha: options.alpha,
            sixteen_bit: options.sixteen_bit,
        }
    }
}

/// A picture as bytes, channels first.
struct Decoded {
    shape: ImageShape,
    bytes: Vec<u8>,
}

/// Why there is no picture.
#[cfg_attr(
    not(feature = "pictures"),
    allow(dead_code, reason = "only the decoder asks")
)]
enum Refused {
    /// The file cannot be decoded, for this reason.
    Bad(String),
    /// It can, and is not what was asked for; or it could not be read at all.
    Error(Error),
}

/// What decoding gives.
type Decoding<T> = std::result::Result<T, Refused>;

impl Refused {
    fn error(self, path: &Path) -> Error {
        match self {
            Self::Bad(reason) => Error::file(path, reason),
            Self::Error(error) => error,
        }
    }
}

/// Pictures that were all decoded once, and are in memory or decoded again when they are asked for.
#[derive(Debug)]
pub(super) struct Pictures {
    files: Vec<PathBuf>,
    hashes: Vec<String>,
    /// All of them, one after the other.
    memory: Option<Vec<u8>>,
    rules: Rules,
}

impl Pictures {
    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn path(&self, place: usize) -> &Path {
        &self.files[place]
    }

    pub fn hash(&self, place: usize) -> &str {
        &self.hashes[place]
    }

    /// A picture's bytes.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::File`] for one that is decoded on demand and has changed since it was first read.
    pub fn row(&self, place: usize, shape: ImageShape) -> Result<Cow<'_, [u8]>> {
        if let Some(bytes) = &self.memory {
            return Ok(Cow::Borrowed(&bytes[place * shape.len()..][..shape.len()]));
        }
        let path = self.path(place);
        let decoded = decode::decode(path, &self.rules).map_err(|r| r.error(path))?;
        match decoded.shape == shape {
            true => Ok(Cow::Owned(decoded.bytes)),
            false => Err(Error::file(
                path,
                format!(
                    "was {shape} when the set was read and is {} now",
                    decoded.shape
                ),
            )),
        }
    }
}
