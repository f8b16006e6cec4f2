//! Multi-head attention, softmax(Q·Kᵀ/√d)·V a head (Vaswani et al. 2017), on packed queries, keys and values.

use candle_core::{D, DType, Tensor};

use super::attention_op::AttentionOp;
use super::cpu;
use super::dropout::Mask;
use crate::error::{Error, Result};

/// Attention of every token of a row to the real tokens of that row.
///
/// `qkv` is `[rows, tokens, 3·width]`: queries, keys and values side by side, each split into `heads`. `mask`, `[rows,
/// tokens]`, is 0 at padding; without one every token is real. A row without a real token attends to nothing and gets
/// zeros. `dropout` is (p, key) for dropout on the attention weights. Returns `[rows, tokens, width]`.
///
/// # Errors
/// [`Error::Shape`] if a shape does not fit, [`Error::Setting`] if p is not in [0, 1), and Candle's.
pub fn attention(
    qkv: &Tensor,
    heads: usize,
    mask: Option<&Tensor>,
    dropout: Option<(f64, u64)>,
) -> Result<Tensor> {
    attention_of(qkv.dims3()?.1, qkv, heads, mask, dropout)
}

/// The same of each row's first `queries` tokens only, `[rows, queries, width]`: all that is needed where the others'
/// results would not be read.
///
/// # Errors
/// Those of [`attention`], and [`Error::Shape`] for more queries than tokens.
pub fn attention_of(
    queries: usize,
    qkv: &Tensor,
    heads: usize,
    mask: Option<&Tensor>,
    dropout: Option<(f64, u64)>,
) -> Result<Tensor> {
    let (rows, tokens, packed) = qkv.dims3()?;
    if queries > tokens {
        return Err(Error::Shape {
            what: "queries of attention".into(),
            expected: format!("at most {tokens}"),
            got: queries.to_string(),
        });
    }
    if heads == 0 || packed == 0 || packed % (3 * heads) != 0 {
        return Err(Error::Shape {
            what: "qkv".into(),
            expected: format!("[rows, tokens, 3·width], width a multiple of {heads} heads"),
            got: format!("{:?}", qkv.dims()),
        });
    }
    if let Some(mask) = mask.filter(|m| m.dims() != [rows, tokens]) {
        return Err(Error::Shape {
            what: "attention mask".into(),
            expected: format!("{:?}", [rows, tokens]),
            got: format!("{:?}", mask.dims()),
        });
    }
    let drop = match dropout {
        Some((p, key)) => Mask::new(p, Some(key))?,
        None => None,
    };
    if rows * queries == 0 || !cpu::fits(&[qkv]) {
        return composed(queries, qkv, heads, mask, drop);
    }
    let real = mask.map(cpu::real).transpose()?;
    let op = AttentionOp::new(
        (rows, queries, tokens, packed / 3),
        heads,
        real,
        drop,
        qkv.track_op(),
    );
    Ok(qkv.contiguous()?.apply_op1(op)?)
}

fn composed(
    queries: usize,
    qkv: &Tensor,
    heads: usize,
    mask: Option<&Tensor>,
    drop: Option<Mask>,
) -> Result<Tensor> {
    let (rows, tokens, packed) = qkv.dims3()?;
    let width = packed / 3;
    let size = width / heads;
    let part = |i: usize, tokens: usize| -> candle_core::Result<Tensor> {
        qkv.narrow(1, 0, tokens)?
            .narrow(2, i * width, width)?
            .reshape((rows, tokens, heads, size))?
            .transpose(1, 2)?
            .contiguous()
    };
    let scores = (part(0, queries)?.matmul(&part(1, tokens)?.t()?)? / (size as f64).sqrt())?;
    let weights = match mask {
        Some(mask) => masked_softmax(&scores, mask)?,
        None => candle_nn::ops::softmax(&scores, D::Minus1)?,
    };
    let weights = match drop {
        Some(drop) => drop.composed(&weights)?,
        None => weights,
    };
    let out = weights.matmul(&part(2, tokens)?)?.transpose(1, 2)?;
    Ok(out.reshape((rows, queries, width))?)
}

/// Softmax over the last dimension where `mask` is not 0; zeros where it is 0 everywhere.
fn masked_softmax(scores: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let (rows, tokens) = mask.dims2()?;
    let real = mask
        .ne(0f64)?
        .reshape((rows, 1, 1, tokens))?
        .broadcast_as(scores.shape())?;
    let lowest = match scores.dtype() {
        DType::F16 => -6e4,
        _ => -1e30,
    };
    let low = (scores.ones_like()? * lowest)?;
    let scores = real.where_cond(scores, &low)?;
    let top = scores.max_keepdim(D::Minus1)?.detach();
    let e = scores.broadcast_sub(&top)?.exp()?;
    let e = (e * real.to_dtype(scores.dtype())?)?;
    let sum = e.sum_keepdim(D::Minus1)?;
    let none = sum.eq(0f64)?.to_dtype(sum.dtype())?;
    Ok(e.broadcast_div(&(sum + none)?)?)
}
