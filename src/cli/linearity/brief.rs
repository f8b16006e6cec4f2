//! The short measurement that every run of `train` and `compare` gets.

use anyhow::Result;
use candle_mixup::linearity::{Linearity, LinearitySettings, RowPairs, linearity};
use candle_mixup::train::TargetKind;
use candle_mixup::{RowSource, Tapped};

/// Training rows whose fit is measured, at most.
pub const FIT_ROWS: usize = 512;

/// Measures a trained model between random pairs of its test rows: the same pairs for every arm and seed of a command.
/// `None` for fewer than two rows.
pub fn brief<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    kind: TargetKind,
    test: &[u32],
    fit: Option<f64>,
) -> Result<Option<Linearity>> {
    if test.len() < 2 {
        return Ok(None);
    }
    let settings = LinearitySettings::brief();
    let pairs = RowPairs::random(test, settings.pairs, settings.seed)?;
    let found = linearity(model, source, &pairs, kind, &settings)?;
    Ok(Some(Linearity { fit, ..found }))
}

/// The training rows whose fit is measured: all, or spread evenly over them.
pub fn fit_rows(train: &[u32]) -> Vec<u32> {
    let n = train.len().min(FIT_ROWS);
    (0..n).map(|i| train[i * train.len() / n]).collect()
}
