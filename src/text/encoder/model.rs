//! An encoder of the BERT family with a linear classifier on top, that shows its sites.

use candle_core::Tensor;

use super::config::{EncoderConfig, Pooling};
use super::names::Start;
use super::trunk::{Trunk, classifier};
use crate::error::Result;
use crate::nn::{Linear, Weights, dropout, mean_pool};
use crate::plan::Site;
use crate::tap::{Flow, Tap, Tapped};
use crate::text::tokens::TokenBatch;

/// A text classifier: embeddings, blocks, pooling, dropout, linear.
///
/// Sites: `embedding` (after layer norm and dropout, `[rows, tokens, width]` with mask), `hidden1` to `hiddenL` (after
/// each block, likewise), `pooled` (`[rows, width]`, before dropout). From the site of a mix on, attention and pooling
/// heed the joined mask.
#[derive(Debug, Clone)]
pub struct Encoder {
    trunk: Trunk,
    classifier: Linear,
    pooling: Pooling,
    config: EncoderConfig,
}

impl Encoder {
    /// Takes the encoder's weights from `weights`, with a classifier of `classes` outputs.
    ///
    /// `start` says which of them must be in the file that `weights` was given
    /// ([`encoder_weights`](super::encoder_weights) reads it). What to freeze is told to `weights` before.
    ///
    /// # Errors
    /// [`Error::Weight`](crate::Error::Weight) naming a weight that is missing or misshapen.
    pub fn load(
        weights: &Weights,
        config: &EncoderConfig,
        pooling: Pooling,
        classes: usize,
        start: Start,
    ) -> Result<Self> {
        Ok(Self {
            trunk: Trunk::load(weights, config, start)?,
            classifier: classifier(weights, config, classes, start)?,
            pooling,
            config: config.clone(),
        })
    }

    /// The configuration it was built from.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// How rows are pooled.
    pub fn pooling(&self) -> Pooling {
        self.pooling
    }

    fn pool(&self, flow: &Flow) -> Result<Tensor> {
        match (self.pooling, &flow.mask) {
            (Pooling::Cls, _) => Ok(flow.x.narrow(1, 0, 1)?.squeeze(1)?.contiguous()?),
            (Pooling::Mean, Some(mask)) => mean_pool(&flow.x, mask),
            (Pooling::Mean, None) => Ok(flow.x.mean(1)?), // a tap dropped the mask: every token is real
        }
    }
}

impl Tapped for Encoder {
    type Input = TokenBatch;

    fn sites(&self) -> Vec<Site> {
        let pooled = [Site::Pooled];
        self.trunk.sites().into_iter().chain(pooled).collect()
    }

    fn forward(&self, input: &TokenBatch, tap: &mut dyn Tap) -> Result<Tensor> {
        let flow = self.trunk.forward(input, tap)?;
        let pooled = tap.at(Site::Pooled, Flow::new(self.pool(&flow)?))?.x;
        let pooled = dropout(&pooled, self.config.head_dropout, tap.dropout())?;
        self.classifier.forward(&pooled)
    }
}
