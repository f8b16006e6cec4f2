//! What is done to rows at a site after the blend: noise, made again from its key, and cutoffs.

mod cutoff;
mod noise;

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::plan::Residue;

/// The rows `[rows, ...]` and their mask `[rows, tokens]` with the residue; differentiable in `x`, and a function of its
/// arguments alone.
///
/// # Errors
/// Those of [`Residue::check`], [`Error::Shape`] for tokens and numbers that a row does not have, and Candle's.
pub(crate) fn add(
    residue: &Residue,
    x: &Tensor,
    mask: Option<&Tensor>,
) -> Result<(Tensor, Option<Tensor>)> {
    let rows = x.dims().first().copied().unwrap_or(0);
    residue.check(rows)?;
    match residue {
        Residue::Cutoff(cutoff) => cutoff::cut(cutoff, x, mask),
        _ => Ok((noise::add(residue, x, mask)?, mask.cloned())),
    }
}

/// How a row's numbers are laid out: tokens of so many numbers each; a row that is no sequence is one token.
struct Layout {
    rows: usize,
    tokens: usize,
    width: usize,
    /// Which tokens are real, `[rows, tokens]`.
    real: Vec<bool>,
}

impl Layout {
    /// Only a row of the rank of a sequence, `[rows, tokens, width]`, has tokens.
    fn of(x: &Tensor, mask: Option<&Tensor>) -> Result<Self> {
        let (rows, tokens, width) = match *x.dims() {
            [rows, tokens, width] => (rows, tokens, width),
            [rows, ref rest @ ..] => (rows, 1, rest.iter().product()),
            [] => (0, 0, 0),
        };
        let Some(mask) = mask else {
            let real = vec![true; rows * tokens];
            return Ok(Self {
                rows,
                tokens,
                width,
                real,
            });
        };
        if mask.dims() != [rows, tokens] {
            return Err(Error::Shape {
                what: "mask".into(),
                expected: format!("[{rows}, {tokens}]"),
                got: format!("{:?}", mask.dims()),
            });
        }
        let mask = mask.to_dtype(candle_core::DType::F32)?;
        let mask = mask.flatten_all()?.to_vec1::<f32>()?;
        Ok(Self {
            rows,
            tokens,
            width,
            real: mask.into_iter().map(|m| m != 0.0).collect(),
        })
    }

    /// Which tokens of row `r` are real.
    fn real(&self, r: usize) -> &[bool] {
        &self.real[r * self.tokens..][..self.tokens]
    }

    /// Numbers of a row.
    fn numbers(&self) -> usize {
        self.tokens * self.width
    }
}
