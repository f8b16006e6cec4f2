//! Noise: what is added to each number of a real token, and by how much each is stretched (Lim et al. 2022; Jain et
//! al. 2023).
//!
//! ```text
//! z~ = (1 + m·U) ⊙ z + e     e = a·N (NFM), or U·α/√(L·d) with m = 0 (NEFTune)
//! ```
//!
//! Each row has streams of its own, so the numbers depend on neither the thread count nor the other rows; and they are
//! drawn token by token over the real ones, so how far a batch is padded moves nothing.

use candle_core::{Device, Tensor};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::Layout;
use crate::error::Result;
use crate::plan::Residue;
use crate::random::{Purpose, Stream};

pub(super) fn add(residue: &Residue, x: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    let layout = Layout::of(x, mask)?;
    let (added, stretch) = match residue {
        Residue::Noise {
            additive,
            multiplicative,
            key,
            rows,
        } => (
            Noise::added(*key, rows.as_deref(), normal).fill(&layout, |_| *additive),
            Noise::stretch(*key, rows.as_deref()).fill(&layout, |_| *multiplicative),
        ),
        Residue::Neftune { alpha, key, rows } => {
            let noise = Noise::added(*key, rows.as_deref(), uniform);
            let scale = |length| alpha / ((length * layout.width) as f64).sqrt();
            (noise.fill(&layout, scale), None)
        }
        Residue::Cutoff(_) => (None, None),
    };
    let stretched = match stretch {
        None => x.clone(),
        Some(factors) => x.mul(&like(factors, x)?)?,
    };
    Ok(match added {
        None => stretched,
        Some(added) => stretched.add(&like(added, x)?)?,
    })
}

/// Numbers `rest + scale·draw` at the real tokens of some rows, and `rest` at all others.
struct Noise<'a> {
    key: u64,
    /// Which of the key's streams.
    which: u64,
    rows: Option<&'a [u32]>,
    rest: f32,
    draw: fn(&mut Stream) -> f64,
}

impl<'a> Noise<'a> {
    fn added(key: u64, rows: Option<&'a [u32]>, draw: fn(&mut Stream) -> f64) -> Self {
        Self {
            key,
            which: 0,
            rows,
            rest: 0.0,
            draw,
        }
    }

    fn stretch(key: u64, rows: Option<&'a [u32]>) -> Self {
        Self {
            key,
            which: 1,
            rows,
            rest: 1.0,
            draw: uniform,
        }
    }

    fn changes(&self, row: usize) -> bool {
        let listed = |rows: &[u32]| rows.binary_search(&(row as u32)).is_ok();
        self.rows.is_none_or(listed)
    }

    /// The numbers of all rows; `scale` takes the number of a row's real tokens. `None` where it is always 0.
    fn fill(&self, layout: &Layout, scale: impl Fn(usize) -> f64 + Sync) -> Option<Vec<f32>> {
        let scale = |row: usize| scale(layout.real(row).iter().filter(|&&real| real).count());
        let changed: Vec<bool> = (0..layout.rows)
            .map(|row| self.changes(row) && layout.numbers() > 0 && scale(row) != 0.0)
            .collect();
        if !changed.contains(&true) {
            return None;
        }
        let mut all = vec![self.rest; layout.rows * layout.numbers()];
        let rows = all.par_chunks_mut(layout.numbers()).enumerate();
        rows.filter(|(row, _)| changed[*row])
            .for_each(|(row, numbers)| self.fill_row(layout, row, scale(row), numbers));
        Some(all)
    }

    fn fill_row(&self, layout: &Layout, row: usize, scale: f64, numbers: &mut [f32]) {
        let mut stream = Stream::keyed(self.key, Purpose::Residue, self.which, row as u64);
        let tokens = numbers.chunks_exact_mut(layout.width);
        let real = tokens.zip(layout.real(row)).filter(|(_, real)| **real);
        for number in real.flat_map(|(token, _)| token) {
            *number = (f64::from(self.rest) + scale * (self.draw)(&mut stream)) as f32;
        }
    }
}

fn normal(stream: &mut Stream) -> f64 {
    StandardNormal.sample(stream.rng())
}

/// Uniform on [−1, 1).
fn uniform(stream: &mut Stream) -> f64 {
    2.0 * stream.unit() - 1.0
}

/// The numbers in the shape, the dtype and the place of `x`.
fn like(numbers: Vec<f32>, x: &Tensor) -> Result<Tensor> {
    let numbers = Tensor::from_vec(numbers, x.dims(), &Device::Cpu)?;
    Ok(numbers.to_dtype(x.dtype())?.to_device(x.device())?)
}
