//! The weighted sum of two rows on the CPU: one pass forward, one pass backward, for any pair list.
//!
//! ```text
//! forward    out[r] = w[r]·x[own[r]] + (1 − w[r])·x[partner[r]]
//! backward   dx[i]  = Σ_{r: own[r]=i} w[r]·g[r] + Σ_{r: partner[r]=i} (1 − w[r])·g[r]
//! ```
//!
//! The backward reads the list from the incoming side ([`Pairs::invert`]), so each row is written by one thread, in a
//! fixed order of summation: the same bytes at any thread count.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Layout, Shape, Tensor, WithDType};
use half::{bf16, f16};

use super::fresh::{self, Slots};
use crate::error::{Error, Result};
use crate::pairs::{Inverse, Pairs};

/// Mixes on the CPU; `pairs` are checked against `x`, and rows that are only copied have weight 1.
pub(super) fn mix(x: &Tensor, pairs: &Pairs) -> Result<Tensor> {
    let op = Forward {
        pairs: pairs.clone(),
    };
    Ok(x.contiguous()?.apply_op1(op)?)
}

struct Forward {
    pairs: Pairs,
}

impl CustomOp1 for Forward {
    fn name(&self) -> &'static str {
        "mix"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        by_dtype(self, storage, layout)
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, g: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let inverse = self.pairs.invert(x.dim(0)?)?;
        g.contiguous()?
            .apply_op1_no_bwd(&Backward { inverse })
            .map(Some)
    }
}

struct Backward {
    inverse: Inverse,
}

impl CustomOp1 for Backward {
    fn name(&self) -> &'static str {
        "mix-backward"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        by_dtype(self, storage, layout)
    }
}

/// One outgoing row from the incoming ones.
trait Kernel: Sync {
    fn count(&self) -> usize;
    fn row<T: Element>(&self, r: usize, x: &Rows<'_, T>, out: &mut Slots<'_, T>);
}

impl Kernel for Forward {
    fn count(&self) -> usize {
        self.pairs.len()
    }

    fn row<T: Element>(&self, r: usize, x: &Rows<'_, T>, out: &mut Slots<'_, T>) {
        let weight = self.pairs.weight()[r];
        let own = x.at(self.pairs.own()[r]);
        if weight == 1.0 {
            return out.copy(own);
        }
        let partner = x.at(self.pairs.partner()[r]);
        out.zip(own, partner, T::sum(weight, 1.0 - weight));
    }
}

impl Kernel for Backward {
    fn count(&self) -> usize {
        self.inverse.len()
    }

    fn row<T: Element>(&self, i: usize, g: &Rows<'_, T>, out: &mut Slots<'_, T>) {
        let shares = self.inverse.of(i).iter().copied();
        let shares: Vec<(u32, f64)> = shares.filter(|&(_, share)| share != 0.0).collect();
        match shares[..] {
            [] => out.fill(T::zero()),
            [(r, 1.0)] => out.copy(g.at(r)),
            [(r, a), (s, b)] => out.zip(g.at(r), g.at(s), T::sum(a, b)),
            _ => T::add_up(&shares, g, out),
        }
    }
}

/// Incoming rows, all of one width.
struct Rows<'a, T> {
    values: &'a [T],
    width: usize,
}

impl<'a, T> Rows<'a, T> {
    fn at(&self, row: u32) -> &'a [T] {
        &self.values[row as usize * self.width..][..self.width]
    }
}

/// What rows are made of, with the arithmetic in which they are mixed.
trait Element: WithDType {
    /// `a·x + b·y`, rounded once to the element.
    fn sum(a: f64, b: f64) -> impl Fn(Self, Self) -> Self;

    /// The sum of any number of shares, in their order.
    fn add_up(shares: &[(u32, f64)], g: &Rows<'_, Self>, out: &mut Slots<'_, Self>);
}

/// Elements of a block in which many shares are added up; it stays in the first cache.
const BLOCK: usize = 1024;

macro_rules! element {
    ($element:ty, $wide:ty, $widen:expr, $narrow:expr) => {
        impl Element for $element {
            fn sum(a: f64, b: f64) -> impl Fn(Self, Self) -> Self {
                let (a, b) = (a as $wide, b as $wide);
                move |x, y| $narrow(a * $widen(x) + b * $widen(y))
            }

            fn add_up(shares: &[(u32, f64)], g: &Rows<'_, Self>, out: &mut Slots<'_, Self>) {
                for start in (0..g.width).step_by(BLOCK) {
                    let end = g.width.min(start + BLOCK);
                    let mut sum: [$wide; BLOCK] = [0.0; BLOCK];
                    for &(r, share) in shares {
                        let share = share as $wide;
                        for (sum, &g) in sum.iter_mut().zip(&g.at(r)[start..end]) {
                            *sum += share * $widen(g);
                        }
                    }
                    out.map(&sum[..end - start], $narrow);
                }
            }
        }
    };
}

element!(f32, f32, |v| v, |v| v);
element!(f64, f64, |v| v, |v| v);
element!(f16, f32, f16::to_f32, f16::from_f32);
element!(bf16, f32, bf16::to_f32, bf16::from_f32);

fn by_dtype<K: Kernel>(
    kernel: &K,
    storage: &CpuStorage,
    layout: &Layout,
) -> candle_core::Result<(CpuStorage, Shape)> {
    let storage = match storage.dtype() {
        DType::F32 => run::<f32, K>(kernel, storage, layout)?,
        DType::F64 => run::<f64, K>(kernel, storage, layout)?,
        DType::F16 => run::<f16, K>(kernel, storage, layout)?,
        DType::BF16 => run::<bf16, K>(kernel, storage, layout)?,
        other => {
            let what = format!("{} rows", other.as_str());
            return Err(Error::Unsupported { op: "mix", what }.into());
        }
    };
    let mut dims = layout.dims().to_vec();
    dims[0] = kernel.count();
    Ok((storage, dims.into()))
}

fn run<T: Element, K: Kernel>(
    kernel: &K,
    storage: &CpuStorage,
    layout: &Layout,
) -> candle_core::Result<CpuStorage> {
    let (start, end) = layout
        .contiguous_offsets()
        .ok_or(candle_core::Error::RequiresContiguous { op: "mix" })?;
    let rows = Rows {
        values: &storage.as_slice::<T>()?[start..end],
        width: layout.dims()[1..].iter().product(),
    };
    let out = fresh::rows(kernel.count(), rows.width, |r, slots| {
        kernel.row(r, &rows, slots);
    });
    Ok(T::to_cpu_storage_owned(out))
}
