//! Reading and making contiguous f32 tensors on the CPU.

use std::ops::Deref;

use candle_core::{CpuStorage, DType, Device, Layout, Result, Shape, Storage, Tensor};

/// Whether the fused kernels take all of these (made contiguous first).
pub(super) fn fits(tensors: &[&Tensor]) -> bool {
    tensors
        .iter()
        .all(|t| t.device().is_cpu() && t.dtype() == DType::F32)
}

/// The values behind a contiguous f32 layout.
pub(super) fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => candle_core::bail!("a fused operation takes contiguous f32"),
    }
}

/// The values of a contiguous f32 CPU tensor; the tensor cannot be written while they are held.
pub(super) fn view(tensor: &Tensor) -> Result<impl Deref<Target = [f32]> + '_> {
    let (guard, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*guard else {
        candle_core::bail!("a fused operation takes CPU tensors");
    };
    floats(storage, layout)?;
    let start = layout.start_offset();
    let end = start + layout.shape().elem_count();
    Ok(View { guard, start, end })
}

struct View<G> {
    guard: G,
    start: usize,
    end: usize,
}

impl<G: Deref<Target = Storage>> Deref for View<G> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &*self.guard {
            Storage::Cpu(CpuStorage::F32(values)) => &values[self.start..self.end],
            _ => &[], // `view` has refused these
        }
    }
}

/// A mask as 1 where it is not 0, else 0.
pub(super) fn real(mask: &Tensor) -> Result<Vec<f32>> {
    mask.ne(0f64)?
        .to_dtype(DType::F32)?
        .flatten_all()?
        .to_vec1()
}

/// A CPU tensor of these values.
pub(super) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(values, shape.into(), &Device::Cpu)
}
