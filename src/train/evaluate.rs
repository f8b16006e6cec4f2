//! A model's word on rows: logits, probabilities, scores.

use candle_core::{DType, Tensor};

use super::labels::{Labels, TargetKind};
use super::tokens::tag_scores;
use crate::error::Result;
use crate::metrics::{Scores, classification, multi_label, regression};
use crate::source::RowSource;
use crate::tap::Tapped;

/// Rows of one forward pass without gradients.
const BATCH: usize = 64;

/// The plain model's logits of `rows`, flat and in the order of `rows`. Rows of similar size run together.
///
/// # Errors
/// Candle's.
pub fn logits<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    rows: &[u32],
) -> Result<Vec<f32>> {
    let mut all = Vec::new();
    in_batches(model, source, rows, |places, out| {
        let outputs = out.dim(1)?;
        all.resize(rows.len() * outputs, 0.0);
        let values = out.flatten_all()?.to_vec1::<f32>()?;
        for (&place, row) in places.iter().zip(values.chunks(outputs)) {
            all[place * outputs..][..outputs].copy_from_slice(row);
        }
        Ok(())
    })?;
    Ok(all)
}

/// Runs the plain model on batches of rows of similar size, and hands on each one's places in `rows` and its logits.
pub(super) fn in_batches<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    rows: &[u32],
    mut take: impl FnMut(&[usize], Tensor) -> Result<()>,
) -> Result<()> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&i| source.size(rows[i]));
    for places in order.chunks(BATCH) {
        let batch: Vec<u32> = places.iter().map(|&i| rows[i]).collect();
        let out = model.forward(&source.batch(&batch)?, &mut ())?;
        take(places, out.to_dtype(DType::F32)?)?;
    }
    Ok(())
}

/// Probabilities from flat logits: softmax over the outputs, or a sigmoid each, in f64 and rounded once. Numbers are
/// what they are.
pub fn probabilities(logits: &[f32], outputs: usize, kind: TargetKind) -> Vec<f32> {
    match kind {
        TargetKind::SingleLabel | TargetKind::Tags => {
            logits.chunks(outputs).flat_map(softmax).collect()
        }
        TargetKind::MultiLabel => logits
            .iter()
            .map(|&z| (1.0 / (1.0 + (-f64::from(z)).exp())) as f32)
            .collect(),
        TargetKind::Regression => logits.to_vec(),
    }
}

fn softmax(row: &[f32]) -> Vec<f32> {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = row.iter().map(|&z| f64::from(z - most).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|p| (p / sum) as f32).collect()
}

/// The scores of `rows`, whose labels are `labels`; of numbers in their own units.
///
/// # Errors
/// Candle's, and [`crate::Error::Data`] where nothing can be scored.
pub fn scores<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    labels: &Labels,
    rows: &[u32],
) -> Result<Scores> {
    if labels.kind() == TargetKind::Tags {
        return tag_scores(model, source, labels, rows);
    }
    let outputs = labels.outputs();
    let probabilities = probabilities(&logits(model, source, rows)?, outputs, labels.kind());
    let probabilities = labels.corrected(probabilities)?;
    match labels.kind() {
        TargetKind::SingleLabel | TargetKind::Tags => {
            classification(&probabilities, &labels.gather(rows), outputs)
        }
        TargetKind::MultiLabel => multi_label(&probabilities, &labels.gather(rows), outputs),
        TargetKind::Regression => {
            let targets = labels.in_units(&labels.gather(rows));
            regression(&labels.in_units(&probabilities), &targets, outputs)
        }
    }
}
