//! Applying pairs to a tensor or to a raw buffer.
//!
//! ```text
//! mixed_row[r] = weight[r]·x[own[r]] + (1 − weight[r])·x[partner[r]]
//! ```
//!
//! A row of weight 1 is copied from `own` and a row of weight 0 from `partner`, bit for bit, whatever the other row
//! holds; a row that is its own partner is copied too. Under a mask the weights say no more than that, and the mask
//! says which cells come from whom. Along principal directions weight 0 stands for the whole step, which need not
//! reach the partner.

mod boxes;
mod columns;
mod composed;
mod cut_in_place;
pub(crate) mod fresh;
mod in_place;
mod kernel;
mod linear;
mod principal;

use candle_core::{DType, Device, Tensor};

pub use cut_in_place::cut_in_place;
pub use in_place::{Pixel, mix_in_place};

use crate::error::{Error, Result};
use crate::pairs::Pairs;
use crate::plan::Blend;

/// The rows of `x` mixed as `pairs` says: `[n, ...]` in, `[pairs.len(), ...]` out, differentiable in `x`.
///
/// Rank is free, rows come first; `x` may be f32, f64, f16 or bf16, contiguous or not. Weights are applied in the
/// dtype of `x`, and in f32 for the 16-bit ones, which are rounded once. On the CPU this is one pass; on other
/// devices it is composed of Candle's own operations, with the same numbers.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use candle_mixup::{Blend, Pairs, mix};
///
/// let x = Tensor::new(&[[0f32, 4.], [8., 0.]], &Device::Cpu)?;
/// let pairs = Pairs::new(vec![0, 1], vec![1, 0], vec![0.75, 0.5], vec![0.75, 0.5])?;
/// assert_eq!(mix(&x, &pairs, &Blend::Linear)?.to_vec2::<f32>()?, [[2., 3.], [4., 2.]]);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
///
/// # Errors
/// [`Error::Pairs`] for a row that `x` does not have, [`Error::Shape`] for a scalar and for rows or pairs that boxes, a
/// mask or directions do not fit, [`Error::Unsupported`] for integers (an id is a name and not a number) and for spans,
/// which only a [`TextSource`](crate::text::TextSource) can move.
pub fn mix(x: &Tensor, pairs: &Pairs, blend: &Blend) -> Result<Tensor> {
    let Some(&incoming) = x.dims().first() else {
        return Err(Error::Shape {
            what: "rows to mix".into(),
            expected: "[rows, ...]".into(),
            got: "a scalar".into(),
        });
    };
    check_dtype(x.dtype())?;
    pairs.check_rows(incoming)?;
    match blend {
        // Reordered rows come in as such.
        Blend::Linear | Blend::Reordered(_) => linear(x, &settle(pairs)),
        Blend::Box(boxes) => boxes::mix(x, &settle(pairs), boxes),
        Blend::Columns(mask) => columns::mix(x, &settle(pairs), mask),
        Blend::Principal(directions) => principal::mix(x, pairs, directions),
        Blend::Span(_) => Err(Error::Unsupported {
            op: "mix",
            what: "spans of anything but token ids".into(),
        }),
    }
}

fn linear(x: &Tensor, pairs: &Pairs) -> Result<Tensor> {
    match x.device() {
        Device::Cpu => linear::mix(x, pairs),
        _ => composed::mix(x, pairs),
    }
}

fn check_dtype(dtype: DType) -> Result<()> {
    match dtype {
        DType::F32 | DType::F64 | DType::F16 | DType::BF16 => Ok(()),
        other => Err(Error::Unsupported {
            op: "mix",
            what: format!("{} rows", other.as_str()),
        }),
    }
}

/// The same pairs, with every row that is only copied said in one way: own = partner and weight 1.
fn settle(pairs: &Pairs) -> Pairs {
    let rows = (0..pairs.len()).map(|r| {
        let (own, partner) = (pairs.own()[r], pairs.partner()[r]);
        match pairs.weight()[r] {
            1.0 => (own, own, 1.0),
            0.0 => (partner, partner, 1.0),
            _ if own == partner => (own, own, 1.0),
            weight => (own, partner, weight),
        }
    });
    let (own, (partner, weight)): (Vec<_>, (Vec<_>, Vec<_>)) =
        rows.map(|(o, p, w)| (o, (p, w))).unzip();
    let label_weight = pairs.label_weight().to_vec();
    Pairs::new(own, partner, weight, label_weight).expect("weights come from a checked list")
}
