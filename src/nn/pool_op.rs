//! Pooling over tokens as one operation each, with its backward.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::cpu;
use super::simd::{add_assign, kernels};

/// What both poolings know of their input, `[rows, tokens, width]`.
pub(super) struct Tokens {
    /// 1 where a token is real and 0 where it is not, `[rows, tokens]`.
    pub(super) real: Vec<f32>,
    pub(super) tokens: usize,
    pub(super) width: usize,
}

impl Tokens {
    fn block(&self) -> usize {
        self.tokens * self.width
    }

    fn real_of(&self, row: usize) -> &[f32] {
        &self.real[row * self.tokens..][..self.tokens]
    }

    /// The real tokens of a row, as (place, vector).
    fn vectors<'a>(&'a self, row: usize, x: &'a [f32]) -> impl Iterator<Item = (usize, &'a [f32])> {
        let real = self.real_of(row).iter();
        let all = x.chunks_exact(self.width).zip(real).enumerate();
        all.filter(|(_, (_, real))| **real != 0.0)
            .map(|(place, (x, _))| (place, x))
    }

    fn shape(&self) -> Shape {
        (self.real.len() / self.tokens, self.width).into()
    }

    fn pooled(&self) -> usize {
        self.real.len() / self.tokens * self.width
    }
}

/// The mean of the real tokens.
pub(super) struct MeanPool(pub(super) Tokens);

impl MeanPool {
    /// 1 / the number of real tokens, 0 where there is none.
    fn share(&self, row: usize) -> f32 {
        match self.0.real_of(row).iter().filter(|r| **r != 0.0).count() {
            0 => 0.0,
            n => 1.0 / n as f32,
        }
    }
}

impl CustomOp1 for MeanPool {
    fn name(&self) -> &'static str {
        "mean-pool"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = cpu::floats(x, layout)?;
        let mut y = vec![0f32; self.0.pooled()];
        y.par_chunks_mut(self.0.width)
            .zip(x.par_chunks(self.0.block()))
            .enumerate()
            .for_each(|(row, (y, x))| {
                for (_, x) in self.0.vectors(row, x) {
                    add_assign(y, x);
                }
                let share = self.share(row);
                y.iter_mut().for_each(|y| *y *= share);
            });
        Ok((CpuStorage::F32(y), self.0.shape()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        let g = g.contiguous()?;
        let g = cpu::view(&g)?;
        let mut dx = vec![0f32; x.elem_count()];
        dx.par_chunks_mut(self.0.block())
            .zip(g.par_chunks(self.0.width))
            .enumerate()
            .for_each(|(row, (dx, g))| {
                let share = self.share(row);
                let real = self.0.real_of(row);
                let vectors = dx.chunks_exact_mut(self.0.width).zip(real);
                for (dx, _) in vectors.filter(|(_, real)| **real != 0.0) {
                    dx.iter_mut().zip(g).for_each(|(dx, g)| *dx = g * share);
                }
            });
        Ok(Some(cpu::tensor(dx, x.shape())?))
    }
}

/// The maximum of the real tokens.
pub(super) struct MaxPool {
    tokens: Tokens,
    /// Which token each maximum is from, kept for the backward pass.
    places: OnceLock<Vec<u32>>,
}

impl MaxPool {
    pub(super) fn new(tokens: Tokens) -> Self {
        Self {
            tokens,
            places: OnceLock::new(),
        }
    }
}

kernels! {
    /// Takes over what is larger in `x`, the token at `place`.
    fn raise(top: &mut [f32], places: &mut [u32], x: &[f32], place: u32) {
        let n = top.len();
        assert!(places.len() == n && x.len() == n);
        for i in 0..n {
            let larger = x[i] > top[i];
            top[i] = if larger { x[i] } else { top[i] };
            places[i] = if larger { place } else { places[i] };
        }
    }
}

impl CustomOp1 for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = cpu::floats(x, layout)?;
        let mut y = vec![0f32; self.tokens.pooled()];
        let mut places = vec![0u32; y.len()];
        y.par_chunks_mut(self.tokens.width)
            .zip(places.par_chunks_mut(self.tokens.width))
            .zip(x.par_chunks(self.tokens.block()))
            .enumerate()
            .for_each(|(row, ((y, places), x))| {
                for (i, (place, x)) in self.tokens.vectors(row, x).enumerate() {
                    if i == 0 {
                        y.copy_from_slice(x);
                        places.fill(place as u32);
                    } else {
                        raise(y, places, x, place as u32);
                    }
                }
            });
        // A second forward pass of the same operation would store the same places.
        let _ = self.places.set(places);
        Ok((CpuStorage::F32(y), self.tokens.shape()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        let Some(places) = self.places.get() else {
            candle_core::bail!("max pool: backward before forward");
        };
        let width = self.tokens.width;
        let g = g.contiguous()?;
        let g = cpu::view(&g)?;
        let mut dx = vec![0f32; x.elem_count()];
        dx.par_chunks_mut(self.tokens.block())
            .zip(g.par_chunks(width).zip(places.par_chunks(width)))
            .enumerate()
            .filter(|(row, _)| self.tokens.real_of(*row).iter().any(|r| *r != 0.0))
            .for_each(|(_, (dx, (g, places)))| {
                for (column, (g, place)) in g.iter().zip(places).enumerate() {
                    dx[*place as usize * width + column] = *g;
                }
            });
        Ok(Some(cpu::tensor(dx, x.shape())?))
    }
}
