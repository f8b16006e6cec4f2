//! Tokens of a table row (Gorishniy et al. 2021): x[j]·W[j] + b[j] of a number, E[c] + b[j] of a category.

use candle_core::Tensor;

use super::cpu;
use super::init::Init;
use super::scope::Scope;
use super::tokens_op::TokensOp;
use crate::error::{Error, Result};

/// Makes tokens of flat rows: one of each numeric cell, one of each category's vector.
#[derive(Debug, Clone)]
pub struct FeatureTokens {
    /// `[cells, width]`; `None` where there is no numeric cell.
    weight: Option<Tensor>,
    /// `[tokens, width]`.
    bias: Tensor,
}

impl FeatureTokens {
    /// The layer with the weights `weight` (none without cells) and `bias` of the scope, both uniform on ±1/√width.
    ///
    /// # Errors
    /// [`Error::Setting`] for no token or a width of 0, and those of [`Scope::get`].
    pub fn load(scope: &Scope, cells: usize, categories: usize, width: usize) -> Result<Self> {
        if cells + categories == 0 || width == 0 {
            let got = format!("{cells} cells, {categories} categories, width {width}");
            return Err(Error::setting("tokens of a row", "at least 1", got));
        }
        let bound = 1.0 / (width as f64).sqrt();
        let init = Init::Uniform { bound };
        let weight = (cells > 0).then(|| scope.get("weight", &[cells, width], init));
        Ok(Self {
            weight: weight.transpose()?,
            bias: scope.get("bias", &[cells + categories, width], init)?,
        })
    }

    /// The layer with these weights, `[cells, width]` (`None` without cells) and `[tokens, width]`.
    pub fn new(weight: Option<Tensor>, bias: Tensor) -> Self {
        Self { weight, bias }
    }

    /// `[rows, cells + categories·width]`, numeric cells first, to `[rows, tokens, width]`.
    ///
    /// # Errors
    /// [`Error::Shape`] for rows of another width, and Candle's.
    pub fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        let (tokens, width) = self.bias.dims2()?;
        let cells = self.weight.as_ref().map_or(Ok(0), |w| w.dim(0))?;
        let expected = cells + tokens.saturating_sub(cells) * width;
        if rows.dims2()?.1 != expected || cells > tokens {
            return Err(Error::Shape {
                what: "rows to make tokens of".into(),
                expected: format!("[rows, {expected}]"),
                got: format!("{:?}", rows.dims()),
            });
        }
        let weights = self.weight.iter().chain([&self.bias]);
        let operands: Vec<&Tensor> = [rows].into_iter().chain(weights).collect();
        if rows.dims()[0] == 0 || !cpu::fits(&operands) {
            return self.composed(rows, cells);
        }
        let (rows, bias) = (rows.contiguous()?, self.bias.contiguous()?);
        Ok(match &self.weight {
            Some(weight) => rows.apply_op3(&weight.contiguous()?, &bias, TokensOp)?,
            None => rows.apply_op2(&bias, TokensOp)?,
        })
    }

    fn composed(&self, rows: &Tensor, cells: usize) -> Result<Tensor> {
        let (tokens, width) = self.bias.dims2()?;
        let (n, categories) = (rows.dim(0)?, tokens - cells);
        let mut parts = Vec::new();
        if let Some(weight) = &self.weight {
            let numbers = rows.narrow(1, 0, cells)?.unsqueeze(2)?;
            parts.push(numbers.broadcast_mul(&weight.unsqueeze(0)?)?);
        }
        if categories > 0 {
            let vectors = rows.narrow(1, cells, categories * width)?.contiguous()?;
            parts.push(vectors.reshape((n, categories, width))?);
        }
        Ok(Tensor::cat(&parts, 1)?.broadcast_add(&self.bias.unsqueeze(0)?)?)
    }
}
