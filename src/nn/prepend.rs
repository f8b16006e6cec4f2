//! A token before the others of every row, as one operation with its backward.

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::buffer;
use super::cpu;
use super::simd::add_assign;
use crate::error::{Error, Result};

/// `token`, `[width]`, before the tokens of every row: `[rows, tokens, width]` to `[rows, tokens + 1, width]`.
///
/// # Errors
/// [`Error::Shape`] for a token of another width, and Candle's.
pub fn prepend(token: &Tensor, x: &Tensor) -> Result<Tensor> {
    let (rows, _, width) = x.dims3()?;
    if token.dims() != [width] {
        return Err(Error::Shape {
            what: "token to prepend".into(),
            expected: format!("[{width}]"),
            got: format!("{:?}", token.dims()),
        });
    }
    if cpu::fits(&[token, x]) && x.elem_count() > 0 {
        return Ok(token.contiguous()?.apply_op2(&x.contiguous()?, PrependOp)?);
    }
    let first = token
        .reshape((1, 1, width))?
        .broadcast_as((rows, 1, width))?;
    Ok(Tensor::cat(&[&first.contiguous()?, x], 1)?)
}

/// Operands: a token `[width]` and tokens `[rows, tokens, width]`.
struct PrependOp;

impl CustomOp2 for PrependOp {
    fn name(&self) -> &'static str {
        "prepend"
    }

    fn cpu_fwd(
        &self,
        token: &CpuStorage,
        token_layout: &Layout,
        x: &CpuStorage,
        x_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (rows, tokens, width) = x_layout.shape().dims3()?;
        let token = cpu::floats(token, token_layout)?;
        let x = cpu::floats(x, x_layout)?;
        let to = (tokens + 1) * width;
        let with = x.par_chunks(tokens * width);
        let (out, _) = buffer::fill(rows * to, to, with, |x, out| {
            let (first, rest) = out.split_at_mut(width);
            first.copy_from_slice(token);
            rest.copy_from_slice(x);
        });
        Ok((CpuStorage::F32(out), (rows, tokens + 1, width).into()))
    }

    fn bwd(
        &self,
        _: &Tensor,
        x: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let (_, tokens, width) = x.dims3()?;
        let g = g.contiguous()?;
        let g = cpu::view(&g)?;
        let from = (tokens + 1) * width;
        let mut dtoken = vec![0f32; width];
        g.chunks_exact(from)
            .for_each(|g| add_assign(&mut dtoken, &g[..width]));
        let dtoken = Some(cpu::tensor(dtoken, width)?);
        if !x.track_op() {
            return Ok((dtoken, None));
        }
        let (dx, _) = buffer::fill(
            x.elem_count(),
            tokens * width,
            g.par_chunks(from),
            |g, dx| dx.copy_from_slice(&g[width..]),
        );
        Ok((dtoken, Some(cpu::tensor(dx, x.shape())?)))
    }
}
