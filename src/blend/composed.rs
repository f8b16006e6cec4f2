//! The weighted sum of two rows composed of Candle's own operations, for devices without a kernel of ours.
//!
//! Three operations more than the fused form, and Candle keeps a gradient for the weights too; the numbers are the same.

use candle_core::{DType, Tensor};

use crate::error::Result;
use crate::pairs::Pairs;

/// Mixes on any device; `pairs` are checked against `x`, and rows that are only copied have weight 1.
pub(super) fn mix(x: &Tensor, pairs: &Pairs) -> Result<Tensor> {
    let wide = match x.dtype() {
        DType::F64 => DType::F64,
        _ => DType::F32,
    };
    let rows = x.contiguous()?.to_dtype(wide)?;
    let own = select(&rows, pairs.own())?;
    let partner = select(&rows, pairs.partner())?;
    let rest: Vec<f64> = pairs.weight().iter().map(|w| 1.0 - w).collect();
    let mixed = own
        .broadcast_mul(&column(pairs.weight(), &own)?)?
        .add(&partner.broadcast_mul(&column(&rest, &own)?)?)?;
    Ok(keep_copies(&own, mixed, pairs)?.to_dtype(x.dtype())?)
}

/// Rows `ids` of `rows`.
pub(super) fn select(rows: &Tensor, ids: &[u32]) -> Result<Tensor> {
    let ids = Tensor::from_slice(ids, ids.len(), rows.device())?;
    Ok(rows.index_select(&ids, 0)?)
}

/// One value a row, shaped `[rows, 1, ...]` to be broadcast over `like`.
pub(super) fn column(values: &[f64], like: &Tensor) -> Result<Tensor> {
    let mut dims = vec![1; like.rank()];
    dims[0] = values.len();
    // Narrowed on the host: not every device has f64.
    let values = Tensor::from_slice(values, dims, &candle_core::Device::Cpu)?;
    Ok(values.to_dtype(like.dtype())?.to_device(like.device())?)
}

/// Takes rows of weight 1 from `own` itself: 1·x + 0·x is not x where x is infinite.
pub(super) fn keep_copies(own: &Tensor, mixed: Tensor, pairs: &Pairs) -> Result<Tensor> {
    let copied: Vec<u8> = pairs.weight().iter().map(|&w| u8::from(w == 1.0)).collect();
    if !copied.contains(&1) {
        return Ok(mixed);
    }
    let mut dims = vec![1; own.rank()];
    dims[0] = copied.len();
    let copied = Tensor::from_vec(copied, dims, own.device())?.broadcast_as(own.shape())?;
    Ok(copied.where_cond(own, &mixed)?)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::blend::{linear, settle};
    use crate::random::{Purpose, Stream};

    const DTYPES: [DType; 4] = [DType::F32, DType::F64, DType::F16, DType::BF16];

    fn lists() -> Vec<Pairs> {
        let list = |own: &[u32], partner: &[u32], weight: &[f64]| {
            Pairs::new(
                own.to_vec(),
                partner.to_vec(),
                weight.to_vec(),
                weight.to_vec(),
            )
            .expect("a list")
        };
        vec![
            list(&[0, 1, 2, 3], &[2, 3, 1, 0], &[0.3, 0.71, 0.5, 0.9]),
            list(&[0, 1, 2, 3], &[1, 0, 2, 0], &[1.0, 0.0, 0.4, 0.2]),
            list(&[3, 3], &[1, 1], &[0.25, 0.6]),
            list(
                &[0, 1, 2, 3, 0, 1, 2],
                &[0, 1, 2, 3, 1, 1, 1],
                &[1., 1., 1., 1., 0.1, 0.2, 0.3],
            ),
        ]
    }

    /// Rows with infinities of both signs in row 2 where `wild`.
    fn rows(dtype: DType, wild: bool) -> Tensor {
        let mut stream = Stream::new(1, Purpose::Weight, 0);
        let mut values: Vec<f64> = (0..4 * 3 * 5).map(|_| 8.0 * stream.unit() - 4.0).collect();
        if wild {
            values[30] = f64::INFINITY;
            values[31] = f64::NEG_INFINITY;
            values[32] = -0.0;
        }
        let x = Tensor::from_vec(values, (4, 3, 5), &Device::Cpu).expect("rows");
        x.to_dtype(dtype).expect("float to float")
    }

    fn bits(x: &Tensor) -> Vec<u64> {
        let wide = x.to_dtype(DType::F64).expect("widened");
        let values = wide
            .flatten_all()
            .and_then(|x| x.to_vec1::<f64>())
            .expect("values");
        values.into_iter().map(f64::to_bits).collect()
    }

    #[test]
    fn both_forms_have_the_same_bits() {
        for dtype in DTYPES {
            for pairs in lists().iter().map(settle) {
                let x = rows(dtype, false);
                let one = linear::mix(&x, &pairs).expect("fused");
                let other = mix(&x, &pairs).expect("composed");
                assert_eq!(one.dtype(), dtype);
                assert_eq!(one.dims(), [pairs.len(), 3, 5]);
                assert_eq!(bits(&one), bits(&other), "{dtype:?}\n{pairs}");
            }
        }
    }

    #[test]
    fn both_forms_copy_rows_of_weight_0_and_1_whatever_stands_in_them() {
        for dtype in DTYPES {
            let x = rows(dtype, true);
            let pairs = Pairs::new(
                vec![0, 1, 2, 2],
                vec![2, 2, 0, 2],
                vec![1.0, 0.0, 1.0, 0.4],
                vec![1.0; 4],
            )
            .map(|p| settle(&p))
            .expect("a list");
            let expected = [0u32, 2, 2, 2];
            let expected = x
                .index_select(&Tensor::new(&expected, &Device::Cpu).expect("ids"), 0)
                .expect("rows");
            for mixed in [linear::mix(&x, &pairs), mix(&x, &pairs)] {
                assert_eq!(bits(&mixed.expect("mixed")), bits(&expected), "{dtype:?}");
            }
        }
    }

    #[test]
    fn both_forms_have_the_same_gradient() {
        for (dtype, bound) in [(DType::F64, 1e-14), (DType::F32, 1e-6), (DType::F16, 4e-3)] {
            for pairs in lists().iter().map(settle) {
                let x = Var::from_tensor(&rows(dtype, false)).expect("a variable");
                let gradient = |mixed: Tensor| {
                    let loss = mixed.sqr().and_then(|s| s.sum_all()).expect("a loss");
                    let gradients = loss.backward().expect("gradients");
                    let gradient = gradients.get(&x).expect("it reaches x").clone();
                    bits(&gradient).into_iter().map(f64::from_bits)
                };
                let one = gradient(linear::mix(&x, &pairs).expect("fused"));
                let other = gradient(mix(&x, &pairs).expect("composed"));
                for (a, b) in one.zip(other) {
                    assert!((a - b).abs() <= bound * (1.0 + b.abs()), "{a} {b}\n{pairs}");
                }
            }
        }
    }
}
