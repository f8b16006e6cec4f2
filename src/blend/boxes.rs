//! Boxes of one image set into another (CutMix; Yun et al. 2019): one pass forward, one pass backward on the CPU.
//!
//! ```text
//! forward    out[r, c, p] = x[partner[r], c, p] for pixels p in the box of r, else x[own[r], c, p]
//! backward   dx[i, c, p]  = Σ g[r, c, p] over the r with own[r] = i and p outside, and partner[r] = i and p inside
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
use crate::plan::{Boxes, PixelBox};

/// Mixes on any device; `pairs` are checked against `x`, and rows that are only copied have own = partner.
pub(super) fn mix(x: &Tensor, pairs: &Pairs, boxes: &Boxes) -> Result<Tensor> {
    check(x.dims(), pairs, boxes)?;
    match x.device() {
        Device::Cpu => fused(x, pairs, boxes),
        _ => composed(x, pairs, boxes),
    }
}

fn check(dims: &[usize], pairs: &Pairs, boxes: &Boxes) -> Result<()> {
    let frame = boxes.frame();
    if boxes.len() != pairs.len() {
        return Err(Error::Shape {
            what: "boxes".into(),
            expected: format!("{}, one a pair", pairs.len()),
            got: boxes.len().to_string(),
        });
    }
    if dims.len() < 3 || dims[dims.len() - 2..] != [frame.height, frame.width] {
        return Err(Error::Shape {
            what: "images to mix by boxes".into(),
            expected: format!("[rows, channels, {}, {}]", frame.height, frame.width),
            got: format!("{dims:?}"),
        });
    }
    Ok(())
}

/// The form for contiguous rows on the CPU.
fn fused(x: &Tensor, pairs: &Pairs, boxes: &Boxes) -> Result<Tensor> {
    let op = Forward(Arc::new(Cut {
        own: pairs.own().to_vec(),
        partner: pairs.partner().to_vec(),
        boxes: boxes.clone(),
    }));
    Ok(x.contiguous()?.apply_op1(op)?)
}

/// The form for devices without a kernel of ours.
fn composed(x: &Tensor, pairs: &Pairs, boxes: &Boxes) -> Result<Tensor> {
    let (rows, frame) = (x.dim(0)?, boxes.frame());
    let shape = (rows, (), frame.height, frame.width);
    let planes = x.contiguous()?.reshape(shape)?;
    let own = select(&planes, pairs.own())?;
    let partner = select(&planes, pairs.partner())?;
    let mut inside = vec![0u8; boxes.len() * frame.height * frame.width];
    let images = inside.chunks_exact_mut(frame.height * frame.width);
    for (image, b) in images.zip(boxes.boxes()) {
        for line in image
            .chunks_exact_mut(frame.width)
            .skip(b.top)
            .take(b.height)
        {
            line[b.left..b.left + b.width].fill(1);
        }
    }
    let shape = (boxes.len(), 1, frame.height, frame.width);
    let inside = Tensor::from_vec(inside, shape, x.device())?;
    let inside = inside.broadcast_as(own.shape())?;
    let mixed = inside.where_cond(&partner, &own)?;
    let mut dims = x.dims().to_vec();
    dims[0] = pairs.len();
    Ok(mixed.reshape(dims)?)
}

/// Pairs with the box of each.
struct Cut {
    own: Vec<u32>,
    partner: Vec<u32>,
    boxes: Boxes,
}

impl Cut {
    fn of(&self, r: usize) -> PixelBox {
        self.boxes.boxes()[r]
    }

    /// For each of `incoming` rows the outgoing rows it enters: share 1 as the row itself, share 0 as the partner.
    fn roles(&self, incoming: usize) -> Result<Inverse> {
        let ones = vec![1.0; self.own.len()];
        let (own, partner) = (self.own.clone(), self.partner.clone());
        Pairs::new(own, partner, ones.clone(), ones)?.invert(incoming)
    }
}

/// The columns of a line of pixels that lie in a box; none for lines above and below it.
pub(super) fn columns(b: PixelBox, line: usize) -> std::ops::Range<usize> {
    match (b.top..b.top + b.height).contains(&line) {
        true => b.left..b.left + b.width,
        false => 0..0,
    }
}

struct Forward(Arc<Cut>);

impl CustomOp1 for Forward {
    fn name(&self) -> &'static str {
        "mix-boxes"
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
        "mix-boxes-backward"
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
        let frame = self.0.boxes.frame();
        let lines = own
            .chunks_exact(frame.width)
            .zip(partner.chunks_exact(frame.width));
        for (i, (own, partner)) in lines.enumerate() {
            let inside = columns(self.0.of(r), i % frame.height);
            out.copy(&own[..inside.start]);
            out.copy(&partner[inside.clone()]);
            out.copy(&own[inside.end..]);
        }
    }
}

impl Kernel for Backward {
    fn count(&self) -> usize {
        self.roles.len()
    }

    fn row<T: Element>(&self, i: usize, g: &Rows<'_, T>, out: &mut Slots<'_, T>) {
        let entered = self.roles.of(i);
        let frame = self.cut.boxes.frame();
        let mut sum = vec![T::Wide::default(); frame.width];
        for line in 0..g.width / frame.width {
            sum.fill(T::Wide::default());
            for &(r, share) in entered {
                let inside = columns(self.cut.of(r as usize), line % frame.height);
                let g = &g.at(r)[line * frame.width..][..frame.width];
                let mut add = |columns: std::ops::Range<usize>| {
                    let cells = sum[columns.clone()].iter_mut().zip(&g[columns]);
                    cells.for_each(|(sum, &g)| *sum += g.widen());
                };
                if share == 1.0 {
                    add(0..inside.start);
                    add(inside.end..frame.width);
                } else {
                    add(inside);
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
    use crate::plan::Frame;
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

    fn boxes() -> Boxes {
        let frame = Frame {
            height: 3,
            width: 4,
        };
        let boxes = [
            [0, 0, 2, 3],
            [1, 2, 2, 2],
            [0, 0, 0, 0],
            [0, 0, 3, 4],
            [1, 1, 1, 1],
        ];
        Boxes::new(frame, boxes.map(PixelBox::from).to_vec()).expect("boxes")
    }

    fn rows(dtype: DType) -> Tensor {
        let mut stream = Stream::new(4, Purpose::Weight, 0);
        let values: Vec<f64> = (0..4 * 2 * 12).map(|_| stream.unit() - 0.5).collect();
        let x = Tensor::from_vec(values, (4, 2, 3, 4), &Device::Cpu).expect("rows");
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
            let one = fused(&x, &pairs(), &boxes()).expect("fused");
            let other = composed(&x, &pairs(), &boxes()).expect("composed");
            assert_eq!((one.dtype(), one.dims()), (dtype, &[5, 2, 3, 4][..]));
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
