//! Labelling new images with a trained run.

use std::io::Write;

use anyhow::Result;
use candle_mixup::data::Source;
use candle_mixup::image::{ImageOptions, ImageSet, ImageSource};
use candle_mixup::train::{TargetKind, logits, probabilities};
use serde_json::{Map, json};

use super::saved::SavedImages;
use crate::cli::args::PredictArgs;
use crate::cli::foreign::refuse_texts;
use crate::cli::predict::{CHUNK, Form, to_output, write_csv};
use crate::cli::progress::Bars;
use crate::cli::settings;

/// Labels images.
pub fn predict(args: &PredictArgs) -> Result<()> {
    refuse_texts("images", &args.columns)?;
    let device = settings::device(&args.machine)?;
    let run = SavedImages::open(&args.run, &device)?;
    let options = ImageOptions {
        classes: None,
        ..run.options(&args.data, &args.pictures, None, args.columns.no_header)
    };
    let set = ImageSet::read_unlabelled(&Source::parse(&args.data)?, &options)?;
    for left_out in set.skipped() {
        eprintln!("note: left out: {left_out}");
    }
    let source = run.source(set, &args.data)?;
    let bars = Bars::new(args.quiet);
    to_output(args, |form, out| {
        let all: Vec<u32> = (0..source.set().len() as u32).collect();
        let bar = bars.bar(all.len() as u64, "images", "predict");
        if form == Form::Plain {
            let head = ["row", "image", "label", "probability"].into_iter();
            write_csv(out, head.chain(run.classes.iter().map(String::as_str)))?;
        }
        for rows in all.chunks(CHUNK) {
            write_rows(&run, &source, rows, form, out)?;
            bar.inc(rows.len() as u64);
        }
        bar.finish_and_clear();
        Ok(out.flush()?)
    })
}

fn write_rows(
    run: &SavedImages,
    source: &ImageSource,
    rows: &[u32],
    form: Form,
    out: &mut dyn Write,
) -> Result<()> {
    let width = run.classes.len();
    let logits = logits(&run.model, source, rows)?;
    let shares = probabilities(&logits, width, TargetKind::SingleLabel);
    for (&row, shares) in rows.iter().zip(shares.chunks(width)) {
        let most = |best: usize, i: usize| if shares[i] > shares[best] { i } else { best };
        let best = (1..width).fold(0, most);
        let (name, label) = (source.set().name(row), &run.classes[best]);
        match form {
            Form::Plain => {
                let head = [
                    row.to_string(),
                    name,
                    label.clone(),
                    shares[best].to_string(),
                ];
                let all = head.into_iter().chain(shares.iter().map(f32::to_string));
                write_csv(out, all)?;
            }
            Form::JsonLines => {
                let named = run
                    .classes
                    .iter()
                    .cloned()
                    .zip(shares.iter().map(|s| json!(s)));
                let object = json!({
                    "row": row, "image": name, "label": label, "probability": shares[best],
                    "probabilities": named.collect::<Map<_, _>>(),
                });
                writeln!(out, "{object}")?;
            }
        }
    }
    Ok(())
}
