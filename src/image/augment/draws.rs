//! What becomes of one image in one epoch, drawn before it is applied.

use super::Augment;
use crate::image::shape::ImageShape;
use crate::plan::PixelBox;
use crate::random::{Purpose, Stream};

/// One row's changes.
#[derive(Debug, Clone)]
pub(in crate::image) struct Drawn {
    pub flip: bool,
    /// Down and to the right, in pixels: how far the padded crop moves the image.
    pub crop: (isize, isize),
    /// The same of the translation.
    pub translation: (isize, isize),
    /// Degrees, anticlockwise.
    pub angle: f64,
    /// What is set to 0 afterwards.
    pub cutout: PixelBox,
    /// From where the noise is drawn: behind all other draws, whose number does not depend on what is asked for.
    pub noise: Stream,
}

impl Drawn {
    /// The changes of this row in this epoch.
    pub fn new(augment: &Augment, shape: ImageShape, seed: u64, epoch: u32, row: u32) -> Self {
        let mut stream = Stream::keyed(seed, Purpose::Augment, epoch.into(), row.into());
        let draws: [u64; 8] = std::array::from_fn(|_| stream.next_u64());
        let moved = |draw, reach: usize| place(draw, 2 * reach + 1) as isize - reach as isize;
        let (vertical, horizontal) = (augment.reach(shape.height), augment.reach(shape.width));
        let turn = place(draws[5], 1 << 53) as f64 / (1u64 << 52) as f64 - 1.0;
        Self {
            flip: augment.flip && draws[0] >> 63 == 1,
            crop: (moved(draws[1], augment.crop), moved(draws[2], augment.crop)),
            translation: (moved(draws[3], vertical), moved(draws[4], horizontal)),
            angle: augment.rotate * turn,
            cutout: square(
                augment.cutout,
                shape,
                (place(draws[6], shape.height), place(draws[7], shape.width)),
            ),
            noise: stream,
        }
    }
}

/// One of 0..n by 64 uniform bits. Without the draws that would make it exact, whose number is not fixed: no outcome's
/// probability is off by more than 2⁻⁶⁴.
fn place(draw: u64, n: usize) -> usize {
    ((u128::from(draw) * n as u128) >> 64) as usize
}

/// A square about a centre, cut off at the image's border.
fn square(side: usize, shape: ImageShape, (y, x): (usize, usize)) -> PixelBox {
    let ends = |centre: usize, most: usize| {
        let start = centre.saturating_sub(side / 2);
        let end = (centre + side - side / 2).min(most);
        (start, end - start)
    };
    let (top, height) = ends(y, shape.height);
    let (left, width) = ends(x, shape.width);
    PixelBox {
        top,
        left,
        height,
        width,
    }
}
