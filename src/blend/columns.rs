//! Cells of two rows put together by a mask: one pass forward, one pass backward on the CPU.
//!
//! ```text
//! forward    out[r, c] = x[own[r], c] where the mask has c, else x[partner[r], c]
//! backward   dx[i, c]  = Σ g[r, c] over the r with own[r] = i that have c, and partner[r] = i that have not
//! ```
//!
//! The backward reads the list from the incoming side, in a fixed order of summation: the same bytes at any thread
//! count.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Shape, Tensor};

use super::composed::select;
use super::fresh::Slots;
use super::kernel::{Element, Kernel, Rows, by_dtype};
use crate::error::{Error, Result};
use crate::pairs::{Inverse, Pairs};
use crate::plan::ColumnMask;

/// Mixes on any device; `pairs` are checked against `x`, and rows that are only copied have own = partner.
pub(super) fn mix(x: &Tensor, pairs: &Pairs, mask: &ColumnMask) -> Result<Tensor> {
    check(x, pairs, mask)?;
    match x.device() {
        Device::Cpu => fused(x, pairs, mask),
        _ => composed(x, pairs, mask),
    }
}

fn check(x: &Tensor, pairs: &Pairs, mask: &ColumnMask) -> Result<()> {
    let cells: usize = x.dims()[1..].iter().product();
    let wrong = |what: &str, expected: String, got: usize| Error::Shape {
        what: what.into(),
        expected,
        got: got.to_string(),
    };
    if mask.len() != pairs.len() {
        let expected = format!("{} rows, one a pair", pairs.len());
        return Err(wrong("mask", expected, mask.len()));
    }
    if cells == 0 || !cells.is_multiple_of(mask.width()) {
        let expected = format!("a multiple of the mask's {} cells", mask.width());
        return Err(wrong("cells of a row to mix", expected, cells));
    }
    Ok(())
}

fn fused(x: &Tensor, pairs: &Pairs, mask: &ColumnMask) -> Result<Tensor> {
    let op = Forward(Arc::new(Cut {
        own: pairs.own().to_vec(),
        partner: pairs.partner().to_vec(),
        cells: mask.cells(),
        width: mask.width(),
    }));
    Ok(x.contiguous()?.apply_op1(op)?)
}

/// The form for devices without a kernel of ours.
fn composed(x: &Tensor, pairs: &Pairs, mask: &ColumnMask) -> Result<Tensor> {
    let (rows, width) = (x.dim(0)?, mask.width());
    let flat = x.contiguous()?.reshape((rows, (), width))?;
    let (own, partner) = (select(&flat, pairs.own())?, select(&flat, pairs.partner())?);
    let cells: Vec<u8> = mask.cells().into_iter().map(u8::from).collect();
    let cells = Tensor::from_vec(cells, (mask.len(), 1, width), x.device())?;
    let mixed = cells
        .broadcast_as(own.shape())?
        .where_cond(&own, &partner)?;
    let mut dims = x.dims().to_vec();
    dims[0] = pairs.len();
    Ok(mixed.reshape(dims)?)
}

/// Pairs with the mask of each, a truth a cell.
struct Cut {
    own: Vec<u32>,
    partner: Vec<u32>,
    cells: Vec<bool>,
    width: usize,
}

impl Cut {
    fn cells(&self, r: usize) -> &[bool] {
        &self.cells[r * self.width..][..self.width]
    }

    /// For each of `incoming` rows the outgoing rows it enters: share 1 as the row itself, share 0 as the partner.
    fn roles(&self, incoming: usize) -> Result<Inverse> {
        let ones = vec![1.0; self.own.len()];
        let (own, partner) = (self.own.clone(), self.partner.clone());
        Pairs::new(own, partner, ones.clone(), ones)?.invert(incoming)
    }
}

struct Forward(Arc<Cut>);

impl CustomOp1 for Forward {
    fn name(&self) -> &'static str {
        "mix-columns"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        by_dtype(self, storage, layout)
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, g: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let backward = Backward {
            roles: self.0.roles(x.dim(0)?)?,
            cut: self.0.clone(),
        };
        g.contiguous()?.apply_op1_no_bwd(&backward).map(Some)
    }
}

