//! An image run, measured.

use anyhow::Result;
use candle_mixup::report::RunLinearity;
use candle_mixup::train::TargetKind;

use super::evaluate::rows_asked;
use super::saved::SavedImages;
use super::task::labels_of;
use crate::cli::args::EvaluateArgs;
use crate::cli::foreign::refuse_soft;
use crate::cli::linearity::{Probe, Rows};
use crate::cli::settings;

/// Measures an image run.
pub fn linearity(args: &EvaluateArgs, probe: &mut Probe) -> Result<RunLinearity> {
    refuse_soft("images", &args.columns)?;
    let device = settings::device(&args.machine)?;
    let run = SavedImages::open(&args.run, &device)?;
    let (set, rows) = rows_asked(&run, args)?;
    let data = args.data.as_deref().unwrap_or(&run.settings.data.data);
    let rows = Rows {
        fingerprint: set.fingerprint(),
        classes: labels_of(&set)?.classes_of(&rows),
        kind: TargetKind::SingleLabel,
        rows,
    };
    let source = run.source(set, data)?;
    probe.measure(&args.run, &run.model, &source, &rows)
}
