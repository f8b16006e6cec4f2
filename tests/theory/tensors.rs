//! The theorems once more through the crate's own tensors, in f32: all ordered pairs are one pair list. Formulas and
//! sources are those of `linear_models` and `reweighting`.
//!
//! Least squares and the squared loss see no more of a law of λ than its first two moments, so that the two values
//! E λ ± √Var λ, each with probability ½, stand for any law, Beta(0.2, 0.2) too, which no quadrature here reaches.

use candle_core::{DType, Device, Tensor};
use candle_mixup::{Blend, Loss, Pairs, Result, mix, mix_targets};

use crate::data::{Data, ROWS, WIDTH, dot, mean};
use crate::least_squares::{distance, ordinary, solved};
use crate::quadrature::{Moments, beta};

/// All ordered pairs at one λ, own included.
pub fn all_pairs(lambda: f64, label: f64) -> Result<Pairs> {
    let n = ROWS as u32;
    let own: Vec<u32> = (0..n).flat_map(|i| (0..n).map(move |_| i)).collect();
    let partner: Vec<u32> = (0..n).flat_map(|_| 0..n).collect();
    let (weight, label) = (vec![lambda; own.len()], vec![label; own.len()]);
    Pairs::new(own, partner, weight, label)
}

pub fn tensor(rows: impl Iterator<Item = f64>, width: usize) -> Result<Tensor> {
    let values: Vec<f32> = rows.map(|v| v as f32).collect();
    let rows = values.len() / width;
    Ok(Tensor::from_vec(values, (rows, width), &Device::Cpu)?)
}

/// The normal equations of mixed tensors: a row each for the intercept and the slopes, the right side last.
fn equations(data: &Data, pairs: &Pairs) -> Result<Vec<Vec<f64>>> {
    let x = tensor(data.x.iter().flatten().copied(), WIDTH)?;
    let y = tensor(data.y.iter().copied(), 1)?;
    let x = mix(&x, pairs, &Blend::Linear)?;
    let y = mix_targets(&y, pairs)?;
    let ones = Tensor::ones((pairs.len(), 1), DType::F32, &Device::Cpu)?;
    let all = Tensor::cat(&[&ones, &x, &y], 1)?.to_dtype(DType::F64)?;
    let products = all.t()?.matmul(&all)?.to_vec2::<f64>()?;
    Ok(products[..=WIDTH].to_vec())
}

/// Least squares in expectation over λ, with targets mixed by `label` of λ.
fn fitted(data: &Data, law: Moments, label: fn(f64) -> f64) -> Result<Vec<f64>> {
    let mut sums = vec![vec![0.0; WIDTH + 2]; WIDTH + 1];
    for (lambda, p) in law.two_values() {
        let part = equations(data, &all_pairs(lambda, label(lambda))?)?;
        let cells = sums.iter_mut().flatten().zip(part.iter().flatten());
        cells.for_each(|(sum, v)| *sum += p * v);
    }
    Ok(solved(sums))
}

#[test]
fn both_sides_leave_least_squares_and_own_labels_shrink_it() -> Result<()> {
    let data = Data::new(8, 0.0);
    let plain = ordinary(&data, true);
    let laws = [
        (Moments::beta(0.2), 0.583333),
        (Moments::beta(1.0), 0.75),
        (Moments::beta(2.0), 0.833333),
        (Moments::constant(0.5), 1.0),
        (Moments::constant(0.7), 1.206897),
        (Moments::constant(0.3), 0.517241),
    ];
    for (law, factor) in laws {
        let both = fitted(&data, law, |lambda| lambda)?;
        assert!(distance(&both, &plain) < 1e-4, "{factor}: {both:?}");
        let own = fitted(&data, law, |_| 1.0)?;
        let shrunk: Vec<f64> = plain.iter().map(|slope| slope * factor).collect();
        assert!(distance(&own, &shrunk) < 1e-4, "{factor}: {own:?}");
    }
    Ok(())
}

/// The crate's loss of linear scores on mixed rows, in expectation over λ.
fn expected(
    loss: Loss,
    (x, y, theta): (&Tensor, &Tensor, &Tensor),
    law: &[(f64, f64)],
    label: fn(f64) -> f64,
) -> Result<f64> {
    let mut sum = 0.0;
    for &(lambda, p) in law {
        let pairs = all_pairs(lambda, label(lambda))?;
        let scores = mix(x, &pairs, &Blend::Linear)?.matmul(theta)?;
        let value = loss.of(&scores, &mix_targets(y, &pairs)?, None)?;
        sum += p * f64::from(value.to_scalar::<f32>()?);
    }
    Ok(sum)
}

#[test]
fn the_expected_squared_error_is_that_of_the_residuals() -> Result<()> {
    // Targets around 3, scores around 0: the mean of the residuals matters.
    let mut data = Data::new(2, 0.0);
    data.y.iter_mut().for_each(|y| *y += 3.0);
    let slopes = [0.5; WIDTH];
    let x = tensor(data.x.iter().flatten().copied(), WIDTH)?;
    let y = tensor(data.y.iter().copied(), 1)?;
    let theta = tensor(slopes.into_iter(), 1)?;
    let residual = |r: usize| data.y[r] - dot(&data.x[r], &slopes);
    let square = mean((0..ROWS).map(|r| residual(r).powi(2)));
    let all = mean((0..ROWS).map(residual)).powi(2);
    for alpha in [0.2, 1.0, 2.0] {
        let law = Moments::beta(alpha).two_values();
        let found = expected(Loss::SquaredError, (&x, &y, &theta), &law, |l| l)?;
        let n = 2.0 * alpha + 1.0;
        let formula = (alpha + 1.0) / n * square + alpha / n * all;
        assert!((found / formula - 1.0).abs() < 1e-4, "alpha {alpha}");
    }
    Ok(())
}

#[test]
fn mixed_targets_are_own_targets_by_another_law() -> Result<()> {
    let data = Data::new(9, 0.0);
    let x = tensor(data.x.iter().flatten().copied(), WIDTH)?;
    let y = tensor(data.classes().into_iter(), 1)?;
    let theta = tensor(data.logits(3.0).1.into_iter(), 1)?;
    let loss = |(a, b): (f64, f64), label: fn(f64) -> f64| {
        expected(
            Loss::BinaryCrossEntropy,
            (&x, &y, &theta),
            &beta(a, b),
            label,
        )
    };
    for (a, b) in [(1.0, 1.0), (2.0, 2.0), (8.0, 8.0), (2.0, 3.0)] {
        let two = loss((a, b), |lambda| lambda)?;
        let (own, other) = (loss((a + 1.0, b), |_| 1.0)?, loss((b + 1.0, a), |_| 1.0)?);
        let one = a / (a + b) * own + b / (a + b) * other;
        assert!((two / one - 1.0).abs() < 1e-4, "({a}, {b}): {two}, {one}");
        assert!((two / loss((a, b), |_| 1.0)? - 1.0).abs() > 1e-3);
    }
    Ok(())
}