struct Backward {
    roles: Inverse,
    cut: Arc<Cut>,
}

impl CustomOp1 for Backward {
    fn name(&self) -> &'static str {
        "mix-columns-backward"
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
        self.0.own.len()
    }

    fn row<T: Element>(&self, r: usize, x: &Rows<'_, T>, out: &mut Slots<'_, T>) {
        let (own, partner) = (x.at(self.0.own[r]), x.at(self.0.partner[r]));
        if self.0.own[r] == self.0.partner[r] {
            return out.copy(own);
        }
        let cells = self.0.cells(r);
        let repeats = own
            .chunks_exact(cells.len())
            .zip(partner.chunks_exact(cells.len()));
        for (own, partner) in repeats {
            out.choose(cells, own, partner);
        }
    }
}

impl Kernel for Backward {
    fn count(&self) -> usize {
        self.roles.len()
    }

    fn row<T: Element>(&self, i: usize, g: &Rows<'_, T>, out: &mut Slots<'_, T>) {
        let entered = self.roles.of(i);
        let width = self.cut.width;
        let mut sum = vec![T::Wide::default(); width];
        for start in (0..g.width).step_by(width) {
            sum.fill(T::Wide::default());
            for &(r, share) in entered {
                let (cells, own) = (self.cut.cells(r as usize), share == 1.0);
                let g = &g.at(r)[start..start + width];
                for ((sum, &g), &cell) in sum.iter_mut().zip(g).zip(cells) {
                    *sum += if cell == own {
                        g.widen()
                    } else {
                        T::Wide::default()
                    };
                }
            }
            out.map(&sum, T::narrow);
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Var};

    use super::*;
    use crate::blend::settle;
    use crate::random::{Purpose, Stream};

    fn pairs() -> Pairs {
        let weight = vec![0.5, 0.25, 1.0, 0.0, 0.5];
        let pairs = Pairs::new(
            vec![0, 1, 2, 3, 0],
            vec![2, 0, 1, 1, 0],
            weight.clone(),
            weight,
        );
        settle(&pairs.expect("a list"))
    }

    fn mask() -> ColumnMask {
        let mut stream = Stream::new(3, Purpose::Weight, 0);
        let bits = (0..15).map(|_| stream.unit() < 0.5).collect();
        ColumnMask::new(vec![1, 3, 2], bits).expect("a mask")
    }

    fn rows(dtype: DType) -> Tensor {
        let mut stream = Stream::new(4, Purpose::Weight, 0);
        let values: Vec<f64> = (0..4 * 2 * 6).map(|_| stream.unit() - 0.5).collect();
        let x = Tensor::from_vec(values, (4, 2, 6), &Device::Cpu).expect("rows");
        x.to_dtype(dtype).expect("float to float")
    }

    fn flat(x: &Tensor) -> Vec<f64> {
        x.to_dtype(DType::F64)
            .and_then(|x| x.flatten_all()?.to_vec1())
            .expect("numbers")
    }

    #[test]
    fn both_forms_have_the_same_bits_and_gradients() {
        for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16] {
            let x = Var::from_tensor(&rows(dtype)).expect("a variable");
            let one = fused(&x, &pairs(), &mask()).expect("fused");
            let other = composed(&x, &pairs(), &mask()).expect("composed");
            assert_eq!((one.dtype(), one.dims()), (dtype, &[5, 2, 6][..]));
            assert_eq!(flat(&one), flat(&other));
            let gradient = |mixed: Tensor| {
                let loss = mixed.sqr().and_then(|s| s.sum_all()).expect("a loss");
                let gradients = loss.backward().expect("gradients");
                flat(gradients.get(&x).expect("it reaches x"))
            };
            let bound = if dtype == DType::BF16 { 3e-2 } else { 4e-3 };
            for (a, b) in gradient(one).iter().zip(gradient(other)) {
                assert!((a - b).abs() <= bound, "{dtype:?}: {a} {b}");
            }
        }
    }
}
