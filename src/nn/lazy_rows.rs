//! What an embedding table shares with its optimiser: the touched rows' gradient, and the weight decay that rows not
//! yet touched still have to receive.
//!
//! A row whose gradient was 0 so far has zero moments, so dense AdamW would only multiply it by each step's decay
//! factor. Those factors are kept and multiplied in, one after another, when the row is first read: the bits are those
//! of the dense optimiser, and a step costs its touched rows only.

use std::sync::{Arc, Mutex, MutexGuard};

use candle_core::{CpuStorage, DType, InplaceOp1, Layout, Tensor};
use rayon::prelude::*;

use crate::error::Result;

/// Pending factors are multiplied in at the latest when there are this many.
const MOST_FACTORS: usize = 1024;
/// Rows a parallel task takes.
const ROWS: usize = 256;

/// The gradient of a table: some of its rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RowGradient {
    /// Row numbers, increasing.
    pub(super) ids: Vec<u32>,
    /// `[ids, width]`.
    pub(super) values: Vec<f32>,
    pub(super) width: usize,
}

impl RowGradient {
    /// The sum of two.
    pub(super) fn merge(&self, other: &Self) -> Self {
        let width = self.width;
        let (mut a, mut b) = (0, 0);
        let mut ids = Vec::with_capacity(self.ids.len() + other.ids.len());
        let mut values = Vec::with_capacity(self.values.len() + other.values.len());
        let row = |g: &'_ Self, i: usize| -> std::ops::Range<usize> {
            debug_assert!(i < g.ids.len());
            i * width..(i + 1) * width
        };
        while a < self.ids.len() || b < other.ids.len() {
            let left = self.ids.get(a).copied().unwrap_or(u32::MAX);
            let right = other.ids.get(b).copied().unwrap_or(u32::MAX);
            ids.push(left.min(right));
            let start = values.len();
            if left <= right {
                values.extend_from_slice(&self.values[row(self, a)]);
                a += 1;
            }
            if right <= left {
                let add = &other.values[row(other, b)];
                if values.len() == start {
                    values.extend_from_slice(add);
                } else {
                    values[start..]
                        .iter_mut()
                        .zip(add)
                        .for_each(|(v, d)| *v += d);
                }
                b += 1;
            }
        }
        Self { ids, values, width }
    }

    /// The whole table's gradient, `[count, width]`.
    pub(super) fn dense(&self, count: usize) -> Result<Tensor> {
        let mut all = vec![0f32; count * self.width];
        for (id, row) in self.ids.iter().zip(self.values.chunks(self.width.max(1))) {
            let start = *id as usize * self.width;
            all[start..start + self.width].copy_from_slice(row);
        }
        Ok(Tensor::from_vec(
            all,
            (count, self.width),
            &candle_core::Device::Cpu,
        )?)
    }
}

/// A handle to what is shared; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct LazyRows(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    gradient: Option<RowGradient>,
    /// Decay factors of the steps since all rows were last level.
    factors: Vec<f32>,
    /// How many of the factors each row has; empty while there are none.
    applied: Vec<u32>,
}

impl LazyRows {
    /// Adds to the gradient; called by the backward pass.
    pub(super) fn deposit(&self, gradient: RowGradient) {
        let mut state = self.lock();
        state.gradient = Some(match state.gradient.take() {
            Some(before) => before.merge(&gradient),
            None => gradient,
        });
    }

    /// Takes the gradient out.
    pub(super) fn take(&self) -> Option<RowGradient> {
        self.lock().gradient.take()
    }

    /// Brings the rows that `ids` names up to date, before they are read.
    pub(super) fn catch_up(&self, table: &Tensor, ids: &[u32]) -> Result<()> {
        if self.lock().factors.is_empty() {
            return Ok(());
        }
        let rows = Some(ids);
        Ok(table.inplace_op1(&CatchUp { lazy: self, rows })?)
    }

    /// The same for ids in a tensor of whole numbers.
    pub(super) fn catch_up_tensor(&self, table: &Tensor, ids: &Tensor) -> Result<()> {
        if self.lock().factors.is_empty() {
            return Ok(());
        }
        let ids = ids.flatten_all()?.to_dtype(DType::U32)?.to_vec1::<u32>()?;
        self.catch_up(table, &ids)
    }

    /// Brings every row up to date.
    pub(super) fn settle(&self, table: &Tensor) -> Result<()> {
        if self.lock().factors.is_empty() {
            return Ok(());
        }
        let rows = None;
        Ok(table.inplace_op1(&CatchUp { lazy: self, rows })?)
    }

    /// Forgets pending factors: every row has just been given a new value.
    pub(super) fn level(&self) {
        let mut state = self.lock();
        state.factors.clear();
        state.applied.clear();
    }

    /// Notes a step's decay factor; the rows marked in `done` have received it already.
    pub(super) fn decayed(&self, table: &Tensor, factor: f32, done: &[bool]) -> Result<()> {
        if factor == 1.0 {
            return Ok(());
        }
        let mut state = self.lock();
        state.applied.resize(done.len(), 0);
        state.factors.push(factor);
        let count = state.factors.len() as u32;
        for (applied, _) in state.applied.iter_mut().zip(done).filter(|(_, d)| **d) {
            *applied = count;
        }
        drop(state);
        if count as usize >= MOST_FACTORS {
            self.settle(table)?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No holder panics between two writes that belong together.
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Multiplies pending factors into some rows, or into all.
struct CatchUp<'a> {
    lazy: &'a LazyRows,
    rows: Option<&'a [u32]>,
}

impl InplaceOp1 for CatchUp<'_> {
    fn name(&self) -> &'static str {
        "decay-pending-rows"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (CpuStorage::F32(table), Some((start, end))) = (storage, layout.contiguous_offsets())
        else {
            candle_core::bail!("an embedding table must be contiguous f32");
        };
        let (count, width) = layout.shape().dims2()?;
        let table = &mut table[start..end];
        let state = &mut *self.lazy.lock();
        let (factors, applied) = (&state.factors, &mut state.applied);
        let catch_up = |row: &mut [f32], applied: &mut u32| {
            for factor in &factors[*applied as usize..] {
                row.iter_mut().for_each(|v| *v *= factor);
            }
            *applied = factors.len() as u32;
        };
        if factors.is_empty() || width == 0 {
            return Ok(());
        }
        match self.rows {
            Some(rows) => {
                for id in rows.iter().map(|id| *id as usize).filter(|id| *id < count) {
                    catch_up(&mut table[id * width..][..width], &mut applied[id]);
                }
            }
            None => {
                table
                    .par_chunks_mut(ROWS * width)
                    .zip(applied.par_chunks_mut(ROWS))
                    .for_each(|(rows, applied)| {
                        for (row, applied) in rows.chunks_mut(width).zip(applied) {
                            catch_up(row, applied);
                        }
                    });
                state.factors.clear();
                state.applied.clear();
            }
        }
        Ok(())
    }
}
