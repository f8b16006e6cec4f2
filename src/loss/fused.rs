//! The losses on the CPU: one operation forward, one backward.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, DType, Layout, Shape, Tensor, WithDType};
use rayon::prelude::*;

use super::Loss;
use super::term::Row;
use crate::error::{Error, Result};

/// `Σ_r shares[r]·ℓ(logits[r], targets[r])`, rows summed in order.
pub(super) fn sum(
    loss: Loss,
    logits: &Tensor,
    targets: &Tensor,
    weights: Vec<f64>,
    shares: Vec<f64>,
) -> Result<Tensor> {
    let terms = Terms {
        loss,
        weights,
        shares,
    };
    Ok(logits
        .contiguous()?
        .apply_op2(&targets.contiguous()?, Value(terms))?)
}

#[derive(Clone)]
struct Terms {
    loss: Loss,
    weights: Vec<f64>,
    shares: Vec<f64>,
}

struct Value(Terms);

impl CustomOp2 for Value {
    fn name(&self) -> &'static str {
        "loss"
    }

    fn cpu_fwd(
        &self,
        z: &CpuStorage,
        z_layout: &Layout,
        t: &CpuStorage,
        t_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let storage = match z.dtype() {
            DType::F64 => self.0.value::<f64>(z, z_layout, t, t_layout)?,
            _ => self.0.value::<f32>(z, z_layout, t, t_layout)?,
        };
        Ok((storage, Shape::from(())))
    }

    fn bwd(
        &self,
        z: &Tensor,
        t: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let mut terms = self.0.clone();
        let g = g.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        terms.shares.iter_mut().for_each(|share| *share *= g);
        let gradient = z.apply_op2_no_bwd(t, &Gradient(terms))?;
        Ok((Some(gradient), None))
    }
}

struct Gradient(Terms);

impl CustomOp2 for Gradient {
    fn name(&self) -> &'static str {
        "loss-backward"
    }

    fn cpu_fwd(
        &self,
        z: &CpuStorage,
        z_layout: &Layout,
        t: &CpuStorage,
        t_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let storage = match z.dtype() {
            DType::F64 => self.0.gradient::<f64>(z, z_layout, t, t_layout)?,
            _ => self.0.gradient::<f32>(z, z_layout, t, t_layout)?,
        };
        Ok((storage, z_layout.shape().clone()))
    }
}

impl Terms {
    fn value<T: WithDType + Into<f64> + Sync>(
        &self,
        z: &CpuStorage,
        z_layout: &Layout,
        t: &CpuStorage,
        t_layout: &Layout,
    ) -> candle_core::Result<CpuStorage> {
        let (z, t) = (slice::<T>(z, z_layout)?, slice::<T>(t, t_layout)?);
        let columns = self.weights.len();
        let rows: Vec<f64> = z
            .par_chunks(columns)
            .zip(t.par_chunks(columns))
            .map(|(logits, targets)| self.loss.value(&self.row(logits, targets)))
            .collect();
        let sum: f64 = rows.iter().zip(&self.shares).map(|(l, s)| l * s).sum();
        Ok(T::to_cpu_storage_owned(vec![T::from_f64(sum)]))
    }

    fn gradient<T: WithDType + Into<f64> + Sync>(
        &self,
        z: &CpuStorage,
        z_layout: &Layout,
        t: &CpuStorage,
        t_layout: &Layout,
    ) -> candle_core::Result<CpuStorage> {
        let (z, t) = (slice::<T>(z, z_layout)?, slice::<T>(t, t_layout)?);
        let columns = self.weights.len();
        let mut out = vec![T::zero(); z.len()];
        out.par_chunks_mut(columns)
            .zip(z.par_chunks(columns).zip(t.par_chunks(columns)))
            .zip(&self.shares)
            .for_each(|((out, (logits, targets)), &share)| {
                let mut cells = out.iter_mut();
                let row = self.row(logits, targets);
                self.loss.gradient(&row, share, |slope| {
                    if let Some(cell) = cells.next() {
                        *cell = T::from_f64(slope);
                    }
                });
            });
        Ok(T::to_cpu_storage_owned(out))
    }

    fn row<'a, T>(&'a self, logits: &'a [T], targets: &'a [T]) -> Row<'a, T> {
        Row {
            logits,
            targets,
            weights: &self.weights,
        }
    }
}

fn slice<'a, T: WithDType>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a [T]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        let what = "strided logits".into();
        return Err(Error::Unsupported { op: "loss", what }.into());
    };
    Ok(&storage.as_slice::<T>()?[start..end])
}
