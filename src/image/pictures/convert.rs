//! From a decoder's pixels, channel beside channel, to an image of a set: alpha, grey or colour, size, channels first.

use std::path::Path;

use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Luma, Pixel, Rgb};

use super::{Decoded, Rules};
use crate::error::{Error, Result};
use crate::image::options::{Alpha, Channels};
use crate::image::shape::ImageShape;
use crate::plan::Frame;

/// Pixels one after the other, each of 1 (grey), 2 (and alpha), 3 (colour) or 4 channels.
pub(super) struct Interleaved {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub bytes: Vec<u8>,
}

impl Interleaved {
    /// The image by the rules.
    pub fn finished(mut self, path: &Path, rules: &Rules) -> Result<Decoded> {
        if self.channels.is_multiple_of(2) {
            self = self.without_alpha(path, rules.alpha)?;
        }
        self = match (rules.channels, self.channels) {
            (Some(Channels::Grey), 3) => self.grey(),
            (Some(Channels::Rgb), 1) => self.rgb(),
            _ => self,
        };
        if let Some(frame) = rules.resize {
            self = self.resized(frame);
        }
        Ok(self.channels_first())
    }

    fn without_alpha(self, path: &Path, alpha: Alpha) -> Result<Self> {
        let n = self.channels;
        let pixels = self.bytes.chunks_exact(n);
        let opaque = pixels.clone().all(|p| p[n - 1] == u8::MAX);
        if alpha == Alpha::Refuse && !opaque {
            let problem = "has pixels that are not opaque; the option 'alpha' (drop, black or white) says what becomes of them";
            return Err(Error::file(path, problem));
        }
        let bytes = pixels.flat_map(|p| {
            let a = p[n - 1];
            p[..n - 1].iter().map(move |&c| match alpha {
                Alpha::Refuse | Alpha::Drop => c,
                Alpha::Black => laid_on(c, a, 0),
                Alpha::White => laid_on(c, a, u8::MAX),
            })
        });
        Ok(Self {
            bytes: bytes.collect(),
            channels: n - 1,
            ..self
        })
    }

    fn grey(self) -> Self {
        let luma = |p: &[u8]| {
            let [r, g, b] = [p[0], p[1], p[2]].map(u32::from);
            ((19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16) as u8
        };
        Self {
            bytes: self.bytes.chunks_exact(3).map(luma).collect(),
            channels: 1,
            ..self
        }
    }

    fn rgb(self) -> Self {
        Self {
            bytes: self.bytes.iter().flat_map(|&v| [v; 3]).collect(),
            channels: 3,
            ..self
        }
    }

    fn resized(self, frame: Frame) -> Self {
        if (self.height, self.width) == (frame.height, frame.width) {
            return self;
        }
        let bytes = match self.channels {
            1 => stretched::<Luma<u8>>(&self, frame),
            _ => stretched::<Rgb<u8>>(&self, frame),
        };
        Self {
            channels: self.channels,
            height: frame.height,
            width: frame.width,
            bytes,
        }
    }

    fn channels_first(self) -> Decoded {
        let n = self.channels;
        let channel = |c: usize| self.bytes.iter().skip(c).step_by(n).copied();
        Decoded {
            shape: ImageShape {
                channels: n,
                height: self.height,
                width: self.width,
            },
            bytes: match n {
                1 => self.bytes,
                _ => (0..n).flat_map(channel).collect(),
            },
        }
    }
}

/// A colour of this opacity on a ground, rounded to the nearest.
fn laid_on(colour: u8, alpha: u8, ground: u8) -> u8 {
    let (c, a, g) = (u32::from(colour), u32::from(alpha), u32::from(ground));
    ((c * a + g * (255 - a) + 127) / 255) as u8
}

fn stretched<P: Pixel<Subpixel = u8> + 'static>(from: &Interleaved, frame: Frame) -> Vec<u8> {
    let (height, width) = (from.height as u32, from.width as u32);
    let buffer = ImageBuffer::<P, _>::from_raw(width, height, from.bytes.as_slice())
        .expect("the buffer has a byte for each channel of each pixel");
    resize(
        &buffer,
        frame.width as u32,
        frame.height as u32,
        FilterType::Triangle,
    )
    .into_raw()
}
