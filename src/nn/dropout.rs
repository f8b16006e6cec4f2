//! Dropout: each value is zeroed with probability p, the others are scaled by 1/(1-p) (Srivastava et al. 2014).
//!
//! The mask is a hash of (key, index of the value), so it is never stored: the backward pass computes it again, and it
//! depends on neither the thread count nor the device.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::buffer;
use super::cpu;
use super::packing::Packing;
use super::simd::kernels;
use crate::error::{Error, Result};

/// Values a parallel task takes.
const CHUNK: usize = 1 << 13;

/// A mask: which values of a tensor stay.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mask {
    low: u32,
    high: u32,
    /// A value stays where its hash is at least this.
    threshold: u32,
    scale: f64,
    /// For packed rows of so many values: where each would stand in the padded tensor. A value's fate then does not
    /// depend on what was left out.
    packed: Option<(Arc<[u32]>, usize)>,
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
            packed: None,
        }))
    }

    /// The same mask for a tensor of packed rows of `width` values.
    pub(super) fn packed(self, packing: &Packing, width: usize) -> Self {
        let packed = Some((packing.places().clone(), width));
        Self { packed, ..self }
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

    /// Puts `values` under the mask; the first is the value at index `first`.
    ///
    /// Of a packed tensor they are whole rows.
    pub(super) fn put_on(&self, values: &mut [f32], first: usize) {
        match &self.packed {
            None => mask_values(values, first, self),
            Some((places, width)) => {
                let places = &places[first / width..];
                for (row, place) in values.chunks_exact_mut(*width).zip(places) {
                    mask_values(row, *place as usize * width, self);
                }
            }
        }
    }

    /// `x`, a whole tensor's values, under the mask.
    pub(super) fn apply(&self, x: &[f32]) -> Vec<f32> {
        let chunk = match &self.packed {
            None => CHUNK,
            Some((_, width)) => CHUNK.div_ceil(*width) * width,
        };
        let blocks = x.par_chunks(chunk).enumerate();
        let (y, _) = buffer::fill(x.len(), chunk, blocks, |(i, x), y| {
            y.copy_from_slice(x);
            self.put_on(y, i * chunk);
        });
        y
    }

    /// The mask as a tensor like `x`, for the composed form.
    pub(super) fn tensor(&self, x: &Tensor) -> Result<Tensor> {
        let scale = |keep: f32| if keep == 0.0 { 0.0 } else { self.scale };
        let index = |i: usize| match &self.packed {
            None => i as u32,
            Some((places, width)) => places[i / width] * *width as u32 + (i % width) as u32,
        };
        let values: Vec<f64> = (0..x.elem_count())
            .map(|i| scale(self.at(index(i))))
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
        Some(mask) if cpu::fits(&[x]) => Ok(x.contiguous()?.apply_op1(mask)?),
        Some(mask) => mask.composed(x),
    }
}

impl CustomOp1 for Mask {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let y = self.apply(cpu::floats(storage, layout)?);
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, g: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let g = g.contiguous()?;
        let dx = self.apply(&cpu::view(&g)?);
        Ok(Some(cpu::tensor(dx, x.shape())?))
    }
}

kernels! {
    /// Values under the mask; `first` is the index of the first.
    fn mask_values(values: &mut [f32], first: usize, mask: &Mask) {
        let first = first as u32;
        for (i, value) in values.iter_mut().enumerate() {
            *value *= mask.at(first.wrapping_add(i as u32));
        }
    }
}
