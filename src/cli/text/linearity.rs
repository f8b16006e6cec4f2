//! A text run, measured.

use anyhow::Result;
use candle_mixup::report::RunLinearity;
use candle_mixup::text::TextSource;
use candle_mixup::train::Labels;

use super::evaluate::{other_rows, test_rows};
use super::saved::SavedRun;
use crate::cli::args::EvaluateArgs;
use crate::cli::foreign::refuse_pictures;
use crate::cli::linearity::{Probe, Rows};
use crate::cli::settings;

/// Measures a text run.
pub fn linearity(args: &EvaluateArgs, probe: &mut Probe) -> Result<RunLinearity> {
    refuse_pictures("texts", &args.pictures)?;
    let device = settings::device(&args.machine)?;
    let run = SavedRun::open(&args.run, &device)?;
    let (corpus, rows) = match &args.data {
        None => test_rows(&run)?,
        Some(data) => other_rows(&run, data, args)?,
    };
    let texts = run.tokenizer.encode(corpus.texts(), corpus.pairs())?;
    let source = TextSource::new(texts.into(), device);
    let labels = Labels::new(run.kind, corpus.targets().to_vec(), run.classes.len())?;
    let rows = Rows {
        fingerprint: corpus.fingerprint(),
        classes: labels.classes_of(&rows),
        kind: run.kind,
        rows,
    };
    probe.measure(&args.run, &run.built.model, &source, &rows)
}
