//! Encoded texts as rows of a training loop.

use std::ops::Range;
use std::sync::Arc;

use candle_core::Device;

use super::tokens::{EncodedTexts, TokenBatch};
use crate::error::Result;
use crate::plan::Blend;
use crate::source::{Asked, Fed, RowSource};

/// Encoded texts on their way to a device: batches padded to their own longest text.
#[derive(Debug, Clone)]
pub struct TextSource {
    texts: Arc<EncodedTexts>,
    /// The tokens of the words of each text.
    words: Option<Arc<Vec<Vec<Range<u32>>>>>,
    device: Device,
}

impl TextSource {
    /// The rows of `texts`, as tensors on `device`.
    pub fn new(texts: Arc<EncodedTexts>, device: Device) -> Self {
        let words = None;
        Self {
            texts,
            words,
            device,
        }
    }

    /// The same for texts whose words have these tokens ([`EncodedWords`](super::EncodedWords)): their words can stand in
    /// another order.
    pub fn with_words(self, words: Arc<Vec<Vec<Range<u32>>>>) -> Self {
        let words = Some(words);
        Self { words, ..self }
    }

    /// The order of the tokens of each of the last rows of a batch, where its plan reorders words.
    fn orders(&self, asked: &Asked<'_>) -> Result<Vec<Vec<u32>>> {
        let (Some(words), Some(plan)) = (&self.words, asked.plan) else {
            return Ok(Vec::new());
        };
        let Blend::Reordered(reordered) = &plan.blend else {
            return Ok(Vec::new());
        };
        let last = asked.rows.len().saturating_sub(reordered.orders.len());
        let order = |(i, &row): (usize, &u32)| {
            let (words, tokens) = (&words[row as usize], self.texts.ids(row as usize).len());
            reordered.tokens(i, words, tokens)
        };
        asked.rows[last..].iter().enumerate().map(order).collect()
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
        let orders = self.orders(asked)?;
        Ok(Fed {
            input: TokenBatch::reordered(&self.texts, asked.rows, &orders, &self.device)?,
            mixed: false,
        })
    }

    fn reorders(&self) -> bool {
        self.words.is_some()
    }

    fn size(&self, row: u32) -> usize {
        self.texts.ids(row as usize).len()
    }
}
