//! From images as they come in to channels last, and from channels to one vector.

use candle_core::Tensor;

use crate::error::Result;
use crate::plan::Site;
use crate::tap::{Flow, Tap};

/// The images past the site `input`, `[rows, height, width, channels]`.
pub(super) fn channels_last(images: &Tensor, tap: &mut dyn Tap) -> Result<Tensor> {
    let x = tap.at(Site::Input, Flow::new(images.clone()))?.x;
    Ok(match x.dim(1)? {
        // One channel lies as it would behind.
        1 => x.flatten_to(1)?.unsqueeze(3)?,
        _ => x.permute((0, 2, 3, 1))?.contiguous()?,
    })
}

/// The mean over pixels, `[rows, height, width, channels]` to `[rows, channels]`, past the site `pooled`.
pub(super) fn pooled(x: &Tensor, tap: &mut dyn Tap) -> Result<Tensor> {
    let vectors = x.flatten(1, 2)?.mean(1)?;
    Ok(tap.at(Site::Pooled, Flow::new(vectors))?.x)
}
