//! Attention as one operation, with its backward: no transposes, no copies, the attention weights kept.
//!
//! With P the weights, D the dropout mask, O = (P∘D)·V and g the gradient of O:
//! dV = (P∘D)ᵀ·g, dP = (g·Vᵀ)∘D, dS = P∘(dP - Σⱼ P·dP), dQ = dS·K/√d, dK = dSᵀ·Q/√d.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::buffer;
use super::cpu;
use super::dropout::Mask;
use super::matrix::{Matrix, Onto, Target, Threads, multiply};
use super::simd::{exp, kernels, maximum, sum};

/// Attention on packed queries, keys and values, a parallel task a row.
pub(super) struct AttentionOp {
    heads: usize,
    /// How many tokens of each row, from the first, attend.
    queries: usize,
    tokens: usize,
    width: usize,
    /// 1 where a token is real and 0 where it is not, `[rows, tokens]`.
    real: Vec<f32>,
    /// How many keys of each row can be real: those behind the last real one are never looked at.
    keys: Vec<usize>,
    drop: Option<Mask>,
    /// Whether there will be a backward pass.
    train: bool,
    /// The attention weights before dropout, `[rows, heads, queries, tokens]`, kept for the backward pass.
    weights: OnceLock<Vec<f32>>,
}

/// Where the parts of one head stand in a row's packed values.
#[derive(Clone, Copy)]
struct Head<'a> {
    packed: &'a [f32],
    queries: usize,
    keys: usize,
    size: usize,
    width: usize,
    first: usize,
}

impl<'a> Head<'a> {
    fn part(&self, part: usize, tokens: usize) -> Matrix<'a> {
        let start = part * self.width + self.first;
        Matrix::new(&self.packed[start..], tokens, self.size, 3 * self.width)
    }

    fn queries(&self) -> Matrix<'a> {
        self.part(0, self.queries)
    }

    fn keys(&self) -> Matrix<'a> {
        self.part(1, self.keys)
    }

    fn values(&self) -> Matrix<'a> {
        self.part(2, self.keys)
    }

    fn scale(&self) -> f32 {
        1.0 / (self.size as f32).sqrt()
    }
}

impl AttentionOp {
    /// For `rows` rows; without `real`, every token is.
    pub(super) fn new(
        (rows, queries, tokens, width): (usize, usize, usize, usize),
        heads: usize,
        real: Option<Vec<f32>>,
        drop: Option<Mask>,
        train: bool,
    ) -> Self {
        let real = real.unwrap_or_else(|| vec![1.0; rows * tokens]);
        let last = |row: &[f32]| row.iter().rposition(|r| *r != 0.0).map_or(0, |i| i + 1);
        Self {
            heads,
            queries,
            tokens,
            width,
            keys: real.chunks(tokens.max(1)).map(last).collect(),
            real,
            drop,
            train,
            weights: OnceLock::new(),
        }
    }

