//! GELU: x·Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016).

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::buffer;
use super::cpu;
use super::simd::{erf, exp, fma, kernels, tanh};
use crate::error::Result;

/// Values a parallel task takes.
const CHUNK: usize = 1 << 13;

/// How Φ is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gelu {
    /// By the error function; BERT's.
    #[default]
    Erf,
    /// By the approximation ½(1 + tanh(√(2/π)·(x + 0.044715·x³))); GPT-2's.
    Tanh,
}

impl Gelu {
    /// x + bias in `y`'s place becomes its GELU, and `slope` the derivative there.
    pub(super) fn apply(self, y: &mut [f32], slope: &mut [f32], bias: &[f32]) {
        match self {
            Self::Erf => gelu_erf(y, slope, bias),
            Self::Tanh => gelu_tanh(y, slope, bias),
        }
    }

    /// The composed form, for any dtype and device.
    pub(super) fn composed(self, x: &Tensor) -> Result<Tensor> {
        let phi = match self {
            Self::Erf => (x * std::f64::consts::FRAC_1_SQRT_2)?.erf()?,
            Self::Tanh => {
                let cubic = ((x.sqr()? * 0.044715)? + 1.0)?;
                (x * (2.0 / std::f64::consts::PI).sqrt())?
                    .mul(&cubic)?
                    .tanh()?
            }
        };
        Ok(((x * 0.5)? * (phi + 1.0)?)?)
    }
}

/// GELU of every value of `x`, any shape.
///
/// # Errors
/// Candle's.
pub fn gelu(x: &Tensor, kind: Gelu) -> Result<Tensor> {
    if !cpu::fits(&[x]) {
        return kind.composed(x);
    }
    let op = GeluOp {
        kind,
        train: x.track_op(),
        slope: OnceLock::new(),
    };
    Ok(x.contiguous()?.apply_op1(op)?)
}

struct GeluOp {
    kind: Gelu,
    train: bool,
    /// The derivative at every value, kept for the backward pass.
    slope: OnceLock<Vec<f32>>,
}

impl CustomOp1 for GeluOp {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let x = cpu::floats(storage, layout)?;
        let mut slope = vec![0f32; if self.train { x.len() } else { 0 }];
        let zero = [0f32; CHUNK];
        let apply = |x: &[f32], y: &mut [f32], slope: &mut [f32]| {
            y.copy_from_slice(x);
            self.kind.apply(y, slope, &zero[..x.len()]);
        };
        let (n, blocks) = (x.len(), x.par_chunks(CHUNK));
        let (y, _) = if self.train {
            let with = blocks.zip(slope.par_chunks_mut(CHUNK));
            buffer::fill(n, CHUNK, with, |(x, slope), y| apply(x, y, slope))
        } else {
            buffer::fill(n, CHUNK, blocks, |x, y| {
                apply(x, y, &mut [0f32; CHUNK][..x.len()]);
            })
        };
        // A second forward pass of the same operation would store the same values.
        let _ = self.slope.set(slope);
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, g: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let Some(slope) = self.slope.get() else {
            candle_core::bail!("gelu: backward before forward");
        };
        let g = g.contiguous()?;
        let g = cpu::view(&g)?;
        let with = g.par_chunks(CHUNK).zip(slope.par_chunks(CHUNK));
        let (dx, _) = buffer::fill(g.len(), CHUNK, with, |(g, slope), dx| {
            product(dx, g, slope);
        });
        Ok(Some(cpu::tensor(dx, x.shape())?))
    }
}

kernels! {
    /// to = a·b.
    fn product(to: &mut [f32], a: &[f32], b: &[f32]) {
        let n = to.len();
        assert!(a.len() == n && b.len() == n);
        for i in 0..n {
            to[i] = a[i] * b[i];
        }
    }

    /// Φ(x) = ½(1 + erf(x/√2)); the derivative of x·Φ(x) is Φ(x) + x·φ(x).
    fn gelu_erf(y: &mut [f32], slope: &mut [f32], bias: &[f32]) {
        let n = y.len();
        assert!(slope.len() == n && bias.len() == n);
        const DENSITY_AT_0: f32 = 0.398_942_3; // 1/√(2π)
        for i in 0..n {
            let x = y[i] + bias[i];
            let phi = fma::<FMA>(0.5, erf::<FMA>(x * std::f32::consts::FRAC_1_SQRT_2), 0.5);
            let density = DENSITY_AT_0 * exp::<FMA>(-0.5 * x * x);
            y[i] = x * phi;
            slope[i] = fma::<FMA>(x, density, phi);
        }
    }

    /// The tanh form; with u its argument, the derivative is ½(1 + tanh u) + ½x·(1 - tanh² u)·u'.
    fn gelu_tanh(y: &mut [f32], slope: &mut [f32], bias: &[f32]) {
        let n = y.len();
        assert!(slope.len() == n && bias.len() == n);
        const A: f32 = 0.797_884_6; // √(2/π)
        const B: f32 = 0.044_715;
        for i in 0..n {
            let x = y[i] + bias[i];
            let square = x * x;
            let t = tanh::<FMA>(A * x * fma::<FMA>(B, square, 1.0));
            let inner = A * fma::<FMA>(3.0 * B, square, 1.0);
            let half = fma::<FMA>(0.5, t, 0.5);
            y[i] = x * half;
            slope[i] = fma::<FMA>(0.5 * x * fma::<FMA>(-t, t, 1.0), inner, half);
        }
    }
}
