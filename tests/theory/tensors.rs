//! The theorems once more through the crate's own tensors, in f32: all ordered pairs are one pair list.

use candle_core::{DType, Device, Tensor};
use candle_mixup::{Blend, Loss, Pairs, Result, mix, mix_targets};

use crate::data::{Data, ROWS, WIDTH};
use crate::least_squares::{distance, ordinary, solved};

const LAMBDA: f64 = 0.7;

/// All ordered pairs at one λ.
fn all_pairs(lambda: f64, label: f64) -> Result<Pairs> {
    let n = ROWS as u32;
    let own: Vec<u32> = (0..n).flat_map(|i| (0..n).map(move |_| i)).collect();
    let partner: Vec<u32> = (0..n).flat_map(|_| 0..n).collect();
    let (weight, label) = (vec![lambda; own.len()], vec![label; own.len()]);
    Pairs::new(own, partner, weight, label)
}

fn tensor(rows: impl Iterator<Item = f64>, width: usize) -> Result<Tensor> {
    let values: Vec<f32> = rows.map(|v| v as f32).collect();
    let rows = values.len() / width;
    Ok(Tensor::from_vec(values, (rows, width), &Device::Cpu)?)
}

/// Least squares on mixed tensors: an intercept and slopes.
fn fitted(data: &Data, pairs: &Pairs) -> Result<Vec<f64>> {
    let x = tensor(data.x.iter().flatten().copied(), WIDTH)?;
    let y = tensor(data.y.iter().copied(), 1)?;
    let x = mix(&x, pairs, &Blend::Linear)?;
    let y = mix_targets(&y, pairs)?;
    let ones = Tensor::ones((pairs.len(), 1), DType::F32, &Device::Cpu)?;
    let all = Tensor::cat(&[&ones, &x, &y], 1)?.to_dtype(DType::F64)?;
    let gram = all.t()?.matmul(&all)?.to_vec2::<f64>()?;
    Ok(solved(gram[..=WIDTH].to_vec()))
}

#[test]
fn both_sides_leave_least_squares_and_own_labels_shrink_it() -> Result<()> {
    let data = Data::new(8, 0.0);
    let plain = ordinary(&data, true);
    let both = fitted(&data, &all_pairs(LAMBDA, LAMBDA)?)?;
    assert!(distance(&both, &plain) < 1e-4, "{both:?} and {plain:?}");
    let own = fitted(&data, &all_pairs(LAMBDA, 1.0)?)?;
    let factor = LAMBDA / (LAMBDA * LAMBDA + (1.0 - LAMBDA) * (1.0 - LAMBDA));
    let shrunk: Vec<f64> = plain.iter().map(|slope| slope * factor).collect();
    assert!(distance(&own, &shrunk) < 1e-4, "{own:?} and {shrunk:?}");
    Ok(())
}

/// At a constant λ the two laws of the reweighting are λ, with probability λ, and 1 − λ.
#[test]
fn mixed_targets_are_own_targets_by_two_weights() -> Result<()> {
    let data = Data::new(9, 0.0);
    let (_, theta) = data.logits(3.0);
    let x = tensor(data.x.iter().flatten().copied(), WIDTH)?;
    let y = tensor(data.classes().into_iter(), 1)?;
    let theta = tensor(theta.into_iter(), 1)?;
    let loss = |lambda: f64, label: f64| -> Result<f64> {
        let pairs = all_pairs(lambda, label)?;
        let logits = mix(&x, &pairs, &Blend::Linear)?.matmul(&theta)?;
        let loss = Loss::BinaryCrossEntropy.of(&logits, &mix_targets(&y, &pairs)?, None)?;
        Ok(f64::from(loss.to_scalar::<f32>()?))
    };
    let two = loss(LAMBDA, LAMBDA)?;
    let one = LAMBDA * loss(LAMBDA, 1.0)? + (1.0 - LAMBDA) * loss(1.0 - LAMBDA, 1.0)?;
    assert!((two / one - 1.0).abs() < 1e-4, "{two} and {one}");
    assert!((two / loss(LAMBDA, 1.0)? - 1.0).abs() > 1e-3);
    Ok(())
}