    fn head<'a>(&self, packed: &'a [f32], row: usize, head: usize) -> Head<'a> {
        let size = self.width / self.heads;
        Head {
            packed,
            queries: self.queries,
            keys: self.keys[row],
            size,
            width: self.width,
            first: head * size,
        }
    }

    fn forward(&self, qkv: &[f32]) -> Vec<f32> {
        let (q, t, width, rows) = (self.queries, self.tokens, self.width, self.keys.len());
        let block = self.heads * q * t;
        let n = rows * q * width;
        let packed = qkv.par_chunks(3 * t * width).enumerate();
        if !self.train {
            let (out, _) = buffer::fill(n, q * width, packed, |(row, packed), out| {
                self.row_forward(row, out, packed, &mut vec![0f32; q * t]);
            });
            return out;
        }
        let mut weights = vec![0f32; rows * block];
        let with = packed.zip(weights.par_chunks_mut(block));
        let (out, _) = buffer::fill(n, q * width, with, |((row, packed), weights), out| {
            self.row_forward(row, out, packed, weights);
        });
        // A second forward pass of the same operation would store the same values.
        let _ = self.weights.set(weights);
        out
    }

    /// One row; `weights` has room for every head, or for one, which all then use in turn.
    fn row_forward(&self, row: usize, out: &mut [f32], packed: &[f32], weights: &mut [f32]) {
        let (q, t, width) = (self.queries, self.tokens, self.width);
        let mut dropped = Vec::new();
        for h in 0..self.heads {
            let head = self.head(packed, row, h);
            let start = h * q * t % weights.len();
            let weights = &mut weights[start..start + q * t];
            self.weigh(&head, row, weights);
            let weights = self.under_mask(weights, row * self.heads + h, &mut dropped);
            let left = Matrix::new(weights, q, head.keys, t);
            let target = Target::new(&mut out[head.first..], q, head.size, width);
            let values = head.values();
            multiply(target, left, values, 1.0, Onto::Nothing, Threads::One);
        }
    }

    /// softmax(Q·Kᵀ/√d) of one head.
    fn weigh(&self, head: &Head<'_>, row: usize, weights: &mut [f32]) {
        let t = self.tokens;
        let target = Target::new(weights, self.queries, head.keys, t);
        let keys = head.keys().t();
        multiply(
            target,
            head.queries(),
            keys,
            head.scale(),
            Onto::Nothing,
            Threads::One,
        );
        let real = &self.real[row * t..][..head.keys];
        for weights in weights.chunks_exact_mut(t) {
            softmax(&mut weights[..head.keys], real);
        }
    }

    /// The weights after dropout, in `dropped` where there is any; `head` counts over rows and heads.
    fn under_mask<'a>(
        &self,
        weights: &'a [f32],
        head: usize,
        dropped: &'a mut Vec<f32>,
    ) -> &'a [f32] {
        let Some(mask) = &self.drop else {
            return weights;
        };
        dropped.clear();
        dropped.extend_from_slice(weights);
        mask.put_on(dropped, head * weights.len());
        dropped
    }

    fn backward(&self, qkv: &[f32], weights: &[f32], g: &[f32]) -> Vec<f32> {
        let (q, t, width) = (self.queries, self.tokens, self.width);
        let block = 3 * t * width;
        let with = qkv
            .par_chunks(block)
            .zip(weights.par_chunks(self.heads * q * t))
            .zip(g.par_chunks(q * width))
            .enumerate();
        let (dqkv, _) = buffer::fill(qkv.len(), block, with, |(row, with), dqkv| {
            let ((packed, weights), g) = with;
            let mut scratch = (Vec::new(), vec![0f32; q * t]);
            for (h, weights) in weights.chunks_exact(q * t).enumerate() {
                let head = self.head(packed, row, h);
                let g = Matrix::new(&g[head.first..], q, head.size, width);
                let number = row * self.heads + h;
                self.head_backward(&head, number, dqkv, weights, g, &mut scratch);
            }
        });
        dqkv
    }

    fn head_backward(
        &self,
        head: &Head<'_>,
        number: usize,
        dqkv: &mut [f32],
        weights: &[f32],
        g: Matrix<'_>,
        (dropped, ds): &mut (Vec<f32>, Vec<f32>),
    ) {
        let (q, t, k, width) = (self.queries, self.tokens, head.keys, self.width);
        let mut put = |part: usize, tokens: usize, a: Matrix<'_>, b: Matrix<'_>, scale: f32| {
            let to = &mut dqkv[part * width + head.first..];
            let to = Target::new(to, tokens, head.size, 3 * width);
            multiply(to, a, b, scale, Onto::Nothing, Threads::One);
        };
        let used = self.under_mask(weights, number, dropped);
        put(2, k, Matrix::new(used, q, k, t).t(), g, 1.0);
        let to = Target::new(ds, q, k, t);
        multiply(to, g, head.values().t(), 1.0, Onto::Nothing, Threads::One);
        if let Some(mask) = &self.drop {
            mask.put_on(ds, number * q * t);
        }
        for (ds, weights) in ds.chunks_exact_mut(t).zip(weights.chunks_exact(t)) {
            softmax_backward(&mut ds[..k], &weights[..k]);
        }
        let ds = Matrix::new(ds, q, k, t);
        put(0, q, ds, head.keys(), head.scale());
        put(1, k, ds.t(), head.queries(), head.scale());
    }
}

kernels! {
    /// Softmax over the values where `real` is 1; zeros elsewhere, and everywhere if it is nowhere 1.
    fn softmax(row: &mut [f32], real: &[f32]) {
        let n = row.len();
        assert_eq!(real.len(), n);
        let top = maximum(n, |i| if real[i] != 0.0 { row[i] } else { f32::NEG_INFINITY });
        if top == f32::NEG_INFINITY {
            return row.fill(0.0);
        }
        for i in 0..n {
            row[i] = if real[i] != 0.0 { exp::<FMA>(row[i] - top) } else { 0.0 };
        }
        let scale = 1.0 / sum(n, |i| row[i]);
        row.iter_mut().for_each(|w| *w *= scale);
    }

    /// dS from dP, in place.
    fn softmax_backward(ds: &mut [f32], weights: &[f32]) {
        let n = ds.len();
        assert_eq!(weights.len(), n);
        let dot = sum(n, |i| weights[i] * ds[i]);
        for i in 0..n {
            ds[i] = weights[i] * (ds[i] - dot);
        }
    }
}

impl CustomOp1 for AttentionOp {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        qkv: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let out = self.forward(cpu::floats(qkv, layout)?);
        let shape = (self.keys.len(), self.queries, self.width);
        Ok((CpuStorage::F32(out), shape.into()))
    }

    fn bwd(&self, qkv: &Tensor, _: &Tensor, g: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let Some(weights) = self.weights.get() else {
            candle_core::bail!("attention: backward before forward");
        };
        let g = g.contiguous()?;
        let dqkv = self.backward(&cpu::view(qkv)?, weights, &cpu::view(&g)?);
        Ok(Some(cpu::tensor(dqkv, qkv.shape())?))
    }
}
