//! Dropout: each value is zeroed with probability p, the others are scaled by 1/(1-p) (Srivastava et al. 2014).
//!
//! The mask is a hash of (key, index of the value), so it is never stored: the backward pass computes it again, and it
//! depends on neither the thread count nor the device.

use candle_core::Tensor;

use crate::error::{Error, Result};

/// A mask: which values of a tensor stay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mask {
    low: u32,
    high: u32,
    /// A value stays where its hash is at least this.
    threshold: u32,
    scale: f64,
}

impl Mask {
    /// The mask of this key, `None` where nothing is dropped.
    pub(super) fn new(p: f64, key: Option<u64>) -> Result<Option<Self>> {
        if !(0.0..1.0).contains(&p) {
            return Err(Error::setting("dropout", "in [0, 1)", p));
        }
        Ok(key.filter(|_| p > 0.0).map(|key| Self {
            low: key as u32,
            high: (key >> 32) as u32,
            threshold: (p * f64::from(u32::MAX)) as u32,
            scale: 1.0 / (1.0 - p),
        }))
    }

    /// 0 or 1/(1-p) for the value at `index`.
    #[inline(always)]
    pub(super) fn at(&self, index: u32) -> f32 {
        if hash(self.low, self.high, index) >= self.threshold {
            self.scale as f32
        } else {
            0.0
        }
    }

    /// The mask as a tensor like `x`, for the composed form.
    pub(super) fn tensor(&self, x: &Tensor) -> Result<Tensor> {
        let scale = |keep: f32| if keep == 0.0 { 0.0 } else { self.scale };
        let values: Vec<f64> = (0..x.elem_count() as u32)
            .map(|i| scale(self.at(i)))
            .collect();
        let mask = Tensor::from_vec(values, x.shape(), &candle_core::Device::Cpu)?;
        Ok(mask.to_dtype(x.dtype())?.to_device(x.device())?)
    }

    /// `x` under the mask, composed of Candle's operations.
    pub(super) fn composed(&self, x: &Tensor) -> Result<Tensor> {
        Ok((x * self.tensor(x)?)?)
    }
}

/// 32 well mixed bits of (key, index): the index is scrambled by both halves of the key, then by the finaliser
/// "lowbias32" (Wellons 2018). Integer operations only, so that it vectorises.
#[inline(always)]
fn hash(low: u32, high: u32, index: u32) -> u32 {
    let mut x = (index ^ low).wrapping_mul(0x9e37_79b1);
    x = (x ^ (x >> 15)).wrapping_add(high);
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// Drops values of `x` (any shape) with probability `p` under the mask of `key`; without a key, `x` itself.
///
/// # Errors
/// [`Error::Setting`] if `p` is not in [0, 1).
pub fn dropout(x: &Tensor, p: f64, key: Option<u64>) -> Result<Tensor> {
    match Mask::new(p, key)? {
        None => Ok(x.clone()),
        Some(mask) => mask.composed(x),
    }
}
