//! The balanced table, written piece by piece.

use std::ops::Range;

use anyhow::Result;
use candle_mixup::data::Source;
use candle_mixup::oversample::{Made, Rows};
use candle_mixup::table::{
    self, Bounds, Chunk, Extra, ExtraKind, Format, Sink, Values, WriteOptions,
};

use super::args::{BoundsArg, OversampleArgs};
use super::{Out, Run};
use crate::cli::progress::WorkBar;

/// Synthetic rows that are made at once.
const PIECE: usize = 1 << 14;

/// Writes the table and its synthetic rows to where the run says.
pub fn table(run: &Run, bar: &WorkBar) -> Result<()> {
    let rows = run.table.rows()?;
    let at = run
        .removed
        .partition_point(|&r| (r as usize) < run.schema.rows);
    let (removed, rest) = run.removed.split_at(at);
    let options = options(&run.args, removed);
    let pieces = Pieces { run, rows, rest };
    let synthetic = |sink: &mut Sink<'_>| pieces.all(sink);
    let (source, schema) = (&run.source, &run.schema);
    match &run.out {
        Out::File(path) => table::write(path, source, schema, &options, bar, synthetic)?,
        Out::Stdout => {
            let format = match source {
                Source::File(path) => Format::of_path(path)?,
                Source::Shipped(_) => Format::csv(),
            };
            let (mut out, name) = (std::io::stdout(), std::path::Path::new("stdout"));
            table::write_to(
                &mut out, name, format, source, schema, &options, bar, synthetic,
            )?;
        }
    }
    Ok(())
}

/// What is written beside the table's own cells, and which of its rows are not.
pub fn options(args: &OversampleArgs, removed: &[u32]) -> WriteOptions {
    let mut extras = match args.output.provenance {
        true => table::provenance(),
        false => Vec::new(),
    };
    if has_soft_labels(args) {
        extras.push(Extra {
            name: "_shares".into(),
            kind: ExtraKind::Text,
        });
    }
    WriteOptions {
        extras,
        leave_out: removed.to_vec(),
        bounds: bounds(args),
    }
}

/// Within which synthetic numbers are kept.
pub fn bounds(args: &OversampleArgs) -> Bounds {
    match args.distance.bounds {
        BoundsArg::Free => Bounds::Free,
        BoundsArg::Observed => Bounds::Observed,
    }
}

/// Whether the method gives shares of several classes.
fn has_soft_labels(args: &OversampleArgs) -> bool {
    let label = args.method.special.soft_label.as_deref();
    label.is_some_and(|label| label != "own")
}

/// The synthetic rows, class after class, some at a time.
struct Pieces<'a> {
    run: &'a Run,
    rows: Rows<'a, f64>,
    /// Numbers of removed synthetic rows, counted behind the table's rows.
    rest: &'a [u32],
}

impl Pieces<'_> {
    fn all(&self, sink: &mut Sink<'_>) -> candle_mixup::Result<()> {
        let mut before = self.run.schema.rows;
        for made in &self.run.balanced.made {
            let len = made.recipe.len();
            for from in (0..len).step_by(PIECE) {
                self.piece(made, from..len.min(from + PIECE), before, sink)?;
            }
            before += len;
        }
        Ok(())
    }

    fn piece(
        &self,
        made: &Made,
        range: Range<usize>,
        before: usize,
        sink: &mut Sink<'_>,
    ) -> candle_mixup::Result<()> {
        let is_kept = |r: &usize| self.rest.binary_search(&((before + r) as u32)).is_err();
        let kept: Vec<usize> = range.clone().filter(is_kept).collect();
        let mut numbers = made.recipe.numbers(&self.rows, range.clone())?;
        let mut codes = made.recipe.codes(&self.rows, range.clone())?;
        if kept.len() < range.len() {
            numbers = pick(&numbers, self.rows.width(), &kept, range.start);
            codes = pick(&codes, self.rows.categories(), &kept, range.start);
        }
        let pairs = &made.recipe.pairs;
        let own: Vec<u32> = kept.iter().map(|&r| pairs.own()[r]).collect();
        let missing = self
            .run
            .table
            .missing
            .as_ref()
            .map(|m| m.of(&own))
            .transpose()?;
        let origin = |i: u32| self.run.table.rows.get(i as usize).copied();
        let owns: Vec<Option<u32>> = own.iter().map(|&i| origin(i)).collect();
        let partners = kept.iter().map(|&r| origin(pairs.partner()[r]));
        let partners: Vec<Option<u32>> = partners.collect();
        let weights: Vec<f64> = kept.iter().map(|&r| pairs.weight()[r]).collect();
        let mut extras = Vec::new();
        if self.run.args.output.provenance {
            extras.push(Values::Rows(&owns));
            extras.push(Values::Rows(&partners));
            extras.push(Values::Numbers(&weights));
        }
        let shares: Vec<String> = match has_soft_labels(&self.run.args) {
            true => kept.iter().map(|&r| self.shares(made, r)).collect(),
            false => Vec::new(),
        };
        if has_soft_labels(&self.run.args) {
            extras.push(Values::Texts(&shares));
        }
        sink.push(&Chunk {
            numbers: &numbers,
            codes: &codes,
            classes: &vec![made.class; kept.len()],
            missing: missing.as_ref(),
            extras: &extras,
        })
    }

    /// The soft label of a row: a share a class, in the order of the classes.
    fn shares(&self, made: &Made, r: usize) -> String {
        let pairs = &made.recipe.pairs;
        let mut shares = vec![0.0; self.run.names.len()];
        let label_weight = pairs.label_weight()[r];
        let class = |i: u32| self.run.table.classes[i as usize] as usize;
        shares[class(pairs.own()[r])] += label_weight;
        shares[class(pairs.partner()[r])] += 1.0 - label_weight;
        let texts: Vec<String> = shares.iter().map(f64::to_string).collect();
        texts.join(",")
    }
}

/// Some of the rows of a piece that begins with row `first`.
fn pick<T: Copy>(values: &[T], width: usize, kept: &[usize], first: usize) -> Vec<T> {
    let row = |&r: &usize| &values[(r - first) * width..][..width];
    kept.iter().flat_map(row).copied().collect()
}

/// The path of the table, as it is told.
pub fn told(out: &Out) -> String {
    match out {
        Out::File(path) => path.display().to_string(),
        Out::Stdout => "stdout".into(),
    }
}
