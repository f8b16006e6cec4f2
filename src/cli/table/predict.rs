//! `mixup predict` for a table run: what it tells of every row of a file.

use std::io::Write;

use anyhow::Result;
use candle_mixup::data::Source;
use serde_json::{Map, json};

use super::like::{Told, read_like, with};
use super::saved::SavedTable;
use super::score::Said;
use crate::cli::args::PredictArgs;
use crate::cli::foreign::{refuse_pictures, refuse_texts};
use crate::cli::predict::{Form, to_output, write_csv};
use crate::cli::progress::Bars;
use crate::cli::settings;

/// Rows that are told together.
const CHUNK: usize = 8192;

/// Labels a file with a table run.
pub fn predict(args: &PredictArgs) -> Result<()> {
    refuse_pictures("a table", &args.pictures)?;
    refuse_texts("a table", &args.columns)?;
    let run = SavedTable::open(&args.run, &settings::device(&args.machine)?)?;
    let source = Source::parse(&args.data)?;
    let columns = with(&run.settings.table.columns, None, args.columns.no_header);
    let in_file = Default::default();
    let data = read_like(&source, &columns, &run.encoder, &in_file, Told::No, &())?;
    let (encoded, seen) = run.encoder.encode(&data)?;
    seen.notes()
        .iter()
        .for_each(|note| eprintln!("note: {note}"));
    let bars = Bars::new(args.quiet);
    to_output(args, |form, out| {
        let bar = bars.bar(encoded.len as u64, "rows", "predict");
        let names = run.config.names();
        if form == Form::Plain {
            head(out, &run, &names)?;
        }
        let all: Vec<u32> = (0..encoded.len as u32).collect();
        for rows in all.chunks(CHUNK) {
            write_rows(out, form, &names, rows, &run.say(&encoded, rows)?)?;
            bar.inc(rows.len() as u64);
        }
        bar.finish_and_clear();
        Ok(out.flush()?)
    })
}

fn head(out: &mut dyn Write, run: &SavedTable, names: &[String]) -> Result<()> {
    let tells_numbers = run.config.scale.is_some();
    let first: &[&str] = if tells_numbers {
        &["row"]
    } else {
        &["row", "label", "probability"]
    };
    let first = first.iter().copied();
    write_csv(out, first.chain(names.iter().map(String::as_str)))
}

fn write_rows(
    out: &mut dyn Write,
    form: Form,
    names: &[String],
    rows: &[u32],
    said: &Said,
) -> Result<()> {
    let (all, is_class): (Vec<f64>, bool) = match said {
        Said::Values(all) => (all.clone(), false),
        // As they were computed, in 32 bits: no digits beyond them.
        Said::Probabilities(all) | Said::Order(all) => (all.iter().map(short).collect(), true),
    };
    for (&row, values) in rows.iter().zip(all.chunks(names.len())) {
        let most = |best: usize, i: usize| if values[i] > values[best] { i } else { best };
        let best = (1..values.len()).fold(0, most);
        match form {
            Form::Plain => {
                let mut cells = vec![row.to_string()];
                if is_class {
                    cells.extend([names[best].clone(), values[best].to_string()]);
                }
                write_csv(
                    out,
                    cells.into_iter().chain(values.iter().map(f64::to_string)),
                )?;
            }
            Form::JsonLines => {
                let named: Map<_, _> = names
                    .iter()
                    .cloned()
                    .zip(values.iter().map(|v| json!(v)))
                    .collect();
                let object = match is_class {
                    true => json!({
                        "row": row, "label": names[best], "probability": values[best],
                        "probabilities": named,
                    }),
                    false => json!({ "row": row, "values": named }),
                };
                writeln!(out, "{object}")?;
            }
        }
    }
    Ok(())
}

/// The number of 64 bits that is written like this one of 32.
fn short(x: &f32) -> f64 {
    x.to_string().parse().unwrap_or(f64::from(*x))
}
