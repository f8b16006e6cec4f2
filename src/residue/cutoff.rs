//! Cutoff: some tokens of a row, or some numbers of each, become zero (Shen et al. 2020). Everything else stays bit for
//! bit, and what is cut gets no gradient.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::plan::Cutoff;

pub(super) fn cut(
    cutoff: &Cutoff,
    x: &Tensor,
    mask: Option<&Tensor>,
) -> Result<(Tensor, Option<Tensor>)> {
    let [rows, tokens, width] = *x.dims() else {
        return Err(Error::Shape {
            what: "rows to cut off".into(),
            expected: "[rows, tokens, width]".into(),
            got: format!("{:?}", x.dims()),
        });
    };
    match cutoff {
        Cutoff::Tokens(lists) => {
            let kept = kept(lists, tokens, "tokens")?;
            let mask = mask.map(|mask| zeroed(mask, &kept, &[rows, tokens]));
            Ok((zeroed(x, &kept, &[rows, tokens, 1])?, mask.transpose()?))
        }
        Cutoff::Dimensions(lists) => {
            let kept = kept(lists, width, "numbers of a token")?;
            Ok((zeroed(x, &kept, &[rows, 1, width])?, mask.cloned()))
        }
    }
}

/// Which of `count` places of each row stay, `[rows, count]`.
fn kept(lists: &[Vec<u32>], count: usize, what: &str) -> Result<Vec<u8>> {
    let mut kept = vec![1u8; lists.len() * count];
    for (r, list) in lists.iter().enumerate() {
        for &place in list {
            let place = place as usize;
            if place >= count {
                return Err(Error::Shape {
                    what: format!("cutoff of row {r}"),
                    expected: format!("below the {count} {what}"),
                    got: place.to_string(),
                });
            }
            kept[r * count + place] = 0;
        }
    }
    Ok(kept)
}

/// `x` where `kept`, shaped `dims`, is 1, and zero elsewhere.
fn zeroed(x: &Tensor, kept: &[u8], dims: &[usize]) -> Result<Tensor> {
    let kept = Tensor::from_slice(kept, dims, x.device())?.broadcast_as(x.shape())?;
    Ok(kept.where_cond(x, &x.zeros_like()?)?)
}
