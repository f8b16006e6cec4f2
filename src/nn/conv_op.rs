//! Convolution over tokens as one operation, with its backward.
//!
//! In a row padded with zeros, the window at token t is `window·inputs` values in a row from t·inputs on: a matrix with
//! overlapping rows, so one product a row does it without gathering windows.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::cpu;
use super::matrix::{Matrix, Onto, Target, Threads, multiply};
use super::simd::add_assign;

/// Rows whose weight gradients one parallel task sums.
const ROWS: usize = 4;

/// Operands: x, weight and bias.
pub(super) struct ConvOp {
    pub(super) tokens: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) window: usize,
    /// 1 where a token is real and 0 where it is not, `[rows, tokens]`; without it, every token is.
    pub(super) real: Option<Vec<f32>>,
}

impl ConvOp {
    fn left(&self) -> usize {
        (self.window - 1) / 2
    }

    fn is_real(&self, row: usize, token: usize) -> bool {
        let real = self.real.as_ref();
        real.is_none_or(|real| real[row * self.tokens + token] != 0.0)
    }

    /// A row between zeros, its padding zeroed.
    fn padded(&self, row: usize, x: &[f32]) -> Vec<f32> {
        let mut padded = vec![0f32; (self.tokens + self.window - 1) * self.inputs];
        let inner = &mut padded[self.left() * self.inputs..];
        let vectors = inner.chunks_exact_mut(self.inputs);
        for (t, (to, from)) in vectors.zip(x.chunks_exact(self.inputs)).enumerate() {
            if self.is_real(row, t) {
                to.copy_from_slice(from);
            }
        }
        padded
    }

    fn windows<'a>(&self, padded: &'a [f32]) -> Matrix<'a> {
        Matrix::new(padded, self.tokens, self.window * self.inputs, self.inputs)
    }

    fn forward(&self, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let rows = x.len() / (self.tokens * self.inputs);
        let (t, n, k) = (self.tokens, self.outputs, self.window * self.inputs);
        let weight = Matrix::new(weight, n, k, k).t();
        let mut y = vec![0f32; rows * t * n];
        y.par_chunks_mut(t * n)
            .zip(x.par_chunks(t * self.inputs))
            .enumerate()
            .for_each(|(row, (y, x))| {
                y.chunks_exact_mut(n).for_each(|y| y.copy_from_slice(bias));
                let padded = self.padded(row, x);
                let target = Target::new(y, t, n, n);
                let windows = self.windows(&padded);
                multiply(target, windows, weight, 1.0, Onto::Target, Threads::One);
            });
        y
    }

    /// Gradients of x, and of weight and bias in a row.
    fn backward(&self, x: &[f32], weight: &[f32], g: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (t, n, k) = (self.tokens, self.outputs, self.window * self.inputs);
        let (x_block, g_block) = (t * self.inputs, t * n);
        let mut dx = vec![0f32; x.len()];
        let parts: Vec<Vec<f32>> = dx
            .par_chunks_mut(ROWS * x_block)
            .zip(
                x.par_chunks(ROWS * x_block)
                    .zip(g.par_chunks(ROWS * g_block)),
            )
            .enumerate()
            .map(|(task, (dx, (x, g)))| {
                let mut part = vec![0f32; n * k + n];
                let rows = x.chunks_exact(x_block).zip(g.chunks_exact(g_block));
                for (i, (dx, (x, g))) in dx.chunks_exact_mut(x_block).zip(rows).enumerate() {
                    let row = task * ROWS + i;
                    let (dw, db) = part.split_at_mut(n * k);
                    let padded = self.padded(row, x);
                    let dy = Matrix::new(g, t, n, n);
                    let windows = self.windows(&padded);
                    let target = Target::new(dw, n, k, k);
                    multiply(target, dy.t(), windows, 1.0, Onto::Target, Threads::One);
                    g.chunks_exact(n).for_each(|g| add_assign(db, g));
                    self.input_gradient(row, dx, dy, weight);
                }
                part
            })
            .collect();
        let mut total = vec![0f32; n * k + n];
        parts.iter().for_each(|part| add_assign(&mut total, part));
        (dx, total)
    }

    fn input_gradient(&self, row: usize, dx: &mut [f32], dy: Matrix<'_>, weight: &[f32]) {
        let (t, inputs) = (self.tokens, self.inputs);
        let mut padded = vec![0f32; (t + self.window - 1) * inputs];
        for k in 0..self.window {
            let weight = Matrix::new(
                &weight[k * inputs..],
                self.outputs,
                inputs,
                self.window * inputs,
            );
            let target = Target::new(&mut padded[k * inputs..], t, inputs, inputs);
            multiply(target, dy, weight, 1.0, Onto::Target, Threads::One);
        }
        let inner = padded[self.left() * inputs..].chunks_exact(inputs);
        for (token, (to, from)) in dx.chunks_exact_mut(inputs).zip(inner).enumerate() {
            if self.is_real(row, token) {
                to.copy_from_slice(from);
            }
        }
    }
}

impl CustomOp3 for ConvOp {
    fn name(&self) -> &'static str {
        "conv1d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let y = self.forward(
            cpu::floats(x, x_layout)?,
            cpu::floats(weight, weight_layout)?,
            cpu::floats(bias, bias_layout)?,
        );
        let rows = x_layout.dims()[0];
        Ok((CpuStorage::F32(y), (rows, self.tokens, self.outputs).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let g = g.contiguous()?;
        let (dx, mut dw) = self.backward(&cpu::view(x)?, &cpu::view(weight)?, &cpu::view(&g)?);
        let db = dw.split_off(weight.elem_count());
        let wanted = |of: &Tensor, values: Vec<f32>| {
            let gradient = of.track_op().then(|| cpu::tensor(values, of.shape()));
            gradient.transpose()
        };
        Ok((wanted(x, dx)?, wanted(weight, dw)?, wanted(bias, db)?))
    }
}
