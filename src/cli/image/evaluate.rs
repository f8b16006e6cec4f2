//! Scoring labelled images with a trained run.

use std::io::Write;

use anyhow::Result;
use candle_mixup::data::Source;
use candle_mixup::image::ImageSet;
use candle_mixup::train::scores;
use candle_mixup::{Error, report};
use serde_json::json;

use super::saved::SavedImages;
use super::task::{Split, labels_of};
use crate::cli::args::EvaluateArgs;
use crate::cli::describe::per_class;
use crate::cli::foreign::refuse_soft;
use crate::cli::settings;

/// Scores an image run.
pub fn evaluate(args: &EvaluateArgs) -> Result<()> {
    refuse_soft("images", &args.columns)?;
    let device = settings::device(&args.machine)?;
    let run = SavedImages::open(&args.run, &device)?;
    let own = &run.settings.data.data;
    let (set, rows) = rows_asked(&run, args)?;
    let data = args.data.as_deref().unwrap_or(own);
    let labels = labels_of(&set)?;
    let source = run.source(set, data)?;
    let scores = scores(&run.model, &source, &labels, &rows)?;
    let mut out = std::io::stdout();
    if args.print.json {
        let result = json!({
            "run": args.run, "data": data, "rows": rows.len(), "test": scores.values,
            "per_class": per_class(&scores, &run.classes),
        });
        writeln!(out, "{}", serde_json::to_string(&result)?)?;
        return Ok(());
    }
    writeln!(out, "{} images\n", rows.len())?;
    writeln!(out, "{}", report::score_table(&scores))?;
    writeln!(out, "{}", report::class_table(&scores, &run.classes))?;
    Ok(())
}

/// The images asked for, and which of them.
pub fn rows_asked(run: &SavedImages, args: &EvaluateArgs) -> Result<(ImageSet, Vec<u32>)> {
    let Some(data) = &args.data else {
        return test_rows(run);
    };
    let (label, header) = (&args.columns.label, args.columns.texts.no_header);
    let options = run.options(data, &args.pictures, label.as_deref(), header);
    let set = ImageSet::read(&Source::parse(data)?, &options)?;
    let rows = match set.test_rows() {
        Some(test) => test.to_vec(),
        None => (0..set.len() as u32).collect(),
    };
    Ok((set, rows))
}

/// The run's own test rows, drawn again from the same data.
fn test_rows(run: &SavedImages) -> Result<(ImageSet, Vec<u32>)> {
    let split = Split::new(&run.settings.data)?;
    if split.set.fingerprint() != run.settings.fingerprint {
        let problem =
            "the data have changed since the run was trained; name the images to score with --data";
        return Err(Error::file(&run.settings.data.data, problem).into());
    }
    Ok((split.set, split.test))
}
