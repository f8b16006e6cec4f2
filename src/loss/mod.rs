//! Losses on soft targets, from logits: one path for mixed and for plain batches.
//!
//! | loss | of one row, over columns c with class weights k |
//! |---|---|
//! | cross-entropy | Σ k·t·(logΣexp z − z) |
//! | binary cross-entropy | mean of k·(max(z, 0) − z·t + ln(1 + e^−abs z)) |
//! | squared error | mean of k·(z − t)² |
//! | Huber | mean of k·(d²/2 where abs d ≤ δ, else δ·(abs d − δ/2)), d = z − t |
//!
//! The loss of a batch is the mean over its rows: with class weights too it is divided by the number of rows, as
//! PyTorch does for probability targets, and not by the sum of the weights, as it does for class indices.

mod composed;
mod fused;
mod term;
mod tokens;

use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::pairs::Pairs;
use crate::targets::mix_targets;

/// What training makes small.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Loss {
    /// One class of several: soft targets against the softmax of the logits.
    CrossEntropy,
    /// Any number of classes: each target against the sigmoid of its logit.
    BinaryCrossEntropy,
    /// Numbers: the squared difference.
    SquaredError,
    /// Numbers: quadratic up to `delta`, linear beyond (Huber 1964).
    Huber {
        /// Where the quadratic part ends, in units of the target; positive and finite.
        delta: f64,
        /// What a mixed target means: the loss is not affine in it, so that the two forms differ.
        form: Form,
    },
}

/// How a loss that is not affine in its target meets a mixed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The loss to the mixed target.
    SoftTarget,
    /// The mixture of the losses to the two targets.
    TwoLoss,
}

impl Loss {
    /// The loss of `logits` to `targets`, both `[rows, columns]`: a scalar, differentiable in the logits alone.
    ///
    /// Targets are taken as they are; `class_weights` has one weight a column (default 1 each). Logits of 16 bits are
    /// widened to f32, and sums run in f64. The value and the gradient are finite for all finite logits that f32 squares
    /// hold. A batch in which a [`Form`] matters goes through [`Loss::of_pairs`].
    ///
    /// # Errors
    /// [`Error::Shape`] for shapes that do not fit, [`Error::Data`] for a batch of no rows, [`Error::Setting`] for a
    /// weight or a `delta` out of range.
    pub fn of(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        class_weights: Option<&[f32]>,
    ) -> Result<Tensor> {
        let rows = check_shapes(logits, targets)?.0;
        self.mean(logits, targets, class_weights, &vec![1.0; rows])
    }

    /// The loss of a mixed batch: `logits` `[pairs.len(), columns]` to the unmixed `targets` `[n, columns]`.
    ///
    /// It is [`Loss::of`] to the mixed targets, save for [`Form::TwoLoss`], which is
    /// `label_weight·ℓ(z, y[own]) + (1 − label_weight)·ℓ(z, y[partner])`.
    ///
    /// # Errors
    /// As [`Loss::of`], and [`Error::Pairs`] for a row that there is not.
    pub fn of_pairs(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        pairs: &Pairs,
        class_weights: Option<&[f32]>,
    ) -> Result<Tensor> {
        let Self::Huber {
            form: Form::TwoLoss,
            ..
        } = self
        else {
            return self.of(logits, &mix_targets(targets, pairs)?, class_weights);
        };
        let side = |rows: &[u32], shares: Vec<f64>| -> Result<Tensor> {
            let ones = vec![1.0; rows.len()];
            let copied = Pairs::new(rows.to_vec(), rows.to_vec(), ones.clone(), ones)?;
            let targets = mix_targets(targets, &copied)?;
            check_shapes(logits, &targets)?;
            self.mean(logits, &targets, class_weights, &shares)
        };
        let rest = pairs.label_weight().iter().map(|w| 1.0 - w).collect();
        let own = side(pairs.own(), pairs.label_weight().to_vec())?;
        Ok(own.add(&side(pairs.partner(), rest)?)?)
    }

    /// `Σ share·ℓ / rows`, on the device at hand; shapes are checked.
    fn mean(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        class_weights: Option<&[f32]>,
        shares: &[f64],
    ) -> Result<Tensor> {
        let scale = self.scale(logits);
        let scaled: Vec<f64> = shares.iter().map(|s| s * scale).collect();
        self.sum(logits, targets, class_weights, scaled)
    }

    /// `Σ share·ℓ` over the rows.
    fn sum(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        class_weights: Option<&[f32]>,
        shares: Vec<f64>,
    ) -> Result<Tensor> {
        let columns = logits.dim(1)?;
        let weights = self.checked_weights(class_weights, columns)?;
        let logits = match logits.dtype() {
            DType::F16 | DType::BF16 => logits.to_dtype(DType::F32)?,
            DType::F32 | DType::F64 => logits.clone(),
            other => {
                return Err(Error::Unsupported {
                    op: "loss",
                    what: format!("{} logits", other.as_str()),
                });
            }
        };
        let targets = targets.to_dtype(logits.dtype())?.detach();
        match logits.device() {
            Device::Cpu => fused::sum(*self, &logits, &targets, weights, shares),
            _ => composed::sum(*self, &logits, &targets, &weights, &shares),
        }
    }

    /// By what a sum over all rows and columns is multiplied to be the mean.
    fn scale(&self, logits: &Tensor) -> f64 {
        let columns = match self {
            Self::CrossEntropy => 1,
            _ => logits.dims()[1],
        };
        1.0 / (logits.dims()[0] * columns) as f64
    }

    fn checked_weights(&self, given: Option<&[f32]>, columns: usize) -> Result<Vec<f64>> {
        if let Self::Huber { delta, .. } = *self
            && !(delta.is_finite() && delta > 0.0)
        {
            return Err(Error::setting("delta", "positive and finite", delta));
        }
        let Some(given) = given else {
            return Ok(vec![1.0; columns]);
        };
        if given.len() != columns {
            return Err(Error::Shape {
                what: "class weights".into(),
                expected: format!("one for each of {columns} columns"),
                got: given.len().to_string(),
            });
        }
        if let Some(c) = given.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
            let field = format!("class weight {c}");
            return Err(Error::setting(field, "finite and not negative", given[c]));
        }
        Ok(given.iter().map(|&w| f64::from(w)).collect())
    }
}

/// Rows and columns, equal in both and none of them 0.
fn check_shapes(logits: &Tensor, targets: &Tensor) -> Result<(usize, usize)> {
    let [rows, columns] = *logits.dims() else {
        return Err(Error::Shape {
            what: "logits".into(),
            expected: "[rows, columns]".into(),
            got: format!("{:?}", logits.dims()),
        });
    };
    if targets.dims() != logits.dims() {
        return Err(Error::Shape {
            what: "targets".into(),
            expected: format!("{:?} as the logits", logits.dims()),
            got: format!("{:?}", targets.dims()),
        });
    }
    if rows == 0 || columns == 0 {
        return Err(Error::Data("no rows to take a loss of".into()));
    }
    Ok((rows, columns))
}
