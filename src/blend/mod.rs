//! Applying pairs.
use crate::{Blend, Pairs, Result};
use candle_core::Tensor;
/// Stub until the blend lands.
pub fn mix(_x: &Tensor, _pairs: &Pairs, _blend: &Blend) -> Result<Tensor> {
    unreachable!("stub")
}
