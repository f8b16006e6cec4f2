//! Rows through the operations: read on a thread of their own, changed on all of them, written in order.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::mpsc::sync_channel;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::Source;
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::text::augment::{Augmenter, Draw, Marked, TRIES, Unchanged, Workbench};
use rayon::prelude::*;

use super::args::{AugmentArgs, EntityArg};
use super::partners::{FirstPass, Partner};
use super::rows::{Row, Rows};
use super::spans::Spans;
use super::write::{Output, Writer};
use crate::cli::interrupt::Interrupt;

/// Rows that are read together.
const CHUNK: usize = 4096;

/// Rows that a thread takes at once.
const PART: usize = 64;

/// Chunks that are read ahead.
const AHEAD: usize = 2;

/// The key of the partner's draw: behind the numbers of all outputs.
const PARTNER: u64 = 1 << 63;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    pub rows: u64,
    pub outputs: u64,
    /// Outputs that could not be new, and rows that have some of them.
    pub missing: u64,
    pub short_rows: u64,
    /// By chain: outputs, and those of them that are the text as it was, by reason.
    pub chains: Vec<(u64, BTreeMap<String, u64>)>,
}

impl Tally {
    pub fn new(chains: usize) -> Self {
        Self {
            chains: vec![(0, BTreeMap::new()); chains],
            ..Self::default()
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.outputs += other.outputs;
        self.missing += other.missing;
        self.short_rows += other.short_rows;
        for ((outputs, reasons), (more, other)) in self.chains.iter_mut().zip(&other.chains) {
            *outputs += more;
            for (reason, n) in other {
                *reasons.entry(reason.clone()).or_default() += n;
            }
        }
    }
}

/// What all rows share.
pub struct Work<'a> {
    pub args: &'a AugmentArgs,
    pub source: &'a Source,
    pub augmenter: &'a Augmenter,
    pub pass: &'a FirstPass,
    pub writer: Writer<'a>,
    /// The chains as they are written.
    pub chains: &'a [String],
}

