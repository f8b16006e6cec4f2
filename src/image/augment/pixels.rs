//! One image's bytes to one row of a batch: moved, rotated, normalised, noise added, a square cut out.

use rand_distr::{Distribution, StandardNormal};

use super::draws::Drawn;
use super::moved::Moved;
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
            let (y, x) = (place / width, place % width);
            let corners = rotation.corners(y, x, |y, x| moved.source(y, x));
            for channel in 0..self.values.shape.channels {
                let bytes = &self.bytes[channel * pixels..][..pixels];
                let value = corners.map(|(at, share)| share * f32::from(bytes[at]));
                let value = value[0] + value[1] + value[2] + value[3];
                out[channel * pixels + place] = self.values.number(channel)(value);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::augment::Augment;
    use crate::random::Purpose;

    const SHAPE: ImageShape = ImageShape {
        channels: 3,
        height: 5,
        width: 7,
    };

    /// One channel in f64.
    type Channel = Vec<Vec<f64>>;

    fn at(channel: &Channel, y: isize, x: isize) -> f64 {
        let row = usize::try_from(y).ok().and_then(|y| channel.get(y));
        let value = row.and_then(|row| row.get(usize::try_from(x).ok()?));
        value.copied().unwrap_or(0.0)
    }

    fn map(from: impl Fn(isize, isize) -> f64) -> Channel {
        let row = |y| (0..SHAPE.width as isize).map(|x| from(y, x)).collect();
        (0..SHAPE.height as isize).map(row).collect()
    }

    /// The changes one after the other, each on a whole image.
    fn reference(image: Channel, drawn: &Drawn) -> Channel {
        let image = match drawn.flip {
            true => map(|y, x| at(&image, y, SHAPE.width as isize - 1 - x)),
            false => image,
        };
        let cropped = map(|y, x| at(&image, y - drawn.crop.0, x - drawn.crop.1));
        let (down, right) = drawn.translation;
        let moved = map(|y, x| at(&cropped, y - down, x - right));
        let (sin, cos) = drawn.angle.to_radians().sin_cos();
        map(|y, x| {
            let (dy, dx) = (y as f64 - 2.0, x as f64 - 3.0);
            let (fy, fx) = (2.0 + sin * dx + cos * dy, 3.0 + cos * dx - sin * dy);
            let mut sum = 0.0;
            for iy in -9..18 {
                for ix in -9..18 {
                    let near = |a: f64, b: isize| (1.0 - (a - b as f64).abs()).max(0.0);
                    sum += near(fy, iy) * near(fx, ix) * at(&moved, iy, ix);
                }
            }
            sum
        })
    }

    fn outcome(bytes: &[u8], drawn: Drawn) -> Vec<f32> {
        let normalisation = Normalisation {
            mean: vec![10.0, 20.0, 30.0],
            std: vec![2.0, 4.0, 8.0],
        };
        let values = Values {
            shape: SHAPE,
            white: 255,
            normalisation: &normalisation,
        };
        let mut out = vec![f32::NAN; SHAPE.len()];
        Row { bytes, values }.augmented(drawn, 0.0, &mut out);
        out
    }

    #[test]
    fn all_changes_in_one_pass_are_the_changes_one_by_one() {
        let mut bytes = Stream::new(3, Purpose::Augment, 0);
        let bytes: Vec<u8> = (0..SHAPE.len()).map(|_| bytes.below(256) as u8).collect();
        for (rotate, tolerance) in [(0.0, 1e-4), (180.0, 1e-2)] {
            let augment = Augment {
                flip: true,
                crop: 4,
                translate: 0.9,
                rotate,
                ..Augment::default()
            };
            for row in 0..300 {
                let drawn = Drawn::new(&augment, SHAPE, 1, 0, row);
                let got = outcome(&bytes, drawn.clone());
                for (channel, (mean, std)) in
                    [(10.0, 2.0), (20.0, 4.0), (30.0, 8.0)].iter().enumerate()
                {
                    let of = &bytes[channel * 35..][..35];
                    let image = of.chunks(7).map(|r| r.iter().map(|&b| b.into()).collect());
                    let want = reference(image.collect(), &drawn);
                    for (got, want) in got[channel * 35..].iter().zip(want.iter().flatten()) {
                        let want = (want - mean) / std;
                        assert!(
                            (f64::from(*got) - want).abs() < tolerance,
                            "{drawn:?}: {got} {want}"
                        );
                    }
                }
            }
        }
    }

    /// A quarter turn anticlockwise takes the right column to the top.
    #[test]
    fn positive_angles_turn_anticlockwise() {
        let shape = ImageShape {
            channels: 1,
            height: 3,
            width: 3,
        };
        let mut drawn = Drawn::new(&Augment::default(), shape, 0, 0, 0);
        drawn.angle = 90.0;
        let normalisation = Normalisation {
            mean: vec![0.0],
            std: vec![1.0],
        };
        let values = Values {
            shape,
            white: 255,
            normalisation: &normalisation,
        };
        let mut out = [0.0; 9];
        let bytes = &[1, 2, 3, 4, 5, 6, 7, 8, 9];
        Row { bytes, values }.augmented(drawn, 0.0, &mut out);
        let want = [3, 6, 9, 2, 5, 8, 1, 4, 7].map(|v| v as f32);
        assert!(
            out.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-5),
            "{out:?}"
        );
    }
}
