//! Pooling over the tokens of a row: the mean and the maximum of the real ones.

use candle_core::{DType, Tensor};

use super::cpu;
use super::pool_op::{MaxPool, MeanPool, Tokens};
use crate::error::{Error, Result};

/// The mean of the real tokens of each row: `x` `[rows, tokens, width]`, `mask` `[rows, tokens]`, 0 at padding.
///
/// Returns `[rows, width]`; a row without a real token gets zeros.
///
/// # Errors
/// [`Error::Shape`] if the mask does not fit, and Candle's.
pub fn mean_pool(x: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let (_, tokens, width) = check(x, mask)?;
    if cpu::fits(&[x]) && x.elem_count() > 0 {
        let real = cpu::real(mask)?;
        let op = MeanPool(Tokens {
            real,
            tokens,
            width,
        });
        return Ok(x.contiguous()?.apply_op1(op)?);
    }
    let real = mask.ne(0f64)?.to_dtype(x.dtype())?;
    let sum = real.unsqueeze(1)?.matmul(&x.contiguous()?)?.squeeze(1)?;
    let count = real.sum_keepdim(1)?;
    let none = count.eq(0f64)?.to_dtype(x.dtype())?;
    Ok(sum.broadcast_div(&(count + none)?)?)
}

/// The maximum of the real tokens of each row, one a column: `x` `[rows, tokens, width]`, `mask` `[rows, tokens]`.
///
/// Returns `[rows, width]`; a row without a real token gets zeros. Among equals the first token counts.
///
/// # Errors
/// [`Error::Shape`] if the mask does not fit, and Candle's.
pub fn max_pool_time(x: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let (rows, tokens, width) = check(x, mask)?;
    let x = x.contiguous()?;
    if cpu::fits(&[&x]) && x.elem_count() > 0 {
        let real = cpu::real(mask)?;
        let op = MaxPool::new(Tokens {
            real,
            tokens,
            width,
        });
        return Ok(x.apply_op1(op)?);
    }
    let real = mask.ne(0f64)?.unsqueeze(2)?;
    let lowest = match x.dtype() {
        DType::F16 => -6e4,
        _ => -1e30,
    };
    let low = (x.ones_like()? * lowest)?;
    let seen = real.broadcast_as(x.shape())?.where_cond(&x, &low)?;
    let best = seen.detach().argmax_keepdim(1)?;
    let top = seen.gather(&best, 1)?.squeeze(1)?;
    let any = real.to_dtype(x.dtype())?.max_keepdim(1)?.squeeze(1)?;
    let any = any.ne(0f64)?.broadcast_as((rows, width))?;
    Ok(any.where_cond(&top, &top.zeros_like()?)?)
}

fn check(x: &Tensor, mask: &Tensor) -> Result<(usize, usize, usize)> {
    let (rows, tokens, width) = x.dims3()?;
    if mask.dims() == [rows, tokens] {
        return Ok((rows, tokens, width));
    }
    Err(Error::Shape {
        what: "pooling mask".into(),
        expected: format!("{:?}", [rows, tokens]),
        got: format!("{:?}", mask.dims()),
    })
}
