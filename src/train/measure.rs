//! What targets say: how much each class weighs, how they are smoothed, and how often a mixed batch was hit.

use candle_core::{DType, Tensor};

use super::job::Job;
use super::labels::{Labels, TargetKind, largest};
use super::settings::ClassWeights;
use super::tokens::smooth_tokens;
use crate::error::Result;
use crate::targets::{smooth, smooth_by_class};

/// Balanced weights, rows / (classes · count), from the training rows' target mass.
pub(super) fn class_weights<M, S>(job: &Job<'_, M, S>) -> Option<Vec<f32>> {
    match job.settings.class_weights {
        ClassWeights::None => None,
        ClassWeights::Balanced => {
            let counts = job.labels.counts(job.train);
            let total: f64 = counts.iter().sum();
            let weight = |count: &f64| {
                if *count > 0.0 {
                    total / (counts.len() as f64 * count)
                } else {
                    0.0
                }
            };
            Some(counts.iter().map(|count| weight(count) as f32).collect())
        }
    }
}

/// Targets with the schedule's smoothing, which is linear and so may come after mixing.
pub(super) fn smoothed<M, S>(job: &Job<'_, M, S>, mixed: &Tensor) -> Result<Tensor> {
    let scheduler = job.scheduler;
    if let Some(smoothing) = scheduler.class_smoothing() {
        return smooth_by_class(mixed, smoothing.epsilon());
    }
    match (scheduler.smoothing(), job.labels.kind()) {
        (s, TargetKind::SingleLabel) if s > 0.0 => smooth(mixed, s),
        (s, TargetKind::MultiLabel) if s > 0.0 => Ok(mixed.affine(1.0 - s, s / 2.0)?),
        (s, TargetKind::Tags) if s > 0.0 => smooth_tokens(mixed, s, job.labels.outputs()),
        _ => Ok(mixed.clone()),
    }
}

/// λ-weighted accuracy: the mixed target's share at the predicted class, averaged over the outgoing rows, of tags over
/// the target mass of the tokens; `None` for numbers, which are not hit or missed.
pub(super) fn hits(logits: &Tensor, mixed: &Tensor, labels: &Labels) -> Result<Option<f64>> {
    let (kind, outputs) = (labels.kind(), labels.outputs());
    if kind == TargetKind::Regression {
        return Ok(None);
    }
    let flat = |t: &Tensor| {
        t.detach()
            .to_dtype(DType::F32)?
            .flatten_all()?
            .to_vec1::<f32>()
    };
    let (logits, targets) = (flat(logits)?, flat(mixed)?);
    let rows = logits.chunks(outputs).zip(targets.chunks(outputs));
    let hit = |(z, t): (&[f32], &[f32])| match kind {
        TargetKind::SingleLabel | TargetKind::Tags => f64::from(t[largest(z) as usize]),
        TargetKind::MultiLabel | TargetKind::Regression => {
            let miss = |(z, t): (&f32, &f32)| f64::from((t - f32::from(u8::from(*z > 0.0))).abs());
            1.0 - z.iter().zip(t).map(miss).sum::<f64>() / outputs as f64
        }
    };
    let weight = |t: &[f32]| match kind {
        TargetKind::Tags => t.iter().map(|&t| f64::from(t)).sum(),
        _ => 1.0,
    };
    let (all, sum) = rows.fold((0.0, 0.0), |(n, s), (z, t)| {
        (n + weight(t), s + hit((z, t)))
    });
    Ok(Some(if all == 0.0 { 0.0 } else { sum / all }))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::pairs::Pairs;
    use crate::targets::{mix_targets, one_hot};

    #[test]
    fn a_mixed_batch_is_hit_by_the_label_weights() -> Result<()> {
        let pairs = Pairs::new(
            vec![0, 1, 2],
            vec![1, 2, 0],
            vec![0.5; 3],
            vec![0.75, 0.5, 1.0],
        )?;
        let mixed = mix_targets(&one_hot(&[0, 1, 2], 3, &Device::Cpu)?, &pairs)?;
        // Predicted 0, 2 and 1: own at 0.75, partner at 0.5, neither.
        let logits = Tensor::new(&[[9f32, 0., 1.], [0., 1., 2.], [0., 3., 1.]], &Device::Cpu)?;
        let labels = Labels::new(TargetKind::SingleLabel, vec![0.0; 3], 3)?;
        let hit = hits(&logits, &mixed, &labels)?.expect("classes are hit");
        assert!((hit - 1.25 / 3.0).abs() < 1e-6, "{hit}");
        Ok(())
    }

    #[test]
    fn several_labels_are_hit_one_by_one() -> Result<()> {
        let mixed = Tensor::new(&[[1f32, 0.25], [0., 1.]], &Device::Cpu)?;
        let logits = Tensor::new(&[[2f32, -1.], [3., 1.]], &Device::Cpu)?;
        let labels = Labels::new(TargetKind::MultiLabel, vec![0.0; 2], 2)?;
        let hit = hits(&logits, &mixed, &labels)?.expect("labels are hit");
        assert!((hit - (1.0 + 0.75 + 0.0 + 1.0) / 4.0).abs() < 1e-6, "{hit}");
        Ok(())
    }
}
