//! What all encoders have below their heads: embeddings and blocks.

use candle_core::DType;

use super::block::Block;
use super::config::EncoderConfig;
use super::embeddings::Embeddings;
use super::names::Start;
use crate::error::Result;
use crate::nn::{Init, Linear, Packing, Weights};
use crate::plan::Site;
use crate::tap::{Flow, Tap};
use crate::text::tokens::TokenBatch;

/// BERT's standard deviation of initial weights (Devlin et al. 2019).
const INIT: Init = Init::Normal { std: 0.02 };

/// Embeddings and blocks, with a site behind each.
#[derive(Debug, Clone)]
pub(super) struct Trunk {
    embeddings: Embeddings,
    blocks: Vec<Block>,
}

impl Trunk {
    pub(super) fn load(weights: &Weights, config: &EncoderConfig, start: Start) -> Result<Self> {
        let root = weights.scope();
        let encoder = match start {
            Start::Pretrained | Start::Saved => root.required(),
            Start::Random => root,
        };
        let blocks = encoder.at(config.family.blocks());
        Ok(Self {
            embeddings: Embeddings::load(&encoder.at("embeddings"), config, INIT)?,
            blocks: (0..config.blocks)
                .map(|k| Block::load(&blocks.at(k.to_string()), config, INIT))
                .collect::<Result<_>>()?,
        })
    }

    /// The embedding, and each block.
    pub(super) fn sites(&self) -> Vec<Site> {
        let hidden = (1..=self.blocks.len()).map(Site::Hidden);
        [Site::Embedding].into_iter().chain(hidden).collect()
    }

    /// `[rows, tokens, width]` behind the last block's site, with the mask in force there.
    pub(super) fn forward(&self, input: &TokenBatch, tap: &mut dyn Tap) -> Result<Flow> {
        let x = self.embeddings.forward(input, tap)?;
        let mut flow = tap.at(Site::Embedding, Flow::masked(x, input.mask.clone()))?;
        for (k, block) in (1..).zip(&self.blocks) {
            let x = block.forward(&flow, packing(&flow, tap)?.as_ref(), tap)?;
            flow = tap.at(Site::Hidden(k), Flow { x, ..flow })?;
        }
        Ok(flow)
    }
}

/// The linear layer on top.
pub(super) fn classifier(
    weights: &Weights,
    config: &EncoderConfig,
    outputs: usize,
    start: Start,
) -> Result<Linear> {
    let root = weights.scope();
    let head = match start {
        Start::Saved => root.required(),
        Start::Pretrained | Start::Random => root,
    };
    Linear::load(&head.at("classifier"), config.width, outputs, INIT)
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
