//! Changes by whole pixels as one move.

use std::ops::Range;

use super::draws::Drawn;
use crate::image::shape::ImageShape;

/// Flip, crop and translation as one move: which pixels of the outcome come from the image, and from where.
#[derive(Debug)]
pub(super) struct Moved {
    pub flip: bool,
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    down: isize,
    right: isize,
    width: usize,
}

impl Moved {
    pub fn new(drawn: &Drawn, shape: ImageShape) -> Self {
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

    pub fn source_row(&self, y: usize) -> usize {
        y.wrapping_add_signed(-self.down)
    }

    /// The columns of the image that are seen, in its own order.
    pub fn source_columns(&self) -> Range<usize> {
        let start = self.columns.start.wrapping_add_signed(-self.right);
        let columns = start..start + self.columns.len();
        match self.flip {
            false => columns,
            true => self.width - columns.end..self.width - columns.start,
        }
    }

    /// The place in a channel of the pixel that is seen here; none where black is seen, or nothing at all.
    #[inline]
    pub fn source(&self, y: isize, x: isize) -> Option<usize> {
        let (y, x) = (usize::try_from(y).ok()?, usize::try_from(x).ok()?);
        if !self.rows.contains(&y) || !self.columns.contains(&x) {
            return None;
        }
        let x = x.wrapping_add_signed(-self.right);
        let x = if self.flip { self.width - 1 - x } else { x };
        Some(self.source_row(y) * self.width + x)
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
