//! The sum of up to three tables' vectors as one operation; its backward collects the touched rows only.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::buffer;
use super::cpu;
use super::lazy_rows::{LazyRows, RowGradient};
use super::simd::add_assign;

/// Vectors a parallel task makes.
const ROWS: usize = 64;
/// Vectors with the same id that are summed by one task before the partial sums are.
const RUN: usize = 128;

/// One table's ids, and where its gradient goes: to its optimiser by rows, or dense to Candle.
pub(super) struct Source {
    /// Repeated over the output where it is longer.
    pub(super) ids: Vec<u32>,
    pub(super) rows: Option<LazyRows>,
}

/// Operands: the tables.
pub(super) struct EmbedOp {
    /// One a table.
    pub(super) sources: Vec<Source>,
    /// Of the first ids.
    pub(super) shape: Vec<usize>,
}

impl EmbedOp {
    fn forward(&self, tables: &[(&CpuStorage, &Layout)]) -> Result<(CpuStorage, Shape)> {
        let width = tables[0].1.shape().dims2()?.1;
        let mut inputs = Vec::with_capacity(tables.len());
        for ((storage, layout), source) in tables.iter().zip(&self.sources) {
            let table = cpu::floats(storage, layout)?;
            let count = layout.shape().dims2()?.0;
            if let Some(id) = source.ids.iter().find(|id| **id as usize >= count) {
                candle_core::bail!("id {id} is outside an embedding table of {count} rows");
            }
            inputs.push((table, &source.ids[..]));
        }
        let count: usize = self.shape.iter().product();
        let block = (ROWS * width).max(1);
        let chunks = (0..count.div_ceil(ROWS)).into_par_iter();
        let (out, _) = buffer::fill(count * width, block, chunks, |chunk, out| {
            for (i, out) in out.chunks_exact_mut(width).enumerate() {
                gather(out, chunk * ROWS + i, &inputs);
            }
        });
        let mut shape = self.shape.clone();
        shape.push(width);
        Ok((CpuStorage::F32(out), shape.into()))
    }

    fn backward(&self, tables: &[&Tensor], g: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let g = g.contiguous()?;
        let g = cpu::view(&g)?;
        let mut gradients = Vec::with_capacity(tables.len());
        for (table, source) in tables.iter().zip(&self.sources) {
            if !table.track_op() {
                gradients.push(None);
                continue;
            }
            let (count, width) = table.dims2()?;
            let rows = collect(&source.ids, &g, width);
            gradients.push(match &source.rows {
                Some(lazy) => {
                    lazy.deposit(rows);
                    None
                }
                None => Some(rows.dense(count)?),
            });
        }
        Ok(gradients)
    }
}

/// The vector at place `i` of the output.
fn gather(out: &mut [f32], i: usize, tables: &[(&[f32], &[u32])]) {
    let width = out.len();
    for (k, (table, ids)) in tables.iter().enumerate() {
        let row = &table[ids[i % ids.len()] as usize * width..][..width];
        if k == 0 {
            out.copy_from_slice(row);
        } else {
            add_assign(out, row);
        }
    }
}

/// The sum of the gradient's vectors for each id, in the order of their places.
fn collect(ids: &[u32], g: &[f32], width: usize) -> RowGradient {
    let count = g.len().checked_div(width).unwrap_or(0);
    let mut places: Vec<(u32, u32)> = (0..count).map(|i| (ids[i % ids.len()], i as u32)).collect();
    places.sort_unstable();
    let runs: Vec<&[(u32, u32)]> = places
        .chunk_by(|a, b| a.0 == b.0)
        .flat_map(|same| same.chunks(RUN))
        .collect();
    let sums: Vec<f32> = {
        let mut sums = vec![0f32; runs.len() * width];
        sums.par_chunks_mut(width.max(1))
            .zip(&runs)
            .for_each(|(sum, run)| {
                for (_, place) in *run {
                    add_assign(sum, &g[*place as usize * width..][..width]);
                }
            });
        sums
    };
    let mut rows = RowGradient {
        ids: Vec::new(),
        values: Vec::new(),
        width,
    };
    for (run, sum) in runs.iter().zip(sums.chunks(width.max(1))) {
        let id = run[0].0;
        if rows.ids.last() == Some(&id) {
            let start = rows.values.len() - width;
            add_assign(&mut rows.values[start..], sum);
        } else {
            rows.ids.push(id);
            rows.values.extend_from_slice(sum);
        }
    }
    rows
}

impl CustomOp1 for EmbedOp {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn cpu_fwd(&self, table: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward(&[(table, layout)])
    }

    fn bwd(&self, table: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        Ok(self.backward(&[table], g)?.swap_remove(0))
    }
}

impl CustomOp2 for EmbedOp {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward(&[(a, a_layout), (b, b_layout)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut gradients = self.backward(&[a, b], g)?.into_iter();
        Ok((gradients.next().flatten(), gradients.next().flatten()))
    }
}

impl CustomOp3 for EmbedOp {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
        c: &CpuStorage,
        c_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward(&[(a, a_layout), (b, b_layout), (c, c_layout)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let mut gradients = self.backward(&[a, b, c], g)?.into_iter();
        Ok((
            gradients.next().flatten(),
            gradients.next().flatten(),
            gradients.next().flatten(),
        ))
    }
}
