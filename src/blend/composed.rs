//! The weighted sum of two rows composed of Candle's own operations, for devices without a kernel of ours.
//!
//! Three operations more than the fused form, and Candle keeps a gradient for the weights too; the numbers are the same.

use candle_core::{DType, Tensor};

use crate::error::Result;
use crate::pairs::Pairs;

/// Mixes on any device; `pairs` are checked against `x`, and rows that are only copied have weight 1.
pub(super) fn mix(x: &Tensor, pairs: &Pairs) -> Result<Tensor> {
    let wide = match x.dtype() {
        DType::F64 => DType::F64,
        _ => DType::F32,
    };
    let rows = x.contiguous()?.to_dtype(wide)?;
    let own = select(&rows, pairs.own())?;
    let partner = select(&rows, pairs.partner())?;
    let rest: Vec<f64> = pairs.weight().iter().map(|w| 1.0 - w).collect();
    let mixed = own
        .broadcast_mul(&column(pairs.weight(), &own)?)?
        .add(&partner.broadcast_mul(&column(&rest, &own)?)?)?;
    Ok(keep_copies(&own, mixed, pairs)?.to_dtype(x.dtype())?)
}

fn select(rows: &Tensor, ids: &[u32]) -> Result<Tensor> {
    let ids = Tensor::from_slice(ids, ids.len(), rows.device())?;
    Ok(rows.index_select(&ids, 0)?)
}

/// One value a row, shaped `[rows, 1, ...]` to be broadcast over `like`.
fn column(values: &[f64], like: &Tensor) -> Result<Tensor> {
    let mut dims = vec![1; like.rank()];
    dims[0] = values.len();
    // Narrowed on the host: not every device has f64.
    let values = Tensor::from_slice(values, dims, &candle_core::Device::Cpu)?;
    Ok(values.to_dtype(like.dtype())?.to_device(like.device())?)
}

/// Takes rows of weight 1 from `own` itself: 1·x + 0·x is not x where x is infinite.
fn keep_copies(own: &Tensor, mixed: Tensor, pairs: &Pairs) -> Result<Tensor> {
    let copied: Vec<u8> = pairs.weight().iter().map(|&w| u8::from(w == 1.0)).collect();
    if !copied.contains(&1) {
        return Ok(mixed);
    }
    let mut dims = vec![1; own.rank()];
    dims[0] = copied.len();
    let copied = Tensor::from_vec(copied, dims, own.device())?.broadcast_as(own.shape())?;
    Ok(copied.where_cond(own, &mixed)?)
}
