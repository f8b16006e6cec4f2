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

    /// The pixels about the point that comes to (y, x), each with its bilinear share; `source` gives a pixel's place,
    /// or none where it is black.
    pub fn corners(
        &self,
        y: usize,
        x: usize,
        source: impl Fn(isize, isize) -> Option<usize>,
    ) -> [Option<(usize, f32)>; 4] {
        let (dy, dx) = (y as f64 - self.centre.0, x as f64 - self.centre.1);
        let from_y = self.centre.0 + self.sin * dx + self.cos * dy;
        let from_x = self.centre.1 + self.cos * dx - self.sin * dy;
        let (top, left) = (from_y.floor(), from_x.floor());
        let (down, right) = ((from_y - top) as f32, (from_x - left) as f32);
        let (top, left) = (top as isize, left as isize);
        let corner = |y, x, share| source(y, x).map(|place| (place, share));
        [
            corner(top, left, (1.0 - down) * (1.0 - right)),
            corner(top, left + 1, (1.0 - down) * right),
            corner(top + 1, left, down * (1.0 - right)),
            corner(top + 1, left + 1, down * right),
        ]
    }
}
