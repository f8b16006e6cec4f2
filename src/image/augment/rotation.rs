//! Rotation about the centre of an image: which four pixels a rotated one is made of.

use crate::image::shape::ImageShape;

/// A rotation, anticlockwise.
#[derive(Debug)]
pub(super) struct Rotation {
    sin: f64,
    cos: f64,
    /// The centre, in pixels: between two where a side is even.
    centre: (f64, f64),
}

impl Rotation {
    pub fn new(degrees: f64, shape: ImageShape) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let middle = |side: usize| (side as f64 - 1.0) / 2.0;
        Self {
            sin,
            cos,
            centre: (middle(shape.height), middle(shape.width)),
        }
    }

    /// The four pixels about the point that comes to (y, x), each with its bilinear share; `source` gives a pixel's
    /// place, or none where it is black, which then has no share.
    #[inline]
    pub fn corners(
        &self,
        y: usize,
        x: usize,
        source: impl Fn(isize, isize) -> Option<usize>,
    ) -> [(usize, f32); 4] {
        let (dy, dx) = (y as f64 - self.centre.0, x as f64 - self.centre.1);
        let (top, down) = split(self.centre.0 + self.sin * dx + self.cos * dy);
        let (left, right) = split(self.centre.1 + self.cos * dx - self.sin * dy);
        let corner = |y, x, share| source(y, x).map_or((0, 0.0), |place| (place, share));
        [
            corner(top, left, (1.0 - down) * (1.0 - right)),
            corner(top, left + 1, (1.0 - down) * right),
            corner(top + 1, left, down * (1.0 - right)),
            corner(top + 1, left + 1, down * right),
        ]
    }
}

/// The whole number at or below, and what is above it.
#[inline]
fn split(value: f64) -> (isize, f32) {
    // `floor` is a call into the C library on processors without the instruction.
    let towards_zero = value as isize;
    let whole = towards_zero - isize::from(towards_zero as f64 > value);
    (whole, (value - whole as f64) as f32)
}
