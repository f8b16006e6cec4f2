//! A table run, measured.

use anyhow::Result;
use candle_mixup::report::RunLinearity;

use super::evaluate::rows_asked;
use super::saved::SavedTable;
use super::task::Kind;
use crate::cli::args::EvaluateArgs;
use crate::cli::foreign::{refuse_pictures, refuse_soft};
use crate::cli::linearity::{Probe, Rows};
use crate::cli::settings;

/// Measures a table run.
pub fn linearity(args: &EvaluateArgs, probe: &mut Probe) -> Result<RunLinearity> {
    refuse_pictures("a table", &args.pictures)?;
    refuse_soft("a table", &args.columns)?;
    let run = SavedTable::open(&args.run, &settings::device(&args.machine)?)?;
    let (encoded, seen, rows, truth) = rows_asked(&run, args)?;
    if !args.print.quiet {
        seen.iter().for_each(|note| eprintln!("note: {note}"));
    }
    let s = &run.settings;
    let own = || {
        std::iter::once(s.fingerprint.as_str())
            .chain(s.other_fingerprints.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let rows = Rows {
        fingerprint: args.data.clone().unwrap_or_else(own),
        kind: truth.kind.target(),
        classes: (truth.kind != Kind::Values).then_some(truth.classes),
        rows,
    };
    probe.measure(&args.run, run.model(), &run.source(&encoded), &rows)
}
