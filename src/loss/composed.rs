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

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::super::{Form, fused};
    use super::*;

    const HUBER: Loss = Loss::Huber {
        delta: 0.75,
        form: Form::SoftTarget,
    };

    #[test]
    fn both_forms_agree_in_value_and_gradient() {
        let z = [[0.5, -2.0, 100.0], [0.0, 0.0, 0.0], [-100.0, 3.0, 2.5f64]];
        let t = [[0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.9, 0.0, 0.1f64]];
        let (weights, shares) = (vec![1.0, 0.5, 2.0], vec![0.4, 0.1, 0.5]);
        for (dtype, bound) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
            let make = |rows| Tensor::new(rows, &Device::Cpu)?.to_dtype(dtype);
            let (z, t) = (make(&z).expect("logits"), make(&t).expect("targets"));
            let z = Var::from_tensor(&z).expect("a variable");
            for loss in [
                Loss::CrossEntropy,
                Loss::BinaryCrossEntropy,
                Loss::SquaredError,
                HUBER,
            ] {
                let both = |sum: Tensor| -> candle_core::Result<Vec<f64>> {
                    let gradients = sum.backward()?;
                    let gradient = gradients.get(&z).expect("it reaches the logits");
                    let all = Tensor::cat(&[&sum.reshape(1)?, &gradient.flatten_all()?], 0)?;
                    all.to_dtype(DType::F64)?.to_vec1()
                };
                let one = fused::sum(loss, &z, &t, weights.clone(), shares.clone());
                let other = sum(loss, &z, &t, &weights, &shares);
                let one = both(one.expect("fused")).expect("numbers");
                let other = both(other.expect("composed")).expect("numbers");
                for (a, b) in one.iter().zip(&other) {
                    assert!(
                        (a - b).abs() <= bound * (1.0 + b.abs()),
                        "{loss:?}: {a} {b}"
                    );
                }
            }
        }
    }
}
