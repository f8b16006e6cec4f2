//! The files of an encoder, read once for the models of all seeds.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use candle_mixup::nn::Pretrained;
use candle_mixup::text::{EncoderConfig, ModelFiles, Start, Tokenizer, encoder_weights};

/// Configuration, weights and tokenizer.
pub struct EncoderFiles {
    pub config: EncoderConfig,
    pub weights: Arc<Pretrained>,
    pub tokenizer: Tokenizer,
}

impl EncoderFiles {
    /// Reads the files of a folder; texts will be cut to `max_tokens`, or to the model's positions.
    pub fn open(folder: &Path, max_tokens: usize) -> Result<Self> {
        let files = ModelFiles::find(folder)?;
        let config = EncoderConfig::open(&files.config)?;
        let tokenizer = Tokenizer::open(&files.tokenizer, max_tokens)?;
        let tokenizer = tokenizer.clipped(config.positions())?;
        tokenizer.check_embedding(config.vocabulary)?;
        let weights = encoder_weights(&files.weights, config.family, Start::Pretrained)?;
        Ok(Self {
            config,
            weights: Arc::new(weights),
            tokenizer,
        })
    }
}
