//! The balanced table, written piece by piece.

use std::io::Write;
use std::ops::Range;

use anyhow::Result;
use candle_mixup::files::Failure;
use candle_mixup::oversample::{Made, Recipe, Rows};
use candle_mixup::table::{Extra, ExtraKind, Format, Output, Synthetic, Values};

use super::args::BoundsArg;
use super::work::Bar;
use super::{Out, Run};

/// Synthetic rows that are made at once.
const PIECE: usize = 1 << 14;

/// Writes the table and its synthetic rows to where the run says.
pub fn table(run: &Run, bar: &Bar) -> Result<()> {
    let rows = run.table.rows()?;
    let extras = extras(run);
    let (removed, rest) = {
        let at = run
            .removed
            .partition_point(|&r| (r as usize) < run.schema.rows);
        run.removed.split_at(at)
    };
    let output = Output {
        source: &run.source,
        options: &run.options,
        schema: &run.schema,
        extras: &extras,
        removed,
        progress: bar,
    };
    let total = run.schema.rows + run.balanced.len();
    candle_mixup::oversample::Progress::begin(bar, "writing", total as u64);
    let mut pieces = Pieces::new(run, rows, rest);
    let mut next = || pieces.next_piece();
    match &run.out {
        Out::File(path) => output.write_file(path, &mut next)?,
        Out::Stdout => {
            let format = match Format::of_source(&run.source)? {
                Format::Text(delimiter) => Format::Text(delimiter),
                _ => Format::Text(b','),
            };
            let mut out = std::io::BufWriter::new(std::io::stdout());
            match output.write(&mut out, format, &mut next) {
                Ok(()) => out.flush()?,
                Err(Failure::Io(e)) => return Err(e.into()),
                Err(Failure::Other(e)) => return Err(e.into()),
            }
        }
    }
    Ok(())
}

/// The columns that are added.
fn extras(run: &Run) -> Vec<Extra> {
    let extra = |name, kind, original| Extra {
        name,
        kind,
        original,
    };
    let mut extras = Vec::new();
    if run.args.output.provenance {
        extras.push(extra("_synthetic", ExtraKind::Integer, Some(0)));
        extras.push(extra("_own", ExtraKind::Integer, None));
        extras.push(extra("_partner", ExtraKind::Integer, None));
        extras.push(extra("_weight", ExtraKind::Real, None));
    }
    if run.has_soft_labels() {
        extras.push(extra("_shares", ExtraKind::Text, None));
    }
    extras
}

/// The synthetic rows, class after class, some at a time.
struct Pieces<'a> {
    run: &'a Run,
    rows: Rows<'a, f64>,
    /// Numbers of removed rows, counted behind the table's rows.
    removed: &'a [u32],
    class: usize,
    from: usize,
    before: usize,
    bounds: Option<Vec<(f64, f64)>>,
}

impl<'a> Pieces<'a> {
    fn new(run: &'a Run, rows: Rows<'a, f64>, removed: &'a [u32]) -> Self {
        let within = || {
            let moments = run.schema.numbers().filter_map(|c| c.moments);
            moments.map(|m| (m.min, m.max)).collect()
        };
        Self {
            run,
            rows,
            removed,
            class: 0,
            from: 0,
            before: run.schema.rows,
            bounds: (run.args.distance.bounds == BoundsArg::Observed).then(within),
        }
    }

    fn next_piece(&mut self) -> candle_mixup::Result<Option<Synthetic>> {
        let Some(made) = self.run.balanced.made.get(self.class) else {
            return Ok(None);
        };
        let range = self.from..made.recipe.len().min(self.from + PIECE);
        let piece = self.piece(made, range.clone())?;
        self.from = range.end;
        if self.from == made.recipe.len() {
            self.before += made.recipe.len();
            (self.class, self.from) = (self.class + 1, 0);
        }
        Ok(Some(piece))
    }

