//! The moments of one parameter: made, updated, saved and loaded.

use std::collections::BTreeMap;
use std::sync::Mutex;

use candle_core::{DType, Device, Tensor};

use super::adamw_step::{DenseStep, Factors, Fused, RowStep, lock};
use super::cpu;
use super::gradients::Gradient;
use super::parameter::Parameter;
use crate::error::{Error, Result};

/// The moments of one parameter.
#[derive(Debug)]
pub(super) enum Moments {
    /// f32 on the CPU.
    Fused(Mutex<Fused>),
    /// Any other.
    Composed { m: Tensor, v: Tensor },
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

impl Moments {
    /// Adds the moments to a state to be saved: `<name>.m`, `<name>.v`, and for tables `<name>.rows`, the rows that
    /// have moments.
    pub(super) fn save(
        &self,
        parameter: &Parameter,
        state: &mut BTreeMap<String, Tensor>,
    ) -> Result<()> {
        let (name, var) = (&parameter.name, &parameter.var);
        let (m, v) = match self {
            Self::Composed { m, v } => (m.copy()?, v.copy()?),
            Self::Fused(fused) => {
                let fused = lock(fused);
                let (m, v) = (&fused.m, &fused.v);
                match &fused.touched {
                    None => (
                        cpu::tensor(m.clone(), var.shape())?,
                        cpu::tensor(v.clone(), var.shape())?,
                    ),
                    Some(touched) => {
                        let ids: Vec<u32> = (0..touched.len() as u32)
                            .filter(|i| touched[*i as usize])
                            .collect();
                        let width = var.dims2()?.1;
                        let moments = (gather(m, &ids, width)?, gather(v, &ids, width)?);
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
        let (name, var) = (&parameter.name, &parameter.var);
        let both = [format!("{name}.m"), format!("{name}.v")];
        match Self::zero(parameter)? {
            Self::Composed { .. } => {
                let [m, v] = both.map(|name| -> Result<Tensor> {
                    let from = entry(state, &name, var.dims())?;
                    Ok(from.to_dtype(var.dtype())?.to_device(var.device())?)
                });
                Ok(Self::Composed { m: m?, v: v? })
            }
            Self::Fused(fused) => {
                let mut fused = fused.into_inner().unwrap_or_else(|e| e.into_inner());
                let moments = [&mut fused.m, &mut fused.v].into_iter().zip(&both);
                match &mut fused.touched {
                    None => {
                        for (to, name) in moments {
                            *to = flat(entry(state, name, var.dims())?)?;
                        }
                    }
                    Some(touched) => {
                        let (ids, width) = (ids(state, name, touched.len())?, var.dims2()?.1);
                        ids.iter().for_each(|i| touched[*i as usize] = true);
                        for (to, name) in moments {
                            let from = flat(entry(state, name, &[ids.len(), width])?)?;
                            scatter(to, &from, &ids, width);
                        }
                    }
                }
                Ok(Self::Fused(Mutex::new(fused)))
            }
        }
    }
}

fn flat(x: &Tensor) -> Result<Vec<f32>> {
    Ok(x.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}

/// Some rows of a table.
fn gather(table: &[f32], ids: &[u32], width: usize) -> Result<Tensor> {
    let rows = ids
        .iter()
        .flat_map(|i| &table[*i as usize * width..][..width]);
    Ok(cpu::tensor(rows.copied().collect(), (ids.len(), width))?)
}

/// The reverse of [`gather`].
fn scatter(table: &mut [f32], rows: &[f32], ids: &[u32], width: usize) {
    for (id, row) in ids.iter().zip(rows.chunks(width.max(1))) {
        table[*id as usize * width..][..width].copy_from_slice(row);
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
