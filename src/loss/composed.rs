//! The losses composed of Candle's own operations, for devices without a kernel of ours.
//!
//! Where a term must not overflow, a constant is taken out first: the largest logit. It is detached, since the
//! derivative through it cancels and Candle's own would meet ties.

use candle_core::{D, Tensor};

use super::Loss;
use crate::error::Result;

/// `Σ_r shares[r]·ℓ(logits[r], targets[r])`.
pub(super) fn sum(
    loss: Loss,
    logits: &Tensor,
    targets: &Tensor,
    weights: &[f64],
    shares: &[f64],
) -> Result<Tensor> {
    let cells = match loss {
        Loss::CrossEntropy => log_softmax(logits)?.mul(targets)?.neg()?,
        Loss::BinaryCrossEntropy => softplus(logits)?.sub(&logits.mul(targets)?)?,
        Loss::SquaredError => logits.sub(targets)?.sqr()?,
        Loss::Huber { delta, .. } => huber(&logits.sub(targets)?, delta)?,
    };
    let columns = constant(weights, (1, weights.len()), logits)?;
    let rows = constant(shares, (shares.len(), 1), logits)?;
    Ok(cells
        .broadcast_mul(&columns)?
        .broadcast_mul(&rows)?
        .sum_all()?)
}

fn constant(values: &[f64], shape: (usize, usize), like: &Tensor) -> Result<Tensor> {
    // Narrowed on the host: not every device has f64.
    let values = Tensor::from_slice(values, shape, &candle_core::Device::Cpu)?;
    Ok(values.to_dtype(like.dtype())?.to_device(like.device())?)
}

fn log_softmax(z: &Tensor) -> Result<Tensor> {
    let z = z.broadcast_sub(&z.max_keepdim(D::Minus1)?.detach())?;
    Ok(z.broadcast_sub(&z.exp()?.sum_keepdim(D::Minus1)?.log()?)?)
}

/// ln(1 + e^z) = m + ln(e^(z−m) + e^−m) with m = max(z, 0).
fn softplus(z: &Tensor) -> Result<Tensor> {
    let m = z.relu()?.detach();
    let sum = z.sub(&m)?.exp()?.add(&m.neg()?.exp()?)?;
    Ok(m.add(&sum.log()?)?)
}

/// q·d − q²/2 with q = d cut to [−δ, δ]: d²/2 inside, δ·(abs d − δ/2) outside, and the derivative is q.
fn huber(d: &Tensor, delta: f64) -> Result<Tensor> {
    let q = d.clamp(-delta, delta)?.detach();
    Ok(q.mul(d)?.sub(&q.sqr()?.affine(0.5, 0.0)?)?)
}
