//! The moments of one parameter, and its update in place.

use std::collections::BTreeMap;

use candle_core::{CpuStorage, DType, Device, InplaceOp1, Layout, Tensor};
use rayon::prelude::*;
use std::sync::Mutex;

use super::cpu;
use super::gradients::Gradient;
use super::lazy_rows::RowGradient;
use super::parameter::Parameter;
use super::simd::{fma, kernels};
use crate::error::{Error, Result};

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

/// The moments of one parameter.
#[derive(Debug)]
pub(super) enum Moments {
    /// f32 on the CPU.
    Fused(Mutex<Fused>),
    /// Any other.
    Composed { m: Tensor, v: Tensor },
}

#[derive(Debug)]
pub(super) struct Fused {
    m: Vec<f32>,
    v: Vec<f32>,
    /// For a table, which rows have moments; the others' are 0.
    touched: Option<Vec<bool>>,
}

impl Moments {
    /// Moments before the first step.
    pub(super) fn zero(parameter: &Parameter) -> Result<Self> {
        let var = &parameter.var;
        if let Some(rows) = &parameter.rows {
            rows.settle(var)?; // decay of an optimiser before this one
        }
        if var.device().is_cpu() && var.dtype() == DType::F32 && var.is_contiguous() {
            let count = var.elem_count();
            let rows = var.dims().first().copied().unwrap_or(0);
            return Ok(Self::Fused(Mutex::new(Fused {
                m: vec![0.0; count],
                v: vec![0.0; count],
                touched: parameter.rows.as_ref().map(|_| vec![false; rows]),
            })));
        }
        let m = var.zeros_like()?;
        Ok(Self::Composed { v: m.copy()?, m })
    }

    /// One step.
    pub(super) fn update(
        &mut self,
        parameter: &Parameter,
        gradient: &Gradient,
        factors: &Factors,
    ) -> Result<()> {
        match self {
            Self::Fused(fused) => update_fused(fused, parameter, gradient, factors),
            Self::Composed { m, v } => {
                let f = factors;
                let g = (gradient.dense()? * f.scale)?;
                *m = ((&*m * f.beta1)? + (&g * (1.0 - f.beta1))?)?.detach();
                *v = ((&*v * f.beta2)? + (g.sqr()? * (1.0 - f.beta2))?)?.detach();
                let step = (&*m * f.rate)?.div(&((v.sqrt()? * f.root)? + f.eps)?)?;
                let value = (parameter.var.as_detached_tensor() * f.keep)?;
                Ok(parameter.var.set(&(value - step)?)?)
            }
        }
    }
}

fn update_fused(
    fused: &Mutex<Fused>,
    parameter: &Parameter,
    gradient: &Gradient,
    factors: &Factors,
) -> Result<()> {
    let var = parameter.var.as_tensor();
    let rows = match gradient {
        Gradient::Rows { rows, .. } => parameter.rows.as_ref().zip(Some(rows)),
        Gradient::Dense(_) => None,
    };
    if let Some((lazy, rows)) = rows {
        lazy.catch_up(var, &rows.ids)?;
        var.inplace_op1(&RowStep {
            fused,
            rows,
            factors,
        })?;
        let fused = lock(fused);
        let done = fused.touched.as_deref().unwrap_or(&[]);
        return lazy.decayed(var, factors.keep as f32, done);
    }
    if let Some(lazy) = &parameter.rows {
        lazy.settle(var)?;
    }
    let gradient = gradient.dense()?.to_dtype(DType::F32)?.contiguous()?;
    Ok(var.inplace_op1(&DenseStep {
        fused,
        gradient: &gradient,
        factors,
    })?)
}

fn lock(fused: &Mutex<Fused>) -> std::sync::MutexGuard<'_, Fused> {
    // A step that panicked leaves whole numbers, if not a whole step; the run ends with the panic anyway.
    fused.lock().unwrap_or_else(|e| e.into_inner())
}

struct DenseStep<'a> {
    fused: &'a Mutex<Fused>,
    gradient: &'a Tensor,
    factors: &'a Factors,
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

struct RowStep<'a> {
    fused: &'a Mutex<Fused>,
    rows: &'a RowGradient,
    factors: &'a Factors,
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

