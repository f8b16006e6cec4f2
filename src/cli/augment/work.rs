//! Rows through the operations: read on a thread of their own, changed on all of them, written in order.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::iter::Peekable;
use std::sync::mpsc::sync_channel;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::Source;
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::text::augment::{Augmenter, Draw, Marked, TRIES, Unchanged, Workbench};
use rayon::prelude::*;

use super::args::{AugmentArgs, EntityArg};
use super::partners::{FirstPass, Partner};
use super::rows::{Rest, Row, Rows};
use super::spans::{Spans, Unexpected};
use super::write::{Output, PROVENANCE, Writer};
use crate::cli::interrupt::Interrupt;

/// Rows that are read together at most.
const CHUNK: usize = 4096;

/// Bytes that the outputs of rows read together have, about; a row by itself may have more.
const BYTES: usize = 64 << 20;

/// Rows that a thread takes at once at most.
const PART: usize = 64;

/// Parts for each thread at least, where there are rows enough.
const PARTS: usize = 8;

/// Chunks that are read ahead.
const AHEAD: usize = 2;

/// Rounds of [`TRIES`] draws by every chain that give no new text, after which a row is taken to have run out.
const ROUNDS: u64 = 16;

/// The key of the partner's draw: behind the numbers of all outputs.
const PARTNER: u64 = 1 << 63;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    pub rows: u64,
    pub outputs: u64,
    /// Outputs that are missing since no draw was new, and rows of which some are.
    pub missing: u64,
    pub short_rows: u64,
    pub chains: Vec<ChainTally>,
}

/// What one chain did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChainTally {
    pub outputs: u64,
    /// Outputs that are the text as it was, by reason.
    pub unchanged: Reasons,
    /// Outputs that a step of the chain left alone where another changed them, by reason.
    pub in_part: Reasons,
}

pub type Reasons = BTreeMap<String, u64>;

impl Tally {
    pub fn new(chains: usize) -> Self {
        Self {
            chains: vec![ChainTally::default(); chains],
            ..Self::default()
        }
    }

    fn add_output(&mut self, made: &Made) {
        self.outputs += 1;
        let chain = &mut self.chains[made.chain];
        chain.outputs += 1;
        for (reasons, reason) in [
            (&mut chain.unchanged, made.unchanged),
            (&mut chain.in_part, made.refused),
        ] {
            if let Some(reason) = reason {
                *reasons.entry(reason.to_string()).or_default() += 1;
            }
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.outputs += other.outputs;
        self.missing += other.missing;
        self.short_rows += other.short_rows;
        for (own, other) in self.chains.iter_mut().zip(&other.chains) {
            own.outputs += other.outputs;
            for (reasons, more) in [
                (&mut own.unchanged, &other.unchanged),
                (&mut own.in_part, &other.in_part),
            ] {
                for (reason, n) in more {
                    *reasons.entry(reason.clone()).or_default() += n;
                }
            }
        }
    }
}

/// A row that is read.
struct Given<'a> {
    row: &'a Row,
    text: Marked<'a>,
    spans: &'a Spans,
    kept: &'a Spans,
}

/// What became of an output.
struct Made {
    chain: usize,
    unchanged: Option<Unchanged>,
    refused: Option<Unchanged>,
}

/// What all rows share.
pub struct Work<'a> {
    pub args: &'a AugmentArgs,
    pub interrupt: &'a Interrupt,
    pub source: &'a Source,
    pub augmenter: &'a Augmenter,
    pub pass: &'a FirstPass,
    pub writer: Writer<'a>,
    /// The chains as they are written.
    pub chains: &'a [String],
}

