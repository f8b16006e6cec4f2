//! Convolution over the tokens of a row (Kim 2014).

use candle_core::Tensor;

use super::conv_op::ConvOp;
use super::cpu;
use crate::error::{Error, Result};

/// `y[t] = b + Σₖ W[:, k]·x[t + k - left]`, left = (window - 1)/2 rounded down, with zeros outside the row.
///
/// `x` `[rows, tokens, inputs]`, `weight` `[outputs, window, inputs]`, `bias` `[outputs]`; returns `[rows, tokens,
/// outputs]`. Tokens at which `mask` (`[rows, tokens]`) is 0 count as zeros, so that padding changes nothing at the
/// real tokens.
///
/// # Errors
/// [`Error::Shape`] if a shape does not fit, and Candle's.
pub fn conv1d(x: &Tensor, weight: &Tensor, bias: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    let (rows, tokens, inputs) = x.dims3()?;
    let (outputs, window, of) = weight.dims3()?;
    let fits = [
        (
            "convolution weight",
            vec![outputs, window, inputs],
            vec![outputs, window, of],
        ),
        ("convolution bias", vec![outputs], bias.dims().to_vec()),
        (
            "convolution mask",
            vec![rows, tokens],
            mask.map_or(vec![rows, tokens], |m| m.dims().to_vec()),
        ),
    ];
    for (what, expected, got) in fits {
        if expected != got {
            return Err(Error::Shape {
                what: what.into(),
                expected: format!("{expected:?}"),
                got: format!("{got:?}"),
            });
        }
    }
    if window == 0 {
        return Err(Error::setting("window", "at least 1", window));
    }
    if !cpu::fits(&[x, weight, bias]) || x.elem_count() == 0 || outputs == 0 {
        return composed(x, weight, bias, mask);
    }
    let op = ConvOp {
        tokens,
        inputs,
        outputs,
        window,
        real: mask.map(cpu::real).transpose()?,
    };
    let (x, weight, bias) = (x.contiguous()?, weight.contiguous()?, bias.contiguous()?);
    Ok(x.apply_op3(&weight, &bias, op)?)
}

fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    let (rows, tokens, inputs) = x.dims3()?;
    let (outputs, window, _) = weight.dims3()?;
    let x = match mask {
        Some(mask) => {
            let real = mask.ne(0f64)?.unsqueeze(2)?.broadcast_as(x.shape())?;
            real.where_cond(x, &x.zeros_like()?)?
        }
        None => x.clone(),
    };
    let left = (window - 1) / 2;
    let padded = x.pad_with_zeros(1, left, window - 1 - left)?;
    let views: Vec<Tensor> = (0..window)
        .map(|k| padded.narrow(1, k, tokens))
        .collect::<candle_core::Result<_>>()?;
    let columns = Tensor::cat(&views, 2)?.reshape((rows * tokens, window * inputs))?;
    let flat = weight.reshape((outputs, window * inputs))?;
    let y = columns.matmul(&flat.t()?)?.broadcast_add(bias)?;
    Ok(y.reshape((rows, tokens, outputs))?)
}