    fn piece(&self, made: &Made, range: Range<usize>) -> candle_mixup::Result<Synthetic> {
        let kept: Vec<usize> = range
            .clone()
            .filter(|r| {
                self.removed
                    .binary_search(&((self.before + r) as u32))
                    .is_err()
            })
            .collect();
        let mut numbers = made.recipe.numbers(&self.rows, range.clone())?;
        let mut codes = made.recipe.codes(&self.rows, range.clone())?;
        if kept.len() < range.len() {
            let (width, categories) = (self.rows.width(), self.rows.categories());
            let pick = |r: &usize| r - range.start;
            numbers = kept
                .iter()
                .map(pick)
                .flat_map(|r| numbers[r * width..][..width].to_vec())
                .collect();
            codes = kept
                .iter()
                .map(pick)
                .flat_map(|r| codes[r * categories..][..categories].to_vec())
                .collect();
        }
        if let Some(bounds) = self.bounds.as_ref().filter(|b| !b.is_empty()) {
            for row in numbers.chunks_exact_mut(bounds.len()) {
                row.iter_mut()
                    .zip(bounds)
                    .for_each(|(x, (low, high))| *x = x.clamp(*low, *high));
            }
        }
        Ok(Synthetic {
            rows: kept.len(),
            class: made.class,
            numbers,
            codes,
            missing: self.missing(&made.recipe, &kept),
            extras: self.extras(made, &kept),
        })
    }

    /// Missing cells are those of the row that is copied.
    fn missing(&self, recipe: &Recipe, kept: &[usize]) -> Vec<(u32, u32)> {
        let all = &self.run.table.missing;
        let of = |own: u32| {
            let begin = all.partition_point(|m| m.0 < own);
            all[begin..].iter().take_while(move |m| m.0 == own)
        };
        let rows = (0u32..).zip(kept);
        rows.flat_map(|(i, &r)| of(recipe.pairs.own()[r]).map(move |m| (i, m.1)))
            .collect()
    }

    fn extras(&self, made: &Made, kept: &[usize]) -> Vec<Values> {
        let pairs = &made.recipe.pairs;
        let origin = |i: u32| {
            self.run
                .table
                .origin
                .get(i as usize)
                .map(|&row| i64::from(row))
        };
        let mut extras = Vec::new();
        if self.run.args.output.provenance {
            let rows = |of: &[u32]| Values::Integers(kept.iter().map(|&r| origin(of[r])).collect());
            extras.push(Values::Integers(vec![Some(1); kept.len()]));
            extras.push(rows(pairs.own()));
            extras.push(rows(pairs.partner()));
            extras.push(Values::Reals(
                kept.iter().map(|&r| Some(pairs.weight()[r])).collect(),
            ));
        }
        if self.run.has_soft_labels() {
            extras.push(Values::Texts(
                kept.iter().map(|&r| Some(self.shares(made, r))).collect(),
            ));
        }
        extras
    }

    /// The soft label of a row: a share a class, in the order of the classes.
    fn shares(&self, made: &Made, r: usize) -> String {
        let pairs = &made.recipe.pairs;
        let mut shares = vec![0.0; self.run.schema.classes.len()];
        let label_weight = pairs.label_weight()[r];
        let class = |i: u32| self.run.table.classes[i as usize] as usize;
        shares[class(pairs.own()[r])] += label_weight;
        shares[class(pairs.partner()[r])] += 1.0 - label_weight;
        let texts: Vec<String> = shares.iter().map(f64::to_string).collect();
        texts.join(",")
    }
}

impl Run {
    /// Whether the method gives shares of several classes.
    pub(super) fn has_soft_labels(&self) -> bool {
        use candle_mixup::oversample::Method;
        use candle_mixup::schedule::LabelRule;
        matches!(&self.settings.method, Method::Mixup { label, .. } if *label != LabelRule::Own)
    }
}

/// The path of the table, as it is told.
pub fn told(out: &Out) -> String {
    match out {
        Out::File(path) => path.display().to_string(),
        Out::Stdout => "stdout".into(),
    }
}
