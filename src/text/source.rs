//! Encoded texts as rows of a training loop.

use std::sync::Arc;

use candle_core::Device;

use super::tokens::{EncodedTexts, TokenBatch};
use crate::error::Result;
use crate::source::RowSource;

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
}

impl RowSource for TextSource {
    type Input = TokenBatch;

    fn len(&self) -> usize {
        self.texts.len()
    }

    fn batch(&self, rows: &[u32]) -> Result<TokenBatch> {
        TokenBatch::new(&self.texts, rows, &self.device)
    }

    fn size(&self, row: u32) -> usize {
        self.texts.ids(row as usize).len()
    }
}
