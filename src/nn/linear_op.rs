//! x·Wᵀ + b, optionally followed by an activation, as one operation with its backward.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::activation::{Activation, Form, bend, unbend};
use super::buffer;
use super::cpu;
use super::gelu::Gelu;
use super::matrix::{Matrix, product};
use super::simd::{add_assign, kernels};

/// Rows a parallel task takes after or before a product.
const ROWS: usize = 32;

/// Operands: x, weight and, if there is one, bias.
pub(super) struct LinearOp {
    activation: Option<Form>,
    /// Whether there will be a backward pass.
    train: bool,
    /// The derivative of a curved activation at every value, kept for the backward pass.
    slope: OnceLock<Vec<f32>>,
}

impl LinearOp {
    pub(super) fn new(activation: Option<Activation>, train: bool) -> Self {
        Self {
            activation: activation.map(Activation::form),
            train,
            slope: OnceLock::new(),
        }
    }

    fn forward(&self, x: &[f32], weight: &[f32], bias: &[f32], inputs: usize) -> Vec<f32> {
        let outputs = bias.len();
        let left = Matrix::new(x, x.len() / inputs, inputs, inputs);
        let right = Matrix::new(weight, outputs, inputs, inputs).t();
        let mut y = product(left, right);
        match self.activation {
            Some(Form::Curved(kind)) => self.curve(kind, &mut y, bias),
            Some(Form::Bent(slope)) => each_row(&mut y, outputs, |y| bend(y, bias, slope)),
            None => each_row(&mut y, outputs, |y| add_assign(y, bias)),
        }
        y
    }

    fn curve(&self, kind: Gelu, y: &mut [f32], bias: &[f32]) {
        let (n, block) = (y.len(), ROWS * bias.len());
        let rows = |y: &mut [f32], slope: &mut [f32]| {
            let slopes = slope.chunks_exact_mut(bias.len());
            for (y, slope) in y.chunks_exact_mut(bias.len()).zip(slopes) {
                kind.apply(y, slope, bias);
            }
        };
        let blocks = y.par_chunks_mut(block);
        if self.train {
            let (slope, _) = buffer::fill(n, block, blocks, rows);
            // A second forward pass of the same operation would store the same values.
            let _ = self.slope.set(slope);
        } else {
            blocks.for_each(|y| rows(y, &mut vec![0f32; y.len()]));
        }
    }

    fn gradients(
        &self,
        x: &Tensor,
        weight: &Tensor,
        y: &Tensor,
        g: &Tensor,
    ) -> candle_core::Result<Parts> {
        let (outputs, inputs) = weight.dims2()?;
        let g = g.contiguous()?;
        let g = cpu::view(&g)?;
        let before;
        let (g, db) = match self.before_activation(&g, y, outputs)? {
            Some((product, db)) => {
                before = product;
                (&before[..], db)
            }
            None => (&g[..], column_sums(&g, outputs)),
        };
        let rows = g.len() / outputs;
        let dy = Matrix::new(g, rows, outputs, outputs);
        let mut parts = Parts {
            x: None,
            weight: None,
            bias: cpu::tensor(db, outputs)?,
        };
        if x.track_op() {
            let w = cpu::view(weight)?;
            let dx = product(dy, Matrix::new(&w, outputs, inputs, inputs));
            parts.x = Some(cpu::tensor(dx, x.shape())?);
        }
        if weight.track_op() {
            let x = cpu::view(x)?;
            let dw = product(dy.t(), Matrix::new(&x, rows, inputs, inputs));
            parts.weight = Some(cpu::tensor(dw, weight.shape())?);
        }
        Ok(parts)
    }

    /// `None` without an activation.
    fn before_activation(
        &self,
        g: &[f32],
        y: &Tensor,
        columns: usize,
    ) -> candle_core::Result<Option<Before>> {
        Ok(match (self.activation, self.slope.get()) {
            (None, _) => None,
            (Some(Form::Bent(slope)), _) => {
                let y = cpu::view(y)?;
                let step = |to: &mut [f32], sum: &mut [f32], g: &[f32], y: &[f32]| {
                    unbend(to, sum, g, y, slope);
                };
                Some(scale_and_sum(g, &y, columns, step))
            }
            (Some(Form::Curved(_)), Some(slope)) => {
                Some(scale_and_sum(g, slope, columns, scale_row))
            }
            (Some(Form::Curved(_)), None) => {
                candle_core::bail!("linear: backward before forward")
            }
        })
    }
}

