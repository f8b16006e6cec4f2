//! AdamW's update of one parameter in place, in one pass.

use std::sync::{Mutex, MutexGuard};

use candle_core::{CpuStorage, InplaceOp1, Layout, Tensor};
use rayon::prelude::*;

use super::cpu;
use super::lazy_rows::RowGradient;
use super::simd::{fma, kernels};

/// Values a parallel task updates.
const CHUNK: usize = 1 << 14;
/// Rows of a table that a parallel task looks at.
const ROWS: usize = 256;

/// The numbers of one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factors {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) eps: f64,
    /// What the weight is multiplied by: 1 - rate·decay.
    pub(super) keep: f64,
    /// The learning rate over 1 - β₁ᵗ.
    pub(super) rate: f64,
    /// 1/√(1 - β₂ᵗ).
    pub(super) root: f64,
    /// What the gradient is multiplied by.
    pub(super) scale: f64,
}

/// The moments of a parameter of contiguous f32 on the CPU.
#[derive(Debug)]
pub(super) struct Fused {
    pub(super) m: Vec<f32>,
    pub(super) v: Vec<f32>,
    /// For a table, which rows have moments; the others' are 0.
    pub(super) touched: Option<Vec<bool>>,
}

/// The moments, to be read or written.
pub(super) fn lock(fused: &Mutex<Fused>) -> MutexGuard<'_, Fused> {
    // A step that panicked leaves whole numbers, if not a whole step; the run ends with the panic anyway.
    fused.lock().unwrap_or_else(|e| e.into_inner())
}

/// One step of every value.
pub(super) struct DenseStep<'a> {
    pub(super) fused: &'a Mutex<Fused>,
    pub(super) gradient: &'a Tensor,
    pub(super) factors: &'a Factors,
}

impl InplaceOp1 for DenseStep<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let p = values(storage, layout)?;
        let numbers = self.factors.numbers();
        let state = &mut *lock(self.fused);
        if let Some(touched) = &mut state.touched {
            touched.fill(true);
        }
        let (m, v) = (&mut state.m, &mut state.v);
        let g = cpu::view(self.gradient)?;
        p.par_chunks_mut(CHUNK)
            .zip(g.par_chunks(CHUNK))
            .zip(m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK)))
            .for_each(|((p, g), (m, v))| update(p, g, m, v, &numbers));
        Ok(())
    }
}

/// One step of the touched rows of a table: those given, and those with moments.
pub(super) struct RowStep<'a> {
    pub(super) fused: &'a Mutex<Fused>,
    pub(super) rows: &'a RowGradient,
    pub(super) factors: &'a Factors,
}

impl InplaceOp1 for RowStep<'_> {
    fn name(&self) -> &'static str {
        "adamw-rows"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let p = values(storage, layout)?;
        let width = self.rows.width.max(1);
        let numbers = self.factors.numbers();
        let state = &mut *lock(self.fused);
        let touched = state.touched.get_or_insert_default();
        for id in &self.rows.ids {
            touched[*id as usize] = true;
        }
        let (m, v) = (&mut state.m, &mut state.v);
        let zero = vec![0f32; width];
        p.par_chunks_mut(ROWS * width)
            .zip(m.par_chunks_mut(ROWS * width))
            .zip(v.par_chunks_mut(ROWS * width).zip(touched.par_chunks(ROWS)))
            .enumerate()
            .for_each(|(chunk, ((p, m), (v, touched)))| {
                let first = (chunk * ROWS) as u32;
                let mut next = self.rows.ids.partition_point(|id| *id < first);
                for i in (0..touched.len()).filter(|i| touched[*i]) {
                    let at = i * width..(i + 1) * width;
                    let given = self.rows.ids.get(next) == Some(&(first + i as u32));
                    let g = if given {
                        next += 1;
                        &self.rows.values[(next - 1) * width..next * width]
                    } else {
                        &zero
                    };
                    let p = &mut p[at.clone()];
                    update(p, g, &mut m[at.clone()], &mut v[at], &numbers);
                }
            });
        Ok(())
    }
}

/// The numbers of one step as the kernel wants them: β₁, 1 - β₁, β₂, 1 - β₂, keep, rate, root, ε, scale.
type Numbers = [f32; 9];

impl Factors {
    fn numbers(&self) -> Numbers {
        let f = self;
        let numbers = [
            f.beta1,
            1.0 - f.beta1,
            f.beta2,
            1.0 - f.beta2,
            f.keep,
            f.rate,
            f.root,
            f.eps,
            f.scale,
        ];
        numbers.map(|x| x as f32)
    }
}

kernels! {
    /// One step of equally long slices. A value whose gradient and moments are 0 is multiplied by `keep`, exactly.
    fn update(p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], numbers: &Numbers) {
        let n = p.len();
        assert!(g.len() == n && m.len() == n && v.len() == n);
        let [beta1, rest1, beta2, rest2, keep, rate, root, eps, scale] = *numbers;
        for i in 0..n {
            let g = g[i] * scale;
            m[i] = fma::<FMA>(beta1, m[i], rest1 * g);
            v[i] = fma::<FMA>(beta2, v[i], rest2 * g * g);
            let step = rate * m[i] / fma::<FMA>(v[i].sqrt(), root, eps);
            p[i] = p[i] * keep - step;
        }
    }
}

fn values<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> candle_core::Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(p), Some((start, end))) => Ok(&mut p[start..end]),
        _ => candle_core::bail!("AdamW's fused step takes contiguous f32"),
    }
}
