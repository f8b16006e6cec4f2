//! Sequences without their padding: `[rows, tokens, width]` ↔ `[positions, width]`.
//!
//! A batch of texts is as long as its longest, so about half of a padded batch is padding. Linear layers and layer
//! norms work position by position; between [`Packing::pack`] and [`Packing::unpack`] they see the positions that
//! count and no others.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::buffer;
use super::cpu;
use crate::error::{Error, Result};

/// Positions a parallel task copies.
const BLOCK: usize = 64;
/// In the inverse list: a position that is left out.
const NOWHERE: u32 = u32::MAX;

/// Which positions of a padded batch are kept: the first so many of each row.
#[derive(Debug, Clone)]
pub struct Packing {
    rows: usize,
    tokens: usize,
    /// The padded position of every packed one, rising.
    places: Arc<[u32]>,
    /// The packed position of every padded one.
    inverse: Arc<[u32]>,
}

impl Packing {
    /// Keeps the first `lengths[r]` of the `tokens` positions of each row r; longer lengths count as `tokens`.
    ///
    /// # Errors
    /// [`Error::Shape`] for more positions than a u32 can number.
    pub fn new(lengths: &[usize], tokens: usize) -> Result<Self> {
        let padded = lengths.len() * tokens;
        if padded >= NOWHERE as usize {
            let (what, expected) = ("positions of a batch".into(), format!("below {NOWHERE}"));
            return Err(Error::Shape {
                what,
                expected,
                got: padded.to_string(),
            });
        }
        let kept =
            |(row, length): (usize, &usize)| row * tokens..row * tokens + tokens.min(*length);
        let places: Vec<u32> = lengths
            .iter()
            .enumerate()
            .flat_map(kept)
            .map(|p| p as u32)
            .collect();
        let mut inverse = vec![NOWHERE; padded];
        for (packed, place) in (0..).zip(&places) {
            inverse[*place as usize] = packed;
        }
        Ok(Self {
            rows: lengths.len(),
            tokens,
            places: places.into(),
            inverse: inverse.into(),
        })
    }

    /// Whether nothing is left out.
    pub fn is_full(&self) -> bool {
        self.places.len() == self.inverse.len()
    }

    /// The padded position, row·tokens + token, of every packed one.
    pub(super) fn places(&self) -> &Arc<[u32]> {
        &self.places
    }

    /// `[rows, tokens, width]` → `[positions, width]`.
    ///
    /// # Errors
    /// [`Error::Shape`] for another batch's shape, and Candle's.
    pub fn pack(&self, x: &Tensor) -> Result<Tensor> {
        let (rows, tokens, width) = x.dims3()?;
        if (rows, tokens) != (self.rows, self.tokens) {
            return Err(self.wrong(
                "a padded batch",
                format!("[{}, {}, ..]", self.rows, self.tokens),
                x,
            ));
        }
        if cpu::fits(&[x]) {
            let op = Move {
                packing: self.clone(),
                to: To::Packed,
            };
            return Ok(x.contiguous()?.apply_op1(op)?);
        }
        let places = Tensor::new(&self.places[..], x.device())?;
        Ok(x.reshape((rows * tokens, width))?
            .index_select(&places, 0)?)
    }

    /// `[positions, width]` → `[rows, tokens, width]`, with zeros at the positions left out.
    ///
    /// # Errors
    /// As [`Packing::pack`].
    pub fn unpack(&self, x: &Tensor) -> Result<Tensor> {
        let (positions, width) = x.dims2()?;
        if positions != self.places.len() {
            return Err(self.wrong("a packed batch", format!("[{}, ..]", self.places.len()), x));
        }
        if cpu::fits(&[x]) {
            let op = Move {
                packing: self.clone(),
                to: To::Padded,
            };
            return Ok(x.contiguous()?.apply_op1(op)?);
        }
        let places = Tensor::new(&self.places[..], x.device())?;
        let zeros = Tensor::zeros((self.inverse.len(), width), x.dtype(), x.device())?;
        Ok(zeros
            .index_add(&places, x, 0)?
            .reshape((self.rows, self.tokens, width))?)
    }

    fn wrong(&self, what: &str, expected: String, x: &Tensor) -> Error {
        Error::Shape {
            what: what.into(),
            expected,
            got: format!("{:?}", x.dims()),
        }
    }
}

/// One of the two directions; each is the other's backward.
struct Move {
    packing: Packing,
    to: To,
}

#[derive(Clone, Copy)]
enum To {
    Packed,
    Padded,
}

impl Move {
    /// Row i of the result is row `from[i]` of `x`, or zeros.
    fn copy(from: &[u32], x: &[f32], width: usize) -> Vec<f32> {
        let blocks = from.par_chunks(BLOCK);
        let (y, _) = buffer::fill(from.len() * width, BLOCK * width, blocks, |from, y| {
            for (y, from) in y
                .chunks_exact_mut(width)
                .zip(from)
                .filter(|(_, f)| **f != NOWHERE)
            {
                y.copy_from_slice(&x[*from as usize * width..][..width]);
            }
        });
        y
    }

    fn go(&self, to: To, x: &[f32]) -> (Vec<f32>, Shape) {
        let Packing {
            rows,
            tokens,
            places,
            inverse,
        } = &self.packing;
        let width = |positions: usize| x.len().checked_div(positions).unwrap_or(0);
        match to {
            To::Packed => {
                let width = width(inverse.len());
                (Self::copy(places, x, width), (places.len(), width).into())
            }
            To::Padded => {
                let width = width(places.len());
                (
                    Self::copy(inverse, x, width),
                    (*rows, *tokens, width).into(),
                )
            }
        }
    }
}

impl CustomOp1 for Move {
    fn name(&self) -> &'static str {
        match self.to {
            To::Packed => "pack",
            To::Padded => "unpack",
        }
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (y, shape) = self.go(self.to, cpu::floats(x, layout)?);
        Ok((CpuStorage::F32(y), shape))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, g: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let back = match self.to {
            To::Packed => To::Padded,
            To::Padded => To::Packed,
        };
        let g = g.contiguous()?;
        let (dx, shape) = self.go(back, &cpu::view(&g)?);
        Ok(Some(cpu::tensor(dx, shape)?))
    }
}
