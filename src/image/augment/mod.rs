//! Prior-knowledge augmentation: changes of a training image that are known beforehand to leave its class alone.

mod draws;
mod moved;
mod pixels;
mod rotation;
mod written;

pub(super) use draws::Drawn;
pub(super) use pixels::{Row, Values};

use serde::{Deserialize, Serialize};

use super::shape::ImageShape;
use crate::error::{Error, Result};

/// Which changes an image undergoes each time it is trained on, every one drawn anew for each row and epoch: a function
/// of (seed, epoch, row), whatever the batch. 0 and `false`, the default, leave a change out; what one draws moves no
/// other's draws. They are applied in the order of the fields. Written `flip,crop=4,rotate=10`, or `none`.
///
/// ```
/// use candle_mixup::image::Augment;
///
/// let augment: Augment = "cutout=8,flip".parse()?;
/// assert_eq!(augment, Augment { flip: true, cutout: 8, ..Augment::default() });
/// assert_eq!(augment.to_string(), "flip,cutout=8");
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Mirrored left to right, every other time.
    pub flip: bool,
    /// Padded with so many black pixels on each side and cut back to its size at a uniform place (He et al. 2016,
    /// section 4.2).
    pub crop: usize,
    /// Moved by whole pixels, uniform up to this share of height and of width in each direction; black comes in.
    pub translate: f64,
    /// Rotated about its centre by an angle uniform in so many degrees either way; bilinear, with black outside.
    pub rotate: f64,
    /// Gaussian noise of this deviation, as a share of white, added to every value and not cut off at black and white.
    pub noise: f64,
    /// A square of this side set to 0 in the normalised image, its centre (the pixel behind it, where the side is even)
    /// uniform over the image and its border cut off where it leaves it (DeVries and Taylor 2017).
    pub cutout: usize,
}

impl Augment {
    /// Whether nothing is changed.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// # Errors
    /// [`Error::Setting`] for a number out of its range, or one that is too large or too small for images of this
    /// shape.
    pub fn check(&self, shape: ImageShape) -> Result<()> {
        let side = shape.height.min(shape.width);
        let refuse =
            |field: &str, expected: String, value: f64| Err(Error::setting(field, expected, value));
        if self.crop >= side.max(1) {
            let expected = format!("below the {side} pixels of the image's shorter side ({shape})");
            return refuse("crop", expected, self.crop as f64);
        }
        if self.cutout > side {
            let expected =
                format!("at most the {side} pixels of the image's shorter side ({shape})");
            return refuse("cutout", expected, self.cutout as f64);
        }
        if !(0.0..=180.0).contains(&self.rotate) {
            return refuse("rotate", "degrees from 0 to 180".into(), self.rotate);
        }
        if !(self.noise.is_finite() && self.noise >= 0.0) {
            return refuse("noise", "finite and not negative".into(), self.noise);
        }
        if !(0.0..1.0).contains(&self.translate) {
            return refuse(
                "translate",
                "a share, from 0 to below 1".into(),
                self.translate,
            );
        }
        let reach = self.reach(shape.height).max(self.reach(shape.width));
        if self.translate > 0.0 && reach == 0 {
            let expected = format!("0, or enough to move an image of {shape} by a pixel");
            return refuse("translate", expected, self.translate);
        }
        Ok(())
    }

    /// How many pixels a side of this length is moved at most.
    fn reach(&self, side: usize) -> usize {
        // A share such as 0.29 of 100 is 29, though it is written a little below.
        (self.translate * side as f64 + 1e-9) as usize
    }
}
