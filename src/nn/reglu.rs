//! ReGLU: a·max(b, 0) of the two halves (a, b) of the last dimension (Shazeer 2020), then dropout.
//!
//! With m the dropout mask, da = g·m·max(b, 0) and db = g·m·a where b is above 0, else 0.

use candle_core::{CpuStorage, CustomOp1, D, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::activation::Activation;
use super::buffer;
use super::cpu;
use super::dropout::Mask;
use super::simd::kernels;
use crate::error::{Error, Result};

/// Rows a parallel task takes.
const ROWS: usize = 32;

/// ReGLU of `x`, `[.., 2·width]` to `[.., width]`, with dropout of probability `p`; without a key nothing is dropped.
///
/// # Errors
/// [`Error::Setting`] if `p` is not in [0, 1), [`Error::Shape`] if the last dimension cannot be halved, and Candle's.
pub fn reglu(x: &Tensor, p: f64, key: Option<u64>) -> Result<Tensor> {
    let drop = Mask::new(p, key)?;
    let width = match x.dims().last() {
        Some(last) if *last > 0 && last % 2 == 0 => last / 2,
        _ => {
            return Err(Error::Shape {
                what: "ReGLU's input".into(),
                expected: "[.., 2·width]".into(),
                got: format!("{:?}", x.dims()),
            });
        }
    };
    if cpu::fits(&[x]) {
        return Ok(x.contiguous()?.apply_op1(RegluOp { width, drop })?);
    }
    let (a, b) = (
        x.narrow(D::Minus1, 0, width)?,
        x.narrow(D::Minus1, width, width)?,
    );
    let y = (a * Activation::Relu.composed(&b)?)?;
    drop.map_or(Ok(y.clone()), |drop| drop.composed(&y))
}

struct RegluOp {
    width: usize,
    drop: Option<Mask>,
}

impl RegluOp {
    fn forward(&self, x: &[f32]) -> Vec<f32> {
        let block = ROWS * self.width;
        let with = x.par_chunks(2 * block).enumerate();
        let (y, _) = buffer::fill(x.len() / 2, block, with, |(i, x), y| {
            let rows = x.chunks_exact(2 * self.width);
            for (y, x) in y.chunks_exact_mut(self.width).zip(rows) {
                let (a, b) = x.split_at(self.width);
                gate(y, a, b);
            }
            if let Some(mask) = &self.drop {
                mask.put_on(y, i * block);
            }
        });
        y
    }

    fn backward(&self, x: &[f32], g: &[f32]) -> Vec<f32> {
        let block = ROWS * self.width;
        let with = x.par_chunks(2 * block).zip(g.par_chunks(block)).enumerate();
        let (dx, _) = buffer::fill(x.len(), 2 * block, with, |(i, (x, g)), dx| {
            let mut masked = Vec::new();
            let g = match &self.drop {
                Some(mask) => {
                    masked.extend_from_slice(g);
                    mask.put_on(&mut masked, i * block);
                    &masked
                }
                None => g,
            };
            let rows = x.chunks_exact(2 * self.width);
            let rows = rows.zip(g.chunks_exact(self.width));
            for (dx, (x, g)) in dx.chunks_exact_mut(2 * self.width).zip(rows) {
                let (da, db) = dx.split_at_mut(self.width);
                let (a, b) = x.split_at(self.width);
                gate_backward(da, db, a, b, g);
            }
        });
        dx
    }
}

impl CustomOp1 for RegluOp {
    fn name(&self) -> &'static str {
        "reglu"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let y = self.forward(cpu::floats(storage, layout)?);
        let mut dims = layout.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = self.width;
        }
        Ok((CpuStorage::F32(y), dims.into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, g: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let g = g.contiguous()?;
        let dx = self.backward(&cpu::view(x)?, &cpu::view(&g)?);
        Ok(Some(cpu::tensor(dx, x.shape())?))
    }
}

kernels! {
    /// y = a·max(b, 0).
    fn gate(y: &mut [f32], a: &[f32], b: &[f32]) {
        let n = y.len();
        assert!(a.len() == n && b.len() == n);
        for i in 0..n {
            y[i] = a[i] * if b[i] <= 0.0 { 0.0 } else { b[i] };
        }
    }

    /// The gradients of both halves.
    fn gate_backward(da: &mut [f32], db: &mut [f32], a: &[f32], b: &[f32], g: &[f32]) {
        let n = g.len();
        assert!(da.len() == n && db.len() == n && a.len() == n && b.len() == n);
        for i in 0..n {
            da[i] = g[i] * if b[i] <= 0.0 { 0.0 } else { b[i] };
            db[i] = if b[i] <= 0.0 { 0.0 } else { g[i] * a[i] };
        }
    }
}
