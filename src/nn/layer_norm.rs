//! Layer normalisation: y = (x - mean)/√(variance + ε)·weight + bias over the last dimension (Ba et al. 2016), alone
//! or of a residual sum x + residual, optionally with dropout on x.

use candle_core::{D, Tensor};

use super::cpu;
use super::dropout::Mask;
use super::init::Init;
use super::layer_norm_op::LayerNormOp;
use super::packing::Packing;
use super::scope::Scope;
use crate::error::{Error, Result};

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
    /// [`Error::Shape`] if the last dimension is not the layer's, and Candle's.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let affine = self.packed()?;
        self.check(x, &affine)?;
        if cpu::fits(&[x, &affine]) {
            let op = LayerNormOp::new(self.eps, None);
            return Ok(x.contiguous()?.apply_op2(&affine, op)?);
        }
        self.composed(x)
    }

    /// Normalises `dropout(x, p, key) + residual`, both `[.., width]`, in one operation; without a key nothing is
    /// dropped.
    ///
    /// # Errors
    /// [`Error::Setting`] if `p` is not in [0, 1), [`Error::Shape`] if shapes do not fit, and Candle's.
    pub fn forward_residual(
        &self,
        x: &Tensor,
        residual: &Tensor,
        p: f64,
        key: Option<u64>,
    ) -> Result<Tensor> {
        self.residual(x, residual, Mask::new(p, key)?)
    }

    /// The same for packed positions, `[positions, width]`: what is dropped is what would be dropped of the padded
    /// batch.
    ///
    /// # Errors
    /// As [`LayerNorm::forward_residual`].
    pub fn forward_packed(
        &self,
        x: &Tensor,
        residual: &Tensor,
        p: f64,
        key: Option<u64>,
        packing: &Packing,
    ) -> Result<Tensor> {
        let (positions, width) = x.dims2()?;
        if positions != packing.places().len() {
            return Err(wrong(
                "packed positions",
                &[packing.places().len(), width],
                x.dims(),
            ));
        }
        let drop = Mask::new(p, key)?.map(|mask| mask.packed(packing, width));
        self.residual(x, residual, drop)
    }

    fn residual(&self, x: &Tensor, residual: &Tensor, drop: Option<Mask>) -> Result<Tensor> {
        let affine = self.packed()?;
        self.check(x, &affine)?;
        if x.dims() != residual.dims() {
            return Err(wrong("residual", x.dims(), residual.dims()));
        }
        if cpu::fits(&[x, residual, &affine]) {
            let (x, residual) = (x.contiguous()?, residual.contiguous()?);
            let op = LayerNormOp::new(self.eps, drop);
            return Ok(x.apply_op3(&residual, &affine, op)?);
        }
        let x = match drop {
            Some(mask) => mask.composed(x)?,
            None => x.clone(),
        };
        self.composed(&(x + residual)?)
    }

    fn check(&self, x: &Tensor, affine: &Tensor) -> Result<()> {
        let width = affine.elem_count() / 2;
        match x.dims().last() {
            Some(last) if *last == width && width > 0 => Ok(()),
            _ => Err(wrong("layer norm's input", &[width], x.dims())),
        }
    }

    /// Weight and bias in a row.
    fn packed(&self) -> Result<Tensor> {
        Ok(match &self.affine {
            Affine::Packed(both) => both.contiguous()?,
            Affine::Apart { weight, bias } => Tensor::cat(&[weight, bias], 0)?,
        })
    }

    fn composed(&self, x: &Tensor) -> Result<Tensor> {
        let both = self.packed()?;
        let width = both.elem_count() / 2;
        let (weight, bias) = (both.narrow(0, 0, width)?, both.narrow(0, width, width)?);
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let normal = centred.broadcast_div(&(variance + self.eps)?.sqrt()?)?;
        Ok(normal.broadcast_mul(&weight)?.broadcast_add(&bias)?)
    }
}

fn wrong(what: &str, expected: &[usize], got: &[usize]) -> Error {
    Error::Shape {
        what: what.into(),
        expected: format!(
            "[.., {}]",
            expected
                .iter()
                .map(usize::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ),
        got: format!("{got:?}"),
    }
}
