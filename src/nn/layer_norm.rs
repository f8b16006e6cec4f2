//! Layer normalisation: y = (x - mean)/√(variance + ε)·weight + bias over the last dimension (Ba et al. 2016), alone
//! or of a residual sum x + residual, optionally with dropout on x.

use candle_core::{D, Tensor};

use super::dropout::Mask;
use super::init::Init;
use super::scope::Scope;
use crate::error::Result;

/// Layer normalisation over the last dimension.
#[derive(Debug, Clone)]
pub struct LayerNorm {
    /// Weight and bias in a row, `[2·width]`: one operand, so that the residual fits in one operation.
    affine: Affine,
    eps: f64,
}

#[derive(Debug, Clone)]
enum Affine {
    Packed(Tensor),
    Apart { weight: Tensor, bias: Tensor },
}

impl LayerNorm {
    /// The layer with the weights `weight` (from 1) and `bias` (from 0) of the scope, each `[width]`.
    ///
    /// # Errors
    /// Those of [`Scope::get`].
    pub fn load(scope: &Scope, width: usize, eps: f64) -> Result<Self> {
        let parts = [("weight", Init::Ones), ("bias", Init::Zeros)];
        Ok(Self {
            affine: Affine::Packed(scope.packed(&parts, &[width])?),
            eps,
        })
    }

    /// The layer with these weights, each `[width]`.
    pub fn new(weight: Tensor, bias: Tensor, eps: f64) -> Self {
        Self {
            affine: Affine::Apart { weight, bias },
            eps,
        }
    }

    /// Normalises `x`, `[.., width]`.
    ///
    /// # Errors
    /// Candle's, if shapes, dtypes or devices do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.composed(x)
    }

    /// Normalises `dropout(x, p, key) + residual`, both `[.., width]`, in one operation; without a key nothing is
    /// dropped.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if `p` is not in [0, 1), and Candle's.
    pub fn forward_residual(
        &self,
        x: &Tensor,
        residual: &Tensor,
        p: f64,
        key: Option<u64>,
    ) -> Result<Tensor> {
        let x = match Mask::new(p, key)? {
            Some(mask) => mask.composed(x)?,
            None => x.clone(),
        };
        self.composed(&(x + residual)?)
    }

    fn composed(&self, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = match &self.affine {
            Affine::Packed(both) => {
                let width = both.elem_count() / 2;
                (both.narrow(0, 0, width)?, both.narrow(0, width, width)?)
            }
            Affine::Apart { weight, bias } => (weight.clone(), bias.clone()),
        };
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let normal = centred.broadcast_div(&(variance + self.eps)?.sqrt()?)?;
        Ok(normal.broadcast_mul(&weight)?.broadcast_add(&bias)?)
    }
}
