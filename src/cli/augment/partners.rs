//! A first pass over the file, where operations need it: words of the corpus, and texts to take words from.

use std::collections::HashMap;

use anyhow::Result;
use candle_mixup::data::Source;
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::text::augment::{AugmentSettings, Marked, WordGatherer, WordList};

use super::args::{AugmentArgs, PartnersArg};
use super::rows::Rows;
use super::spans::Spans;
use super::work::at_cell;

/// Texts that are kept to take words from: of a longer file a uniform sample.
pub const POOL: usize = 1 << 16;

/// Further draws where the row itself was drawn.
const TRIES: usize = 16;

/// A text that words may be taken from.
pub struct Partner {
    pub row: u64,
    pub text: String,
    pub label: Option<String>,
    pub spans: Spans,
    /// Whether its words stand between white space.
    pub spaced: bool,
}

/// What the first pass found.
#[derive(Default)]
pub struct FirstPass {
    pub corpus: WordList,
    pub partners: Vec<Partner>,
    /// The partners of each label, or all of them under none.
    by_label: HashMap<Option<String>, Vec<u32>>,
    /// Whether partners have the row's own label.
    pub same_label: bool,
    pub rows: u64,
}

impl FirstPass {
    /// Reads the file if the settings need it.
    pub fn read(source: &Source, args: &AugmentArgs, settings: &AugmentSettings) -> Result<Self> {
        let same_label = match args.operations.partners {
            Some(PartnersArg::Any) => false,
            Some(PartnersArg::SameLabel) => true,
            None => args.columns.label.is_some(),
        };
        let mut pass = Self {
            same_label,
            ..Self::default()
        };
        if !settings.needs_partner() && !settings.needs_corpus() && !settings.needs_vectors() {
            return Ok(pass);
        }
        let mut gatherer = WordGatherer::default();
        let mut stream = Stream::new(args.operations.seed, Purpose::Partner, 0);
        let rows = Rows::open(source, &args.columns)?;
        for row in rows {
            let row = row?;
            let spans = row.spans(args.columns.counted());
            let spans =
                spans.map_err(|e| at_cell(source, &row, args.columns.entities.as_ref(), e))?;
            if settings.needs_corpus() || settings.needs_vectors() {
                gatherer.add(&Marked {
                    marks: &spans.places,
                    spaced: row.is_spaced(),
                    ..Marked::plain(&row.text)
                });
            }
            // a uniform sample (Vitter 1985, algorithm R)
            let place = match pass.partners.len() {
                n if n < POOL => n,
                _ => stream.below(pass.rows as usize + 1),
            };
            pass.rows += 1;
            if !settings.needs_partner() || place >= POOL {
                continue;
            }
            let partner = Partner {
                row: row.number,
                spaced: row.is_spaced(),
                text: row.text,
                label: row.label,
                spans,
            };
            match pass.partners.get_mut(place) {
                Some(old) => *old = partner,
                None => pass.partners.push(partner),
            }
        }
        pass.corpus = gatherer.list();
        pass.index_labels();
        Ok(pass)
    }

    /// Finds the partners of each label.
    fn index_labels(&mut self) {
        for (i, partner) in self.partners.iter().enumerate() {
            // A row without a label is of no class, and no other is of the same.
            match (&partner.label, self.same_label) {
                (None, true) => {}
                (label, same) => {
                    let label = label.clone().filter(|_| same);
                    self.by_label.entry(label).or_default().push(i as u32);
                }
            }
        }
    }

    /// A partner for a row: uniform among those it may have, itself left out; `None` where there is none.
    pub fn draw(&self, row: u64, label: Option<&String>, stream: &mut Stream) -> Option<&Partner> {
        let key = label.cloned().filter(|_| self.same_label);
        let of = self.by_label.get(&key)?;
        let other = |place: usize| {
            let partner = &self.partners[of[place] as usize];
            (partner.row != row).then_some(partner)
        };
        let drawn = stream.below(of.len());
        // the row itself stands there once at most, so that a few draws, or a step, lead past it
        let drawn = (0..TRIES).fold(drawn, |drawn, _| {
            if other(drawn).is_some() {
                drawn
            } else {
                stream.below(of.len())
            }
        });
        other(drawn).or_else(|| other((drawn + 1) % of.len()))
    }
}

impl Partner {
    /// The text with its spans, as an operation sees it.
    pub fn marked(&self) -> Marked<'_> {
        Marked {
            marks: &self.spans.places,
            spaced: self.spaced,
            ..Marked::plain(&self.text)
        }
    }
}
