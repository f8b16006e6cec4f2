//! An encoder of the BERT family with a linear classifier on top, that shows its sites.

use candle_core::{DType, Tensor};

use super::block::Block;
use super::config::{EncoderConfig, Pooling};
use super::embeddings::Embeddings;
use super::names::Start;
use crate::error::Result;
use crate::nn::{Init, Linear, Packing, Weights, dropout, mean_pool};
use crate::plan::Site;
use crate::tap::{Flow, Tap, Tapped};
use crate::text::tokens::TokenBatch;

/// BERT's standard deviation of initial weights (Devlin et al. 2019).
const INIT: Init = Init::Normal { std: 0.02 };

/// A text classifier: embeddings, blocks, pooling, dropout, linear.
///
/// Sites: `embedding` (after layer norm and dropout, `[rows, tokens, width]` with mask), `hidden1` to `hiddenL` (after
/// each block, likewise), `pooled` (`[rows, width]`, before dropout). From the site of a mix on, attention and pooling
/// heed the joined mask.
#[derive(Debug, Clone)]
pub struct Encoder {
    embeddings: Embeddings,
    blocks: Vec<Block>,
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
        let root = weights.scope();
        let (encoder, head) = match start {
            Start::Pretrained => (root.required(), root),
            Start::Saved => (root.required(), root.required()),
            Start::Random => (root.clone(), root),
        };
        let blocks = encoder.at(config.family.blocks());
        Ok(Self {
            embeddings: Embeddings::load(&encoder.at("embeddings"), config, INIT)?,
            blocks: (0..config.blocks)
                .map(|k| Block::load(&blocks.at(k.to_string()), config, INIT))
                .collect::<Result<_>>()?,
            classifier: Linear::load(&head.at("classifier"), config.width, classes, INIT)?,
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

/// The positions that the rest of the pass needs, where some can be left out. On other devices than the CPU reading
/// the mask would cost more than it saves.
fn packing(flow: &Flow, tap: &dyn Tap) -> Result<Option<Packing>> {
    let Some(mask) = flow.mask.as_ref().filter(|mask| mask.device().is_cpu()) else {
        return Ok(None);
    };
    let mask = mask.to_dtype(DType::F32)?.to_vec2::<f32>()?;
    let length = |row: &Vec<f32>| {
        row.iter()
            .rposition(|real| *real != 0.0)
            .map_or(0, |last| last + 1)
    };
    let lengths: Vec<usize> = mask.iter().map(length).collect();
    let Some(reach) = tap.reach(&lengths) else {
        return Ok(None);
    };
    let packing = Packing::new(&reach, mask.first().map_or(0, Vec::len))?;
    Ok((!packing.is_full()).then_some(packing))
}

impl Tapped for Encoder {
    type Input = TokenBatch;

    fn sites(&self) -> Vec<Site> {
        let hidden = (1..=self.blocks.len()).map(Site::Hidden);
        [Site::Embedding]
            .into_iter()
            .chain(hidden)
            .chain([Site::Pooled])
            .collect()
    }

    fn forward(&self, input: &TokenBatch, tap: &mut dyn Tap) -> Result<Tensor> {
        let x = self.embeddings.forward(input, tap)?;
        let mut flow = tap.at(Site::Embedding, Flow::masked(x, input.mask.clone()))?;
        for (k, block) in (1..).zip(&self.blocks) {
            let x = block.forward(&flow, packing(&flow, tap)?.as_ref(), tap)?;
            flow = tap.at(Site::Hidden(k), Flow { x, ..flow })?;
        }
        let pooled = tap.at(Site::Pooled, Flow::new(self.pool(&flow)?))?.x;
        let pooled = dropout(&pooled, self.config.head_dropout, tap.dropout())?;
        self.classifier.forward(&pooled)
    }
}
