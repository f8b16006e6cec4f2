//! The tokens of rows as one operation, with its backward.
//!
//! With g the gradient of the tokens: dx[r,j] = Σ g[r,j]·W[j], dW[j] = Σ x[r,j]·g[r,j] and db[j] = Σ g[r,j] over the
//! rows; a category's vector is handed g as it is.

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::buffer;
use super::cpu;
use super::simd::{add_assign, fma, kernels, sum};

/// Rows a parallel task takes.
const ROWS: usize = 16;

/// Operands: flat rows, weight `[cells, width]` where there are cells, bias `[tokens, width]`.
pub(super) struct TokensOp;

/// The parts of the operation.
#[derive(Clone, Copy)]
struct Parts<'a> {
    rows: &'a [f32],
    weight: &'a [f32],
    /// Values of a flat row.
    flat: usize,
    /// Values of a row of tokens.
    tokens: usize,
    width: usize,
}

/// Gradients of the operands.
struct Gradients {
    rows: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Parts<'_> {
    fn forward(&self, bias: &[f32]) -> Vec<f32> {
        let n = self.rows.len() / self.flat * self.tokens;
        let with = self.rows.par_chunks(ROWS * self.flat);
        let (out, _) = buffer::fill(n, ROWS * self.tokens, with, |rows, out| {
            let rows = rows.chunks_exact(self.flat);
            for (out, row) in out.chunks_exact_mut(self.tokens).zip(rows) {
                make(out, row, self.weight, bias, self.width);
            }
        });
        out
    }

    /// In blocks of a fixed number of rows, the sums of which are added in their order.
    fn backward(&self, g: &[f32]) -> Gradients {
        let (size, weights) = (ROWS * self.flat, self.weight.len());
        let with = self.rows.par_chunks(size);
        let with = with.zip(g.par_chunks(ROWS * self.tokens));
        let (rows, blocks) = buffer::fill(self.rows.len(), size, with, |(rows, g), drows| {
            let mut sums = vec![0f32; weights + self.tokens];
            let (dweight, dbias) = sums.split_at_mut(weights);
            let pairs = rows
                .chunks_exact(self.flat)
                .zip(g.chunks_exact(self.tokens));
            for (drow, (row, g)) in drows.chunks_exact_mut(self.flat).zip(pairs) {
                unmake(drow, dweight, dbias, row, g, self.weight, self.width);
            }
            sums
        });
        let mut weight = vec![0f32; weights + self.tokens];
        blocks
            .iter()
            .for_each(|block| add_assign(&mut weight, block));
        let bias = weight.split_off(weights);
        Gradients { rows, weight, bias }
    }
}

kernels! {
    /// The tokens of one row.
    fn make(out: &mut [f32], row: &[f32], weight: &[f32], bias: &[f32], width: usize) {
        let cells = weight.len() / width;
        assert!(out.len() == bias.len() && row.len() + weight.len() == out.len() + cells);
        let (numbers, vectors) = row.split_at(cells);
        let (of_numbers, of_vectors) = out.split_at_mut(weight.len());
        let (bias, rest) = bias.split_at(weight.len());
        for (j, x) in numbers.iter().enumerate() {
            let at = j * width..(j + 1) * width;
            let (out, weight, bias) = (&mut of_numbers[at.clone()], &weight[at.clone()], &bias[at]);
            for i in 0..width {
                out[i] = fma::<FMA>(*x, weight[i], bias[i]);
            }
        }
        for i in 0..of_vectors.len() {
            of_vectors[i] = vectors[i] + rest[i];
        }
    }

    /// The gradient of one row; those of weight and bias are added to.
    fn unmake(
        drow: &mut [f32],
        dweight: &mut [f32],
        dbias: &mut [f32],
        row: &[f32],
        g: &[f32],
        weight: &[f32],
        width: usize,
    ) {
        let cells = weight.len() / width;
        assert!(g.len() == dbias.len() && weight.len() == dweight.len());
        assert!(drow.len() == row.len() && row.len() + weight.len() == g.len() + cells);
        for j in 0..cells {
            let at = j * width..(j + 1) * width;
            let (g, weight, dweight) = (&g[at.clone()], &weight[at.clone()], &mut dweight[at]);
            drow[j] = sum(width, |i| g[i] * weight[i]);
            for i in 0..width {
                dweight[i] = fma::<FMA>(row[j], g[i], dweight[i]);
            }
        }
        drow[cells..].copy_from_slice(&g[weight.len()..]);
        for i in 0..dbias.len() {
            dbias[i] += g[i];
        }
    }
}

fn forward(
    (rows, rows_layout): (&CpuStorage, &Layout),
    weight: &[f32],
    (bias, bias_layout): (&CpuStorage, &Layout),
) -> Result<(CpuStorage, Shape)> {
    let (n, flat) = rows_layout.shape().dims2()?;
    let (tokens, width) = bias_layout.shape().dims2()?;
    let parts = Parts {
        rows: cpu::floats(rows, rows_layout)?,
        weight,
        flat,
        tokens: tokens * width,
        width,
    };
    let out = parts.forward(cpu::floats(bias, bias_layout)?);
    Ok((CpuStorage::F32(out), (n, tokens, width).into()))
}

fn backward(rows: &Tensor, weight: &[f32], bias: &Tensor, g: &Tensor) -> Result<Gradients> {
    let (tokens, width) = bias.dims2()?;
    let g = g.contiguous()?;
    let g = cpu::view(&g)?;
    let parts = Parts {
        rows: &cpu::view(rows)?,
        weight,
        flat: rows.dim(1)?,
        tokens: tokens * width,
        width,
    };
    Ok(parts.backward(&g))
}

/// A gradient for an operand that wants one.
fn wanted(of: &Tensor, gradient: Vec<f32>) -> Result<Option<Tensor>> {
    let gradient = of.track_op().then(|| cpu::tensor(gradient, of.shape()));
    gradient.transpose()
}

impl CustomOp3 for TokensOp {
    fn name(&self) -> &'static str {
        "feature-tokens"
    }

    fn cpu_fwd(
        &self,
        rows: &CpuStorage,
        rows_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let weight = cpu::floats(weight, weight_layout)?;
        forward((rows, rows_layout), weight, (bias, bias_layout))
    }

    fn bwd(
        &self,
        rows: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let all = backward(rows, &cpu::view(weight)?, bias, g)?;
        Ok((
            wanted(rows, all.rows)?,
            wanted(weight, all.weight)?,
            wanted(bias, all.bias)?,
        ))
    }
}

/// Without cells.
impl CustomOp2 for TokensOp {
    fn name(&self) -> &'static str {
        "feature-tokens"
    }

    fn cpu_fwd(
        &self,
        rows: &CpuStorage,
        rows_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        forward((rows, rows_layout), &[], (bias, bias_layout))
    }

    fn bwd(
        &self,
        rows: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let all = backward(rows, &[], bias, g)?;
        Ok((wanted(rows, all.rows)?, wanted(bias, all.bias)?))
    }
}
