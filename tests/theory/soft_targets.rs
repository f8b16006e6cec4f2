//! What mixed targets come to on average: SamplePairing with a label drawn from the two, and label smoothing.
//!
//! ```text
//! a loss affine in the target:  ½ ℓ(p, y_i) + ½ ℓ(p, y_j) = ℓ(p, ½ y_i + ½ y_j)
//! over a uniform partner:       E [λ y_i + (1−λ) y_j | i] = λ y_i + (1−λ) ȳ,   ȳ = the classes' frequencies
//! ```
//!
//! The second is smoothing towards the frequencies by ε = 1 − λ; with balanced classes it is uniform label smoothing.

use candle_core::{DType, Device, Tensor};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::{Loss, Pairs, Result, mix_targets, one_hot, smooth};

use crate::data::normal;

const CLASSES: usize = 3;

/// The targets of some rows, each row as own with every row as partner.
fn mixed_with_all(labels: &[u32], lambda: f64) -> Result<Vec<Vec<f64>>> {
    let n = labels.len() as u32;
    let own: Vec<u32> = (0..n).flat_map(|i| (0..n).map(move |_| i)).collect();
    let partner: Vec<u32> = (0..n).flat_map(|_| 0..n).collect();
    let weight = vec![lambda; own.len()];
    let pairs = Pairs::new(own, partner, weight.clone(), weight)?;
    let targets = mix_targets(&one_hot(labels, CLASSES, &Device::Cpu)?, &pairs)?;
    let by_own = targets.reshape((labels.len(), labels.len(), CLASSES))?;
    Ok(by_own.mean(1)?.to_dtype(DType::F64)?.to_vec2()?)
}

#[test]
fn a_label_drawn_from_the_two_is_their_average_in_expectation() -> Result<()> {
    let mut stream = Stream::new(12, Purpose::Split, 0);
    let logits: Vec<f32> = (0..8 * CLASSES)
        .map(|_| 2.0 * normal(&mut stream) as f32)
        .collect();
    let logits = Tensor::from_vec(logits, (8, CLASSES), &Device::Cpu)?;
    let labels = [0, 2, 1, 1, 0, 2, 2, 0];
    let others: Vec<u32> = labels.iter().rev().copied().collect();
    let targets = |labels: &[u32]| one_hot(labels, CLASSES, &Device::Cpu);
    let loss =
        |t: &Tensor| -> Result<f32> { Ok(Loss::CrossEntropy.of(&logits, t, None)?.to_scalar()?) };
    let drawn = 0.5 * loss(&targets(&labels)?)? + 0.5 * loss(&targets(&others)?)?;
    let averaged = loss(&((targets(&labels)? + targets(&others)?)? * 0.5)?)?;
    assert!((drawn - averaged).abs() < 1e-5, "{drawn} and {averaged}");
    assert!((loss(&targets(&labels)?)? - averaged).abs() > 1e-3);
    Ok(())
}

#[test]
fn averaged_over_partners_mixing_smooths_towards_the_frequencies() -> Result<()> {
    let labels = [0, 0, 0, 1, 1, 2];
    let frequencies = [0.5, 1.0 / 3.0, 1.0 / 6.0];
    for (row, label) in mixed_with_all(&labels, 0.7)?.iter().zip(labels) {
        for (class, (target, frequency)) in row.iter().zip(frequencies).enumerate() {
            let own = f64::from(u8::from(class == label as usize));
            assert!((target - (0.7 * own + 0.3 * frequency)).abs() < 1e-6);
        }
    }
    Ok(())
}

#[test]
fn with_balanced_classes_that_is_label_smoothing() -> Result<()> {
    let labels = [0, 1, 2, 2, 1, 0];
    let smoothed = smooth(&one_hot(&labels, CLASSES, &Device::Cpu)?, 0.3)?;
    let smoothed: Vec<Vec<f64>> = smoothed.to_dtype(DType::F64)?.to_vec2()?;
    let mixed = mixed_with_all(&labels, 0.7)?;
    let off = mixed.iter().flatten().zip(smoothed.iter().flatten());
    assert!(off.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) < 1e-6);
    Ok(())
}
