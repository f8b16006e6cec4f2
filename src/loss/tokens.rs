//! The loss of sequences whose tokens have a target each.

use candle_core::{DType, Device, Tensor};

use super::Loss;
use crate::error::{Error, Result};

impl Loss {
    /// The loss of tokens: `logits` to `targets`, both `[rows, tokens, tags]`, a scalar, differentiable in the logits.
    ///
    /// ```text
    /// Σ_r Σ_i ℓ(logits[r, i], targets[r, i]) / Σ_r Σ_i Σ_c targets[r, i, c]
    /// ```
    ///
    /// A token whose target is all zero (special tokens, padding, the later pieces of a word) has no part in it, on the
    /// CPU whatever its logits are. Mixed targets weigh as much as their mass: a token that carries a tag in one of the
    /// two rows alone counts with that row's label weight. Without any mass the loss is 0.
    ///
    /// # Errors
    /// [`Error::Shape`] for shapes that do not fit, [`Error::Unsupported`] for any loss but cross-entropy,
    /// [`Error::Setting`] for a class weight out of range.
    pub fn of_tokens(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        class_weights: Option<&[f32]>,
    ) -> Result<Tensor> {
        if *self != Self::CrossEntropy {
            let what = "tokens; they have cross-entropy".into();
            return Err(Error::Unsupported {
                op: "this loss",
                what,
            });
        }
        let tags = check(logits, targets)?;
        let (logits, targets) = (logits.reshape(((), tags))?, targets.reshape(((), tags))?);
        let masses = targets
            .detach()
            .to_device(&Device::Cpu)?
            .to_dtype(DType::F64)?;
        let mass: f64 = masses.flatten_all()?.to_vec1::<f64>()?.iter().sum();
        let share = if mass > 0.0 { 1.0 / mass } else { 0.0 };
        let shares = vec![share; logits.dim(0)?];
        self.sum(&logits, &targets, class_weights, shares)
    }
}

/// The number of tags.
fn check(logits: &Tensor, targets: &Tensor) -> Result<usize> {
    let refuse = |what: &str, expected: &str, got: &[usize]| {
        Err(Error::Shape {
            what: what.into(),
            expected: expected.into(),
            got: format!("{got:?}"),
        })
    };
    match *logits.dims() {
        [rows, tokens, tags] if rows * tokens * tags > 0 => match targets.dims() == logits.dims() {
            true => Ok(tags),
            false => refuse(
                "targets",
                &format!("{:?} as the logits", logits.dims()),
                targets.dims(),
            ),
        },
        _ => refuse(
            "logits",
            "[rows, tokens, tags], none of them 0",
            logits.dims(),
        ),
    }
}