impl Moments {
    /// Adds the moments to a state to be saved: `<name>.m`, `<name>.v`, and `<name>.rows` where only some rows have
    /// moments.
    pub(super) fn save(
        &self,
        parameter: &Parameter,
        state: &mut BTreeMap<String, Tensor>,
    ) -> Result<()> {
        let name = &parameter.name;
        if let Some(lazy) = &parameter.rows {
            lazy.settle(&parameter.var)?;
        }
        let (m, v) = match self {
            Self::Composed { m, v } => (m.copy()?, v.copy()?),
            Self::Fused(fused) => {
                let fused = lock(fused);
                let var = &parameter.var;
                let whole = |x: &[f32]| Tensor::from_slice(x, var.shape(), &Device::Cpu);
                match &fused.touched {
                    None => (whole(&fused.m)?, whole(&fused.v)?),
                    Some(touched) => {
                        let width = var.dims2()?.1;
                        let ids: Vec<u32> = (0..touched.len() as u32)
                            .filter(|i| touched[*i as usize])
                            .collect();
                        let some = |x: &[f32]| {
                            let rows = ids.iter().flat_map(|i| &x[*i as usize * width..][..width]);
                            let rows: Vec<f32> = rows.copied().collect();
                            Tensor::from_vec(rows, (ids.len(), width), &Device::Cpu)
                        };
                        let moments = (some(&fused.m)?, some(&fused.v)?);
                        let ids = Tensor::from_slice(&ids, ids.len(), &Device::Cpu)?;
                        state.insert(format!("{name}.rows"), ids);
                        moments
                    }
                }
            }
        };
        state.insert(format!("{name}.m"), m);
        state.insert(format!("{name}.v"), v);
        Ok(())
    }

    /// The moments of `parameter` from a saved state.
    pub(super) fn load(parameter: &Parameter, state: &BTreeMap<String, Tensor>) -> Result<Self> {
        let name = &parameter.name;
        let (m_name, v_name) = (format!("{name}.m"), format!("{name}.v"));
        let mut moments = Self::zero(parameter)?;
        let var = &parameter.var;
        match &mut moments {
            Self::Composed { m, v } => {
                for (to, name) in [(m, m_name), (v, v_name)] {
                    let from = entry(state, &name, var.dims())?;
                    *to = from.to_dtype(var.dtype())?.to_device(var.device())?;
                }
            }
            Self::Fused(fused) => {
                let fused = fused.get_mut().unwrap_or_else(|e| e.into_inner());
                let ids: Option<Vec<u32>> = match &fused.touched {
                    Some(touched) => Some(ids(state, name, touched.len())?),
                    None => None,
                };
                let mut shape = var.dims().to_vec();
                if let (Some(ids), Some(touched)) = (&ids, &mut fused.touched) {
                    shape[0] = ids.len();
                    ids.iter().for_each(|i| touched[*i as usize] = true);
                }
                for (to, name) in [(&mut fused.m, m_name), (&mut fused.v, v_name)] {
                    let from = entry(state, &name, &shape)?
                        .flatten_all()?
                        .to_vec1::<f32>()?;
                    let Some(ids) = &ids else {
                        *to = from;
                        continue;
                    };
                    let width = shape[1];
                    for (id, row) in ids.iter().zip(from.chunks(width.max(1))) {
                        to[*id as usize * width..][..width].copy_from_slice(row);
                    }
                }
            }
        }
        Ok(moments)
    }
}

/// The rows of a table that have moments.
fn ids(state: &BTreeMap<String, Tensor>, name: &str, count: usize) -> Result<Vec<u32>> {
    let name = format!("{name}.rows");
    let missing = || wrong(&name, "row numbers", "nothing");
    let ids = state.get(&name).ok_or_else(missing)?;
    let ids = ids.to_dtype(DType::U32)?.flatten_all()?.to_vec1::<u32>()?;
    match ids.iter().find(|id| **id as usize >= count) {
        Some(id) => Err(wrong(&name, format!("row numbers below {count}"), id)),
        None => Ok(ids),
    }
}

/// An entry of a saved state.
pub(super) fn entry<'a>(
    state: &'a BTreeMap<String, Tensor>,
    name: &str,
    shape: &[usize],
) -> Result<&'a Tensor> {
    let expected = format!("{shape:?}");
    match state.get(name) {
        None => Err(wrong(name, expected, "nothing")),
        Some(t) if t.dims() != shape => Err(wrong(name, expected, format!("{:?}", t.dims()))),
        Some(t) => Ok(t),
    }
}

fn wrong(name: &str, expected: impl Into<String>, got: impl ToString) -> Error {
    Error::Shape {
        what: format!("optimiser state '{name}'"),
        expected: expected.into(),
        got: got.to_string(),
    }
}