impl Work<'_> {
    /// All rows of the file to `out`; `seen` learns of every chunk.
    pub fn all(&self, rows: Rows, seen: impl Fn(u64), out: &mut dyn Write) -> Result<Tally> {
        let (mut tally, mut bench) = (Tally::new(self.chains.len()), Workbench::default());
        let named = !self.args.columns.no_header;
        let mut header = Vec::new();
        self.writer.header(named, &mut header)?;
        out.write_all(&header)?;
        std::thread::scope(|scope| -> Result<()> {
            let (sender, queue) = sync_channel(AHEAD);
            scope.spawn(move || {
                let mut rows = rows.peekable();
                loop {
                    let chunk = self.chunk(&mut rows);
                    let ends = chunk.as_ref().map_or(true, Vec::is_empty);
                    if sender.send(chunk).is_err() || ends {
                        break;
                    }
                }
            });
            for chunk in queue {
                if self.interrupt.asked() {
                    return Err(Error::Interrupted.into());
                }
                let chunk = chunk?;
                seen(chunk.len() as u64);
                if chunk.len() == 1 {
                    // Of a large row each output is written before the next one is made.
                    tally.add(&self.one(&chunk[0], &mut bench, out)?);
                    continue;
                }
                let most = chunk.len() / (PARTS * rayon::current_num_threads());
                let parts = chunk
                    .par_chunks(most.clamp(1, PART))
                    .map_init(Workbench::default, |bench, part| self.part(part, bench));
                for part in parts.collect::<Vec<_>>() {
                    let (bytes, of_part) = part?;
                    out.write_all(&bytes)?;
                    tally.add(&of_part);
                }
            }
            Ok(())
        })?;
        Ok(tally)
    }

    /// The next rows.
    fn chunk(&self, rows: &mut Peekable<Rows>) -> candle_mixup::Result<Vec<Row>> {
        let (mut chunk, mut size) = (Vec::new(), 0);
        while let Some(Ok(row)) = rows.peek() {
            size += self.size(std::slice::from_ref(row));
            if chunk.len() == CHUNK || !chunk.is_empty() && size > BYTES {
                return Ok(chunk);
            }
            chunk.extend(rows.next().transpose()?);
        }
        // An error waits until the rows before it are done.
        if chunk.is_empty() {
            chunk.extend(rows.next().transpose()?);
        }
        Ok(chunk)
    }

    /// About how many bytes the outputs of these rows have.
    fn size(&self, rows: &[Row]) -> usize {
        let texts: usize = rows.iter().map(|row| row.text.len() + 64).sum();
        texts.saturating_mul(self.args.operations.n as usize + 1)
    }

    /// The outputs of these rows.
    fn part(&self, rows: &[Row], bench: &mut Workbench) -> Result<(Vec<u8>, Tally)> {
        let mut tally = Tally::new(self.chains.len());
        let mut bytes = Vec::with_capacity(self.size(rows));
        for row in rows {
            self.kept(row, &mut bytes)?;
            self.row(row, bench, &mut tally, |made| {
                self.writer.output(row, made, &mut bytes)
            })?;
        }
        Ok((bytes, tally))
    }

    /// The outputs of a row, each written before the next one is made.
    fn one(&self, row: &Row, bench: &mut Workbench, out: &mut dyn Write) -> Result<Tally> {
        let mut tally = Tally::new(self.chains.len());
        let mut bytes = Vec::new();
        self.kept(row, &mut bytes)?;
        out.write_all(&bytes)?;
        self.row(row, bench, &mut tally, |made| {
            bytes.clear();
            self.writer.output(row, made, &mut bytes)?;
            Ok(out.write_all(&bytes)?)
        })?;
        Ok(tally)
    }

    /// The row itself, where it is asked for.
    fn kept(&self, row: &Row, bytes: &mut Vec<u8>) -> Result<()> {
        match self.args.output.keep {
            true => self.writer.original(row, bytes),
            false => Ok(()),
        }
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
        let spans = row.spans(columns.counted());
        let spans = spans.map_err(|e| refuse(&columns.entities, e))?;
        let kept = row.kept.as_deref().unwrap_or_default();
        let kept = Spans::read(kept, &row.text, columns.counted());
        let kept = kept.map_err(|e| refuse(&columns.keep_spans, e))?;
        let text = Marked {
            text: &row.text,
            marks: &spans.places,
            marks_may_go: self.args.protection.entity == EntityArg::Drop,
            kept: &kept.places,
            spaced: row.is_spaced(),
        };
        self.check_keys(row)?;
        self.augmenter.read(&text, bench)?;
        tally.rows += 1;
        let given = Given {
            row,
            text,
            spans: &spans,
            kept: &kept,
        };
        let mut earlier = HashSet::new();
        let mut missing = 0;
        for output in 0..self.args.operations.n {
            if self.interrupt.asked() {
                return Err(Error::Interrupted.into());
            }
            let draw = Draw {
                seed: self.args.operations.seed,
                row: row.number,
                output,
            };
            match self.output(&given, draw, bench, &mut earlier, &mut each)? {
                Some(made) => tally.add_output(&made),
                None => {
                    missing = u64::from(self.args.operations.n - output);
                    break;
                }
            }
        }
        tally.missing += missing;
        tally.short_rows += u64::from(missing > 0);
        Ok(())
    }

    /// Refuses keys that provenance would add a second time.
    fn check_keys(&self, row: &Row) -> Result<()> {
        let Rest::Object(entries) = &row.rest else {
            return Ok(());
        };
        let mut keys = entries.iter().map(|(key, _)| key);
        match keys.find(|key| self.args.output.provenance && PROVENANCE.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let problem = Unexpected {
                    expected: "no such key, since --provenance adds it".into(),
                    value: "one".into(),
                };
                Err(at_cell(self.source, row, Some(key), problem))
            }
        }
    }

    /// One output, handed to `each`; `None` where new ones are asked for and no draw gave one.
    fn output(
        &self,
        given: &Given<'_>,
        draw: Draw,
        bench: &mut Workbench,
        earlier: &mut HashSet<String>,
        each: &mut impl FnMut(&Output<'_>) -> Result<()>,
    ) -> Result<Option<Made>> {
        let (row, unique) = (given.row, self.args.operations.unique);
        let chains = self.chains.len() as u64;
        let most = if unique { ROUNDS * TRIES * chains } else { 1 };
        let (mut tried, mut hopeless_chains) = (0, 0);
        while tried < most {
            let takes = self
                .augmenter
                .takes_partner(self.augmenter.chain_of(draw, tried));
            let partner = takes.then(|| self.partner(row, draw, tried)).flatten();
            let marked = partner.map(Partner::marked);
            let made = self
                .augmenter
                .draw(&given.text, marked.as_ref(), draw, tried, bench)?;
            if unique {
                let known = made.text == row.text || earlier.contains(made.text);
                // What one step of several could not do another may.
                let alone = self.augmenter.settings().ops[made.chain].0.len() == 1;
                let hopeless = made.unchanged.is_some_and(|reason| !may_change(reason));
                if alone && hopeless {
                    // No draw of this chain can help: it is the next one's turn.
                    tried = (tried / TRIES + 1) * TRIES;
                    hopeless_chains += 1;
                    if hopeless_chains == chains {
                        break;
                    }
                    continue;
                }
                hopeless_chains = 0;
                if known {
                    tried += 1;
                    continue;
                }
                earlier.insert(made.text.to_owned());
            }
            let partner = partner.filter(|_| made.own_share < 1.0);
            let same =
                partner.is_none_or(|partner| partner.label == row.label && row.label.is_some());
            let output = Output {
                augmented: &made,
                operation: &self.chains[made.chain],
                spans: given.spans,
                kept: given.kept,
                partner,
                label_weight: if same { 1.0 } else { made.own_share },
            };
            each(&output)?;
            return Ok(Some(Made {
                chain: made.chain,
                unchanged: made.unchanged,
                refused: made.refused,
            }));
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
    problem: Unexpected,
) -> anyhow::Error {
    Error::Cell {
        path: source.path(),
        line: row.line,
        column: column.cloned(),
        expected: problem.expected,
        value: problem.value,
    }
    .into()
}
