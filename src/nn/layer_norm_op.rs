//! Layer normalisation as one operation, with its backward.
//!
//! With h = (s - mean)/√(variance + ε) and q = g·weight, the gradients are (Ba et al. 2016)
//! ds = (q - mean(q) - h·mean(q·h))/√(variance + ε), dweight = Σ g·h, dbias = Σ g over the rows.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::buffer;
use super::cpu;
use super::dropout::Mask;
use super::simd::{add_assign, fma, kernels, sum};

/// Rows a parallel task takes.
const ROWS: usize = 32;

/// s = dropout(x) + residual, then normalised; operands: x, the residual if there is one, weight and bias in a row.
pub(super) struct LayerNormOp {
    eps: f64,
    drop: Option<Mask>,
    /// Mean and 1/√(variance + ε) of every row, kept for the backward pass.
    statistics: OnceLock<Vec<f32>>,
}

impl LayerNormOp {
    pub(super) fn new(eps: f64, drop: Option<Mask>) -> Self {
        Self {
            eps,
            drop,
            statistics: OnceLock::new(),
        }
    }

    fn forward(&self, x: &[f32], residual: Option<&[f32]>, affine: &[f32]) -> Vec<f32> {
        let width = affine.len() / 2;
        let (weight, bias) = affine.split_at(width);
        let block = ROWS * width;
        let mut statistics = vec![0f32; x.len() / width * 2];
        let with = statistics.par_chunks_mut(2 * ROWS).enumerate();
        let (y, _) = buffer::fill(x.len(), block, with, |(i, statistics), y| {
            self.sum(y, i * block, x, residual);
            let rows = y.chunks_exact_mut(width);
            for (row, statistics) in rows.zip(statistics.chunks_exact_mut(2)) {
                normalise(row, weight, bias, self.eps as f32, statistics);
            }
        });
        // A second forward pass of the same operation would store the same values.
        let _ = self.statistics.set(statistics);
        y
    }

    /// s for a block of rows, the first value of which has index `first`.
    fn sum(&self, s: &mut [f32], first: usize, x: &[f32], residual: Option<&[f32]>) {
        let block = first..first + s.len();
        s.copy_from_slice(&x[block.clone()]);
        if let Some(mask) = &self.drop {
            mask.put_on(s, first);
        }
        if let Some(residual) = residual {
            add_assign(s, &residual[block]);
        }
    }

    fn backward(
        &self,
        x: &[f32],
        residual: Option<&[f32]>,
        affine: &[f32],
        g: &[f32],
        statistics: &[f32],
    ) -> (Vec<f32>, Vec<f32>) {
        let width = affine.len() / 2;
        let block = ROWS * width;
        let weight = &affine[..width];
        let with = g.par_chunks(block).zip(statistics.par_chunks(2 * ROWS));
        let (ds, parts) = buffer::fill(x.len(), block, with.enumerate(), |(i, with), ds| {
            let (g, statistics) = with;
            self.sum(ds, i * block, x, residual);
            let mut part = vec![0f32; 2 * width];
            let (dweight, dbias) = part.split_at_mut(width);
            let rows = ds.chunks_exact_mut(width).zip(g.chunks_exact(width));
            for ((ds, g), statistics) in rows.zip(statistics.chunks_exact(2)) {
                normalise_backward(ds, dweight, dbias, g, weight, statistics);
            }
            part
        });
        let mut daffine = vec![0f32; 2 * width];
        parts.iter().for_each(|part| add_assign(&mut daffine, part));
        (ds, daffine)
    }

    fn gradients(
        &self,
        x: &Tensor,
        residual: Option<&Tensor>,
        affine: &Tensor,
        g: &Tensor,
    ) -> candle_core::Result<Parts> {
        let Some(statistics) = self.statistics.get() else {
            candle_core::bail!("layer norm: backward before forward");
        };
        let g = g.contiguous()?;
        let (ds, daffine) = {
            let residual = residual.map(cpu::view).transpose()?;
            let (x, affine, g) = (cpu::view(x)?, cpu::view(affine)?, cpu::view(&g)?);
            self.backward(&x, residual.as_deref(), &affine, &g, statistics)
        };
        let masked = self.drop.as_ref().map(|mask| mask.apply(&ds));
        let residual = cpu::tensor(ds, x.shape())?;
        Ok(Parts {
            x: match masked {
                Some(dx) => cpu::tensor(dx, x.shape())?,
                None => residual.clone(),
            },
            residual,
            affine: cpu::tensor(daffine, affine.shape())?,
        })
    }
}

/// Gradients of the operands.
struct Parts {
    x: Tensor,
    residual: Tensor,
    affine: Tensor,
}

kernels! {
    /// Normalises a row in place; `statistics` becomes its mean and 1/√(variance + ε).
    fn normalise(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32, statistics: &mut [f32]) {
        let n = row.len();
        assert!(weight.len() == n && bias.len() == n && statistics.len() == 2);
        let mean = sum(n, |i| row[i]) / n as f32;
        let variance = sum(n, |i| (row[i] - mean) * (row[i] - mean)) / n as f32;
        let scale = 1.0 / (variance + eps).sqrt();
        statistics[0] = mean;
        statistics[1] = scale;
        for i in 0..n {
            row[i] = fma::<FMA>((row[i] - mean) * scale, weight[i], bias[i]);
        }
    }

    /// `ds` comes in as s and goes out as its gradient; the others' gradients are added to.
    fn normalise_backward(
        ds: &mut [f32],
        dweight: &mut [f32],
        dbias: &mut [f32],
        g: &[f32],
        weight: &[f32],
        statistics: &[f32],
    ) {
        let n = ds.len();
        assert!(dweight.len() == n && dbias.len() == n && g.len() == n && weight.len() == n);
        assert_eq!(statistics.len(), 2);
        let (mean, scale) = (statistics[0], statistics[1]);
        for i in 0..n {
            ds[i] = (ds[i] - mean) * scale;
            dweight[i] = fma::<FMA>(g[i], ds[i], dweight[i]);
            dbias[i] += g[i];
        }
        let q = sum(n, |i| g[i] * weight[i]) / n as f32;
        let qh = sum(n, |i| g[i] * weight[i] * ds[i]) / n as f32;
        for i in 0..n {
            ds[i] = scale * (fma::<FMA>(g[i], weight[i], -q) - ds[i] * qh);
        }
    }
}

impl CustomOp2 for LayerNormOp {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let x = cpu::floats(x, x_layout)?;
        let y = self.forward(x, None, cpu::floats(affine, affine_layout)?);
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        affine: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let parts = self.gradients(x, None, affine, g)?;
        let wanted = |of: &Tensor, g: Tensor| of.track_op().then_some(g);
        Ok((wanted(x, parts.x), wanted(affine, parts.affine)))
    }
}

impl CustomOp3 for LayerNormOp {
    fn name(&self) -> &'static str {
        "residual-layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let x = cpu::floats(x, x_layout)?;
        let residual = cpu::floats(residual, residual_layout)?;
        let y = self.forward(x, Some(residual), cpu::floats(affine, affine_layout)?);
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        residual: &Tensor,
        affine: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let parts = self.gradients(x, Some(residual), affine, g)?;
        let wanted = |of: &Tensor, g: Tensor| of.track_op().then_some(g);
        Ok((
            wanted(x, parts.x),
            wanted(residual, parts.residual),
            wanted(affine, parts.affine),
        ))
    }
}