/// The gradient with respect to what the activation was given, and the sum of its rows.
type Before = (Vec<f32>, Vec<f32>);

/// Gradients of the operands; `None` for one that needs none.
struct Parts {
    x: Option<Tensor>,
    weight: Option<Tensor>,
    bias: Tensor,
}

/// The sum of the rows of `g`, in blocks of a fixed size.
fn column_sums(g: &[f32], columns: usize) -> Vec<f32> {
    let blocks = g.par_chunks(ROWS * columns).map(|block| {
        let mut sum = vec![0f32; columns];
        let rows = block.chunks_exact(columns);
        rows.for_each(|row| add_assign(&mut sum, row));
        sum
    });
    total(blocks.collect(), columns)
}

/// Does `change` to every row of `y`.
fn each_row(y: &mut [f32], columns: usize, change: impl Fn(&mut [f32]) + Sync) {
    y.par_chunks_mut(ROWS * columns).for_each(|y| {
        y.chunks_exact_mut(columns).for_each(&change);
    });
}

/// g times a derivative and the sum of its rows; `step` does one row, given what `slope` says of the derivative.
fn scale_and_sum(
    g: &[f32],
    slope: &[f32],
    columns: usize,
    step: impl Fn(&mut [f32], &mut [f32], &[f32], &[f32]) + Sync,
) -> Before {
    let block = ROWS * columns;
    let with = g.par_chunks(block).zip(slope.par_chunks(block));
    let (scaled, sums) = buffer::fill(g.len(), block, with, |(g, slope), to| {
        let mut sum = vec![0f32; columns];
        let pairs = g.chunks_exact(columns).zip(slope.chunks_exact(columns));
        for (to, (g, slope)) in to.chunks_exact_mut(columns).zip(pairs) {
            step(to, &mut sum, g, slope);
        }
        sum
    });
    (scaled, total(sums, columns))
}

fn total(blocks: Vec<Vec<f32>>, columns: usize) -> Vec<f32> {
    let mut total = vec![0f32; columns];
    blocks.iter().for_each(|sum| add_assign(&mut total, sum));
    total
}

kernels! {
    /// to = g·slope; sum += to.
    fn scale_row(to: &mut [f32], sum: &mut [f32], g: &[f32], slope: &[f32]) {
        let n = to.len();
        assert!(sum.len() == n && g.len() == n && slope.len() == n);
        for i in 0..n {
            to[i] = g[i] * slope[i];
            sum[i] += to[i];
        }
    }
}

impl CustomOp3 for LinearOp {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (outputs, inputs) = weight_layout.shape().dims2()?;
        let y = self.forward(
            cpu::floats(x, x_layout)?,
            cpu::floats(weight, weight_layout)?,
            cpu::floats(bias, bias_layout)?,
            inputs,
        );
        Ok((CpuStorage::F32(y), widened(x_layout, outputs)))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        g: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let parts = self.gradients(x, weight, y, g)?;
        let bias = bias.track_op().then_some(parts.bias);
        Ok((parts.x, parts.weight, bias))
    }
}

/// Without a bias.
impl CustomOp2 for LinearOp {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (outputs, inputs) = weight_layout.shape().dims2()?;
        let y = self.forward(
            cpu::floats(x, x_layout)?,
            cpu::floats(weight, weight_layout)?,
            &vec![0.0; outputs],
            inputs,
        );
        Ok((CpuStorage::F32(y), widened(x_layout, outputs)))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        y: &Tensor,
        g: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let parts = self.gradients(x, weight, y, g)?;
        Ok((parts.x, parts.weight))
    }
}

fn widened(x: &Layout, outputs: usize) -> Shape {
    let mut dims = x.dims().to_vec();
    if let Some(last) = dims.last_mut() {
        *last = outputs;
    }
    dims.into()
}
