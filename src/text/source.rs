//! Encoded texts as rows of a training loop; spans of tokens are moved while a batch is built.

use std::ops::Range;
use std::sync::Arc;

use candle_core::Device;

use super::augment::TextChanges;
use super::tokens::{EncodedTexts, TokenBatch};
use crate::error::{Error, Result};
use crate::pairs::Pairs;
use crate::plan::{Blend, Reordered, Spans};
use crate::source::{Asked, Fed, RowSource};

/// Encoded texts on their way to a device: batches padded to their own longest text.
#[derive(Debug, Clone)]
pub struct TextSource {
    texts: Arc<EncodedTexts>,
    /// The tokens of the words of each text.
    words: Option<Arc<Vec<Vec<Range<u32>>>>>,
    changes: Option<Arc<TextChanges>>,
    device: Device,
}

impl TextSource {
    /// The rows of `texts`, as tensors on `device`.
    pub fn new(texts: Arc<EncodedTexts>, device: Device) -> Self {
        Self {
            texts,
            words: None,
            changes: None,
            device,
        }
    }

    /// The same for texts whose words have these tokens ([`EncodedWords`](super::EncodedWords)): their words can stand in
    /// another order.
    pub fn with_words(self, words: Arc<Vec<Vec<Range<u32>>>>) -> Self {
        let words = Some(words);
        Self { words, ..self }
    }

    /// The same for texts that change when a training pass reads them. Plans that name tokens, spans among them, are for
    /// texts that stay as they are.
    pub fn with_changes(self, changes: TextChanges) -> Self {
        let changes = Some(Arc::new(changes));
        Self { changes, ..self }
    }

    /// A batch whose last rows have their words in another order; token types keep their places.
    fn reordered(&self, rows: &[u32], reordered: &Reordered) -> Result<TokenBatch> {
        let Some(words) = &self.words else {
            return self.batch(rows);
        };
        let last = rows.len().saturating_sub(reordered.orders.len());
        TokenBatch::filled(&self.texts, rows, &self.device, |r, ids| {
            let Some(i) = r.checked_sub(last) else {
                return Ok(());
            };
            let order = reordered.tokens(i, &words[rows[r] as usize], ids.len())?;
            let own = self.texts.ids(rows[r] as usize);
            for (to, &from) in order.iter().enumerate() {
                ids[to] = own[from as usize];
            }
            Ok(())
        })
    }

    /// The outgoing rows of a plan of spans: each with its own length, types and mask, and some of its partner's ids.
    fn spanned(&self, rows: &[u32], pairs: &Pairs, spans: &Spans) -> Result<TokenBatch> {
        pairs.check_rows(rows.len())?;
        if spans.len() != pairs.len() {
            return Err(Error::Shape {
                what: "spans".into(),
                expected: format!("{} rows, one a pair", pairs.len()),
                got: spans.len().to_string(),
            });
        }
        let of =
            |places: &[u32]| -> Vec<u32> { places.iter().map(|&p| rows[p as usize]).collect() };
        let (own, partner) = (of(pairs.own()), of(pairs.partner()));
        TokenBatch::filled(&self.texts, &own, &self.device, |r, ids| {
            // As under every blend: weight 1 is the row itself, and so is a row that is its own partner.
            if pairs.weight()[r] == 1.0 || pairs.own()[r] == pairs.partner()[r] {
                return Ok(());
            }
            for span in &spans.rows()[r] {
                let from = self.ids_of(r, partner[r], span.of_partner(), "partner")?;
                self.ids_of(r, own[r], span.of_own(), "own")?;
                ids[span.of_own()].copy_from_slice(from);
            }
            Ok(())
        })
    }

    /// Neighbouring ids of a row, none of them special; outgoing row `r` asks for them.
    fn ids_of(&self, r: usize, row: u32, places: Range<usize>, whose: &str) -> Result<&[u32]> {
        let stretches = match (row as usize) < self.texts.len() {
            true => self.texts.stretches(row as usize),
            false => &[],
        };
        let inside = |s: &Range<usize>| s.start <= places.start && places.end <= s.end;
        if stretches.iter().any(inside) {
            return Ok(&self.texts.ids(row as usize)[places]);
        }
        Err(Error::Shape {
            what: format!("span {r} of the {whose} text"),
            expected: format!("tokens within {stretches:?}"),
            got: format!("{places:?}"),
        })
    }
}

impl RowSource for TextSource {
    type Input = TokenBatch;

    fn len(&self) -> usize {
        self.texts.len()
    }

    fn batch(&self, rows: &[u32]) -> Result<TokenBatch> {
        TokenBatch::new(&self.texts, rows, &self.device)
    }

    fn training(&self, asked: &Asked<'_>) -> Result<Fed<TokenBatch>> {
        if let Some(changes) = &self.changes {
            let (texts, readings) = changes.encode(asked)?;
            let all: Vec<u32> = (0..asked.rows.len() as u32).collect();
            return Ok(Fed {
                input: TokenBatch::new(&texts, &all, &self.device)?,
                mixed: false,
                readings,
            });
        }
        let (input, mixed) = match asked.plan.map(|plan| (&plan.pairs, &plan.blend)) {
            Some((pairs, Blend::Span(spans))) => (self.spanned(asked.rows, pairs, spans)?, true),
            Some((_, Blend::Reordered(reordered))) => {
                (self.reordered(asked.rows, reordered)?, false)
            }
            _ => (self.batch(asked.rows)?, false),
        };
        Ok(Fed::new(input, mixed))
    }

    fn reorders(&self) -> bool {
        self.words.is_some()
    }

    fn size(&self, row: u32) -> usize {
        self.texts.ids(row as usize).len()
    }

    fn stretches(&self, row: u32) -> Vec<Range<usize>> {
        self.texts.stretches(row as usize).to_vec()
    }
}
