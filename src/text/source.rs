//! Encoded texts as rows of a training loop; spans of tokens are moved while a batch is built.

use std::ops::Range;
use std::sync::Arc;

use candle_core::Device;

use super::tokens::{EncodedTexts, TokenBatch};
use crate::error::{Error, Result};
use crate::pairs::Pairs;
use crate::plan::{Blend, Spans};
use crate::source::{Asked, Fed, RowSource};

/// Encoded texts on their way to a device: batches padded to their own longest text.
#[derive(Debug, Clone)]
pub struct TextSource {
    texts: Arc<EncodedTexts>,
    device: Device,
}

impl TextSource {
    /// The rows of `texts`, as tensors on `device`.
    pub fn new(texts: Arc<EncodedTexts>, device: Device) -> Self {
        Self { texts, device }
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
                let from = self.words(r, partner[r], span.of_partner(), "partner")?;
                self.words(r, own[r], span.of_own(), "own")?;
                ids[span.of_own()].copy_from_slice(from);
            }
            Ok(())
        })
    }

    /// Neighbouring ids of a row, none of them special; outgoing row `r` asks for them.
    fn words(&self, r: usize, row: u32, places: Range<usize>, whose: &str) -> Result<&[u32]> {
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
        let Some((pairs, spans)) = asked.plan.and_then(|plan| match &plan.blend {
            Blend::Span(spans) => Some((&plan.pairs, spans)),
            _ => None,
        }) else {
            return Ok(Fed {
                input: self.batch(asked.rows)?,
                mixed: false,
            });
        };
        Ok(Fed {
            input: self.spanned(asked.rows, pairs, spans)?,
            mixed: true,
        })
    }

    fn size(&self, row: u32) -> usize {
        self.texts.ids(row as usize).len()
    }

    fn stretches(&self, row: u32) -> Vec<Range<usize>> {
        self.texts.stretches(row as usize).to_vec()
    }
}
