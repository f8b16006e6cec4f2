//! How files of images are read.

use serde::{Deserialize, Serialize};

use super::shape::ImageShape;
use crate::data::Header;
use crate::error::{Error, Result};
use crate::plan::Frame;

/// How files of images are read. Options of one format are refused with another, since they would change nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageOptions {
    /// The classes in the order of another set, as a model was trained with; any other class is then an error. By
    /// default the classes that occur, in order: by number where all are whole numbers, else by text.
    pub classes: Option<Vec<String>>,
    /// Tables of pixels: the column of the classes. By default a shipped set's own, else `label`.
    pub label: Option<String>,
    /// Tables of pixels: whether the first line names the columns.
    pub header: Header,
    /// Tables of pixels: how large an image is. By default square and grey.
    pub shape: Option<ImageShape>,
    /// Tables of pixels: the largest value. By default a shipped set's own, else 255.
    pub white: Option<u8>,
    /// CIFAR-100: the 20 coarse classes rather than the 100 fine ones.
    pub coarse: bool,
    /// Pictures: stretched to this size, each output pixel a weighted sum of the pixels that it covers (a triangle
    /// filter: bilinear, and smoothed where the picture shrinks). By default pictures of two sizes are an error.
    pub resize: Option<Frame>,
    /// Pictures: made grey or colour. By default all must be the one or the other.
    pub channels: Option<Channels>,
    /// Pictures: what becomes of transparency.
    pub alpha: Alpha,
    /// Pictures: what becomes of 16 bits a channel.
    pub sixteen_bit: SixteenBit,
    /// Pictures: whether files that cannot be decoded are left out; [`ImageSet::skipped`](super::ImageSet::skipped)
    /// names them. By default the first such file is an error.
    pub skip_bad: bool,
    /// Pictures: how many bytes of decoded images are kept in memory, 2 GiB by default. A larger set is checked whole
    /// when it is read, and each picture is then decoded again whenever it is asked for.
    pub memory: u64,
}

/// What pictures are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channels {
    /// One channel, (19595 R + 38470 G + 7471 B + 2¹⁵) / 2¹⁶ rounded down: luma of ITU-R BT.601 as PIL computes it.
    Grey,
    /// Three channels; grey is repeated.
    Rgb,
}

/// What becomes of an alpha channel in which some pixel is not opaque. An opaque one is always left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alpha {
    /// An error.
    #[default]
    Refuse,
    /// The colours as they are stored.
    Drop,
    /// Laid on black.
    Black,
    /// Laid on white.
    White,
}

/// What becomes of 16 bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SixteenBit {
    /// An error.
    #[default]
    Refuse,
    /// Scaled to 8 bits, rounded to the nearest.
    Scale,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self {
            classes: None,
            label: None,
            header: Header::First,
            shape: None,
            white: None,
            coarse: false,
            resize: None,
            channels: None,
            alpha: Alpha::Refuse,
            sixteen_bit: SixteenBit::Refuse,
            skip_bad: false,
            memory: 2 << 30,
        }
    }
}

/// What files are, as far as options go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Table,
    Idx,
    Cifar10,
    Cifar100,
    Pictures,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Table => "a table of pixels",
            Self::Idx => "an IDX file",
            Self::Cifar10 => "a CIFAR-10 file",
            Self::Cifar100 => "a CIFAR-100 file",
            Self::Pictures => "PNG and JPEG files",
        }
    }
}

impl ImageOptions {
    /// Refuses options that would change nothing in files of this format.
    pub(super) fn check(&self, format: Format) -> Result<()> {
        let plain = Self::default();
        let given = [
            ("label", self.label.is_some(), Format::Table),
            ("header", self.header != plain.header, Format::Table),
            ("shape", self.shape.is_some(), Format::Table),
            ("white", self.white.is_some(), Format::Table),
            ("coarse", self.coarse, Format::Cifar100),
            ("resize", self.resize.is_some(), Format::Pictures),
            ("channels", self.channels.is_some(), Format::Pictures),
            ("alpha", self.alpha != plain.alpha, Format::Pictures),
            (
                "sixteen_bit",
                self.sixteen_bit != plain.sixteen_bit,
                Format::Pictures,
            ),
            ("skip_bad", self.skip_bad, Format::Pictures),
            ("memory", self.memory != plain.memory, Format::Pictures),
        ];
        let stray = given.iter().find(|(_, given, of)| *given && *of != format);
        if let Some((name, _, of)) = stray {
            let (of, is) = (of.name(), format.name());
            return Err(Error::Conflict(format!(
                "the option '{name}' is for {of}, and this is {is}"
            )));
        }
        match self.resize {
            Some(Frame { height, width }) if height == 0 || width == 0 => {
                let got = format!("{height}x{width}");
                Err(Error::setting("resize", "at least 1x1", got))
            }
            _ => Ok(()),
        }
    }
}
