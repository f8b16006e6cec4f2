//! What the blends' CPU kernels share: rows, the arithmetic of their elements, and the walk over all outgoing rows.

use std::ops::AddAssign;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, DType, Layout, Shape, WithDType};
use half::{bf16, f16};

use super::fresh::{self, Slots};
use crate::error::Error;

/// One outgoing row from the incoming ones.
pub(super) trait Kernel: Sync {
    fn count(&self) -> usize;
    fn row<T: Element>(&self, r: usize, x: &Rows<'_, T>, out: &mut Slots<'_, T>);
}

/// Incoming rows, all of one width.
pub(super) struct Rows<'a, T> {
    values: &'a [T],
    pub(super) width: usize,
}

impl<'a, T> Rows<'a, T> {
    pub(super) fn at(&self, row: u32) -> &'a [T] {
        &self.values[row as usize * self.width..][..self.width]
    }
}

/// What rows are made of, with the arithmetic in which they are mixed.
pub(super) trait Element: WithDType {
    /// What sums of elements are kept in.
    type Wide: Copy + Default + Send + AddAssign;

    /// The element in full precision.
    fn widen(self) -> Self::Wide;

    /// Rounded once.
    fn narrow(wide: Self::Wide) -> Self;

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
            type Wide = $wide;

            fn widen(self) -> $wide {
                $widen(self)
            }

            fn narrow(wide: $wide) -> Self {
                $narrow(wide)
            }

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

/// Runs a kernel on rows of any float dtype.
pub(super) fn by_dtype<K: Kernel>(
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
