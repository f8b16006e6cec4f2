//! Reading and making contiguous f32 tensors on the CPU.

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

/// Calls `f` on the values of an f32 CPU tensor.
pub(super) fn read<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(f(floats(storage, layout)?)),
        _ => candle_core::bail!("a fused operation takes CPU tensors"),
    }
}

/// A CPU tensor of these values.
pub(super) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(values, shape.into(), &Device::Cpu)
}
