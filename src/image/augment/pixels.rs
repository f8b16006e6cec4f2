//! One image's bytes to one row of a batch: moved, rotated, normalised, noise added, a square cut out.

use std::ops::Range;

use rand_distr::{Distribution, StandardNormal};

use super::draws::Drawn;
use super::rotation::Rotation;
use crate::image::normalisation::Normalisation;
use crate::image::shape::ImageShape;
use crate::plan::PixelBox;
use crate::random::Stream;

/// What bytes mean.
#[derive(Debug, Clone, Copy)]
pub(in crate::image) struct Values<'a> {
    pub shape: ImageShape,
    pub white: u8,
    pub normalisation: &'a Normalisation,
}

impl Values<'_> {
    /// A byte value of this channel as a number.
    #[inline]
    fn number(&self, channel: usize) -> impl Fn(f32) -> f32 + use<> {
        let (mean, std) = (
            self.normalisation.mean[channel],
            self.normalisation.std[channel],
        );
        move |value| (value - mean) / std
    }
}

/// An image `[channels, height, width]` on its way into a batch.
#[derive(Debug)]
pub(in crate::image) struct Row<'a> {
    pub bytes: &'a [u8],
    pub values: Values<'a>,
}

impl Row<'_> {
    /// The image as it is.
    pub fn plain(&self, out: &mut [f32]) {
        let pixels = self.values.shape.height * self.values.shape.width;
        let channels = out
            .chunks_exact_mut(pixels)
            .zip(self.bytes.chunks_exact(pixels));
        for (channel, (out, bytes)) in channels.enumerate() {
            numbers(out, bytes.iter(), self.values.number(channel));
        }
    }

    /// The image as it was drawn; `noise` is a share of white.
    pub fn augmented(&self, drawn: Drawn, noise: f64, out: &mut [f32]) {
        let moved = Moved::new(&drawn, self.values.shape);
        match drawn.angle {
            0.0 => self.moved(&moved, out),
            angle => self.rotated(&moved, &Rotation::new(angle, self.values.shape), out),
        }
        if noise > 0.0 {
            self.add_noise(noise, drawn.noise, out);
        }
        self.cut_out(drawn.cutout, out);
    }

    fn moved(&self, moved: &Moved, out: &mut [f32]) {
        let ImageShape { height, width, .. } = self.values.shape;
        for (line, out) in out.chunks_exact_mut(width).enumerate() {
            let (channel, y) = (line / height, line % height);
            let number = self.values.number(channel);
            let black = number(0.0);
            if !moved.rows.contains(&y) || moved.columns.is_empty() {
                out.fill(black);
                continue;
            }
            let from = (channel * height + moved.source_row(y)) * width;
            let line = &self.bytes[from..from + width];
            let columns = moved.columns.clone();
            out[..columns.start].fill(black);
            out[columns.end..].fill(black);
            let source = moved.source_columns();
            match moved.flip {
                false => numbers(&mut out[columns], line[source].iter(), number),
                true => numbers(&mut out[columns], line[source].iter().rev(), number),
            }
        }
    }

    fn rotated(&self, moved: &Moved, rotation: &Rotation, out: &mut [f32]) {
        let ImageShape { height, width, .. } = self.values.shape;
        let pixels = height * width;
        for place in 0..pixels {
            let corners = rotation.corners(place / width, place % width, |y, x| {
                moved.source(y, x, width)
            });
            for channel in 0..self.values.shape.channels {
                let bytes = &self.bytes[channel * pixels..][..pixels];
                let value = corners
                    .iter()
                    .flatten()
                    .map(|&(at, share)| share * f32::from(bytes[at]));
                out[channel * pixels + place] = self.values.number(channel)(value.sum());
            }
        }
    }

    fn add_noise(&self, noise: f64, mut stream: Stream, out: &mut [f32]) {
        let pixels = self.values.shape.height * self.values.shape.width;
        let white = noise as f32 * f32::from(self.values.white);
        for (out, std) in out
            .chunks_exact_mut(pixels)
            .zip(&self.values.normalisation.std)
        {
            let scale = white / std;
            for value in out {
                let normal: f32 = StandardNormal.sample(stream.rng());
                *value += scale * normal;
            }
        }
    }

    fn cut_out(&self, square: PixelBox, out: &mut [f32]) {
        if square.area() == 0 {
            return;
        }
        let ImageShape { height, width, .. } = self.values.shape;
        for image in out.chunks_exact_mut(height * width) {
            for line in image
                .chunks_exact_mut(width)
                .skip(square.top)
                .take(square.height)
            {
                line[square.left..square.left + square.width].fill(0.0);
            }
        }
    }
}

fn numbers<'a>(out: &mut [f32], bytes: impl Iterator<Item = &'a u8>, number: impl Fn(f32) -> f32) {
    for (out, &byte) in out.iter_mut().zip(bytes) {
        *out = number(f32::from(byte));
    }
}

/// Flip, crop and translation as one move: which pixels of the outcome come from the image, and from where.
#[derive(Debug)]
struct Moved {
    flip: bool,
    rows: Range<usize>,
    columns: Range<usize>,
    down: isize,
    right: isize,
    width: usize,
}

impl Moved {
    fn new(drawn: &Drawn, shape: ImageShape) -> Self {
        let down = drawn.crop.0 + drawn.translation.0;
        let right = drawn.crop.1 + drawn.translation.1;
        Self {
            flip: drawn.flip,
            rows: seen(drawn.translation.0, down, shape.height),
            columns: seen(drawn.translation.1, right, shape.width),
            down,
            right,
            width: shape.width,
        }
    }

    fn source_row(&self, y: usize) -> usize {
        y.wrapping_add_signed(-self.down)
    }

    /// The columns of the image that are seen, in its own order.
    fn source_columns(&self) -> Range<usize> {
        let start = self.columns.start.wrapping_add_signed(-self.right);
        let columns = start..start + self.columns.len();
        match self.flip {
            false => columns,
            true => self.width - columns.end..self.width - columns.start,
        }
    }

    /// The place in a channel of the pixel that is seen here; none where black is seen, or nothing at all.
    fn source(&self, y: isize, x: isize, width: usize) -> Option<usize> {
        let (y, x) = (usize::try_from(y).ok()?, usize::try_from(x).ok()?);
        if !self.rows.contains(&y) || !self.columns.contains(&x) {
            return None;
        }
        let x = x.wrapping_add_signed(-self.right);
        let x = if self.flip { width - 1 - x } else { x };
        Some(self.source_row(y) * width + x)
    }
}

/// Where the image is seen along one side, after the crop and then the translation have moved it: both cut off what
/// leaves the frame.
fn seen(translation: isize, moved: isize, side: usize) -> Range<usize> {
    let side = side as isize;
    let start = translation.max(moved).clamp(0, side);
    let end = side + translation.min(moved).min(0);
    start as usize..end.max(start) as usize
}
