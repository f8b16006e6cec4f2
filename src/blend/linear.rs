//! The weighted sum of two rows on the CPU: one pass forward, one pass backward, for any pair list.
//!
//! ```text
//! forward    out[r] = w[r]·x[own[r]] + (1 − w[r])·x[partner[r]]
//! backward   dx[i]  = Σ_{r: own[r]=i} w[r]·g[r] + Σ_{r: partner[r]=i} (1 − w[r])·g[r]
//! ```
//!
//! The backward reads the list from the incoming side ([`Pairs::invert`]), so each row is written by one thread, in a
//! fixed order of summation: the same bytes at any thread count.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};

use super::fresh::Slots;
use super::kernel::{Element, Kernel, Rows, by_dtype};
use crate::error::Result;
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