impl Work<'_> {
    /// All rows of the file to `out`; `seen` learns of every chunk.
    pub fn all(
        &self,
        rows: Rows,
        interrupt: &Interrupt,
        seen: impl Fn(u64),
        out: &mut dyn Write,
    ) -> Result<Tally> {
        let mut tally = Tally::new(self.chains.len());
        let named = !self.args.columns.no_header;
        let mut header = Vec::new();
        self.writer.header(named, &mut header)?;
        out.write_all(&header)?;
        std::thread::scope(|scope| -> Result<()> {
            let (sender, queue) = sync_channel(AHEAD);
            scope.spawn(move || {
                let mut rows = rows;
                loop {
                    let chunk: candle_mixup::Result<Vec<Row>> = rows.by_ref().take(CHUNK).collect();
                    let ends = chunk.as_ref().map_or(true, Vec::is_empty);
                    if sender.send(chunk).is_err() || ends {
                        break;
                    }
                }
            });
            for chunk in queue {
                if interrupt.asked() {
                    return Err(Error::Interrupted.into());
                }
                let chunk = chunk?;
                let parts = chunk
                    .par_chunks(PART)
                    .map_init(Workbench::default, |bench, part| self.part(part, bench));
                for part in parts.collect::<Vec<_>>() {
                    let (bytes, of_part) = part?;
                    out.write_all(&bytes)?;
                    tally.add(&of_part);
                }
                seen(chunk.len() as u64);
            }
            Ok(())
        })?;
        Ok(tally)
    }

    fn part(&self, rows: &[Row], bench: &mut Workbench) -> Result<(Vec<u8>, Tally)> {
        let mut tally = Tally::new(self.chains.len());
        let text: usize = rows.iter().map(|row| row.text.len() + 64).sum();
        let mut bytes = Vec::with_capacity(text * (self.args.operations.n as usize + 1));
        for row in rows {
            if self.args.output.keep {
                self.writer.original(row, &mut bytes)?;
            }
            self.row(row, bench, &mut tally, |made| {
                self.writer.output(row, made, &mut bytes)
            })?;
        }
        Ok((bytes, tally))
    }

    /// The outputs of a row, one after the other.
    pub fn row(
        &self,
        row: &Row,
        bench: &mut Workbench,
        tally: &mut Tally,
        mut each: impl FnMut(&Output<'_>) -> Result<()>,
    ) -> Result<()> {
        let columns = &self.args.columns;
        let refuse = |column: &Option<String>, e| at_cell(self.source, row, column.as_ref(), e);
        let spans = row.spans(columns.offsets);
        let spans = spans.map_err(|e| refuse(&columns.entities, e))?;
        let kept = row.kept.as_deref().unwrap_or_default();
        let kept = Spans::read(kept, &row.text, columns.offsets.into());
        let kept = kept.map_err(|e| refuse(&columns.keep_spans, e))?;
        let text = Marked {
            text: &row.text,
            marks: &spans.places,
            marks_may_go: self.args.protection.entity == EntityArg::Drop,
            kept: &kept.places,
        };
        self.augmenter.read(&text, bench)?;
        tally.rows += 1;
        let mut earlier: Vec<String> = Vec::new();
        let mut missing = 0;
        for output in 0..self.args.operations.n {
            let draw = Draw {
                seed: self.args.operations.seed,
                row: row.number,
                output,
            };
            match self.output(row, &text, &spans, draw, bench, &mut earlier, &mut each)? {
                Some((chain, reason)) => {
                    tally.outputs += 1;
                    let (outputs, reasons) = &mut tally.chains[chain];
                    *outputs += 1;
                    if let Some(reason) = reason {
                        *reasons.entry(reason.to_string()).or_default() += 1;
                    }
                }
                None => missing += 1,
            }
        }
        tally.missing += missing;
        tally.short_rows += u64::from(missing > 0);
        Ok(())
    }

    /// One output, handed to `each`; `None` where new ones are asked for and no draw gave one. Its chain and why it is
    /// the text as it was.
    #[expect(
        clippy::too_many_arguments,
        reason = "what a row and its outputs share"
    )]
    fn output(
        &self,
        row: &Row,
        text: &Marked<'_>,
        spans: &Spans,
        draw: Draw,
        bench: &mut Workbench,
        earlier: &mut Vec<String>,
        each: &mut impl FnMut(&Output<'_>) -> Result<()>,
    ) -> Result<Option<(usize, Option<Unchanged>)>> {
        let unique = self.args.operations.unique;
        let takes = self.augmenter.takes_partner(self.augmenter.chain_of(draw));
        for tried in 0..if unique { TRIES } else { 1 } {
            let partner = if takes {
                self.partner(row, draw, tried)
            } else {
                None
            };
            let marked = partner.map(Partner::marked);
            let made = self
                .augmenter
                .draw(text, marked.as_ref(), draw, tried, bench)?;
            if unique {
                let known = made.text == row.text || earlier.iter().any(|old| old == made.text);
                let hopeless = made.unchanged.is_some_and(|reason| !may_change(reason));
                if hopeless {
                    return Ok(None);
                }
                if known {
                    continue;
                }
                earlier.push(made.text.to_owned());
            }
            let partner = partner.filter(|_| made.unchanged.is_none());
            let same =
                partner.is_none_or(|partner| partner.label == row.label && row.label.is_some());
            let output = Output {
                augmented: &made,
                operation: &self.chains[made.chain],
                spans,
                partner,
                label_weight: if same { 1.0 } else { made.own_share },
            };
            each(&output)?;
            return Ok(Some((made.chain, made.unchanged)));
        }
        Ok(None)
    }

    fn partner(&self, row: &Row, draw: Draw, tried: u64) -> Option<&Partner> {
        let key = PARTNER | u64::from(draw.output) | tried << 32;
        let mut stream = Stream::keyed(draw.seed, Purpose::Text, key, row.number);
        self.pass.draw(row.number, row.label.as_ref(), &mut stream)
    }
}

/// Whether another draw may give another text.
fn may_change(reason: Unchanged) -> bool {
    matches!(reason, Unchanged::NothingDrawn | Unchanged::PartnerTooShort)
}

/// An error about a cell of a row.
pub fn at_cell(
    source: &Source,
    row: &Row,
    column: Option<&String>,
    problem: String,
) -> anyhow::Error {
    let (expected, value) = match problem.rsplit_once(", got ") {
        Some((expected, value)) => (expected.to_owned(), value.trim_matches('\'').to_owned()),
        None => (problem, String::new()),
    };
    Error::Cell {
        path: source.path(),
        line: row.line,
        column: column.cloned(),
        expected,
        value,
    }
    .into()
}
