//! An encoder of the BERT family with a linear classifier at every token.

use candle_core::Tensor;

use super::config::EncoderConfig;
use super::names::Start;
use super::trunk::{Trunk, classifier};
use crate::error::Result;
use crate::nn::{Linear, Weights, dropout};
use crate::plan::Site;
use crate::tap::{Tap, Tapped};
use crate::text::tokens::TokenBatch;

/// A tagger: embeddings, blocks, dropout, linear; logits `[rows, tokens, tags]`.
///
/// Its sites are those of [`Encoder`](super::Encoder) without `pooled`: `embedding` and `hidden1` to `hiddenL`. Logits of
/// padding mean nothing.
#[derive(Debug, Clone)]
pub struct Tagger {
    trunk: Trunk,
    classifier: Linear,
    config: EncoderConfig,
}

impl Tagger {
    /// Takes the encoder's weights from `weights`, with a classifier of `tags` outputs; as
    /// [`Encoder::load`](super::Encoder::load).
    ///
    /// # Errors
    /// [`Error::Weight`](crate::Error::Weight) naming a weight that is missing or misshapen.
    pub fn load(
        weights: &Weights,
        config: &EncoderConfig,
        tags: usize,
        start: Start,
    ) -> Result<Self> {
        Ok(Self {
            trunk: Trunk::load(weights, config, start)?,
            classifier: classifier(weights, config, tags, start)?,
            config: config.clone(),
        })
    }

    /// The configuration it was built from.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }
}

impl Tapped for Tagger {
    type Input = TokenBatch;

    fn sites(&self) -> Vec<Site> {
        self.trunk.sites()
    }

    fn forward(&self, input: &TokenBatch, tap: &mut dyn Tap) -> Result<Tensor> {
        let x = self.trunk.forward(input, tap)?.x;
        let x = dropout(&x, self.config.head_dropout, tap.dropout())?;
        self.classifier.forward(&x)
    }
}
