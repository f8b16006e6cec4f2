//! The FT-Transformer (Gorishniy et al. 2021, "Revisiting Deep Learning Models for Tabular Data"): a token a feature, a
//! class token before them, blocks of attention, and a head on the class token.

use candle_core::Tensor;

use super::categories::{OneTable, codes, flat_row, uniform};
use super::features::FeatureCells;
use super::settings::TransformerSettings;
use super::sites;
use super::transformer_block::{Block, EPS};
use crate::error::Result;
use crate::nn::{FeatureTokens, LayerNorm, Linear, Scope, prepend};
use crate::plan::Site;
use crate::table::{TableBatch, TableShape};
use crate::tap::{Flow, Tap, Tapped};

/// A transformer over the features of a row.
///
/// Sites: `input`, the flat row `[rows, width]`; `embedding`, the tokens `[rows, tokens, token width]`, one a numeric
/// cell and one a category; `hidden1` and so on what each block gives, the class token first, `[rows, 1 + tokens, token
/// width]`, and after the last block the class token alone, `[rows, 1, token width]`, since the head reads no other;
/// `pooled`, that token after norm and ReLU, `[rows, token width]`.
#[derive(Debug, Clone)]
pub struct FeatureTransformer {
    shape: TableShape,
    categories: Option<OneTable>,
    tokens: FeatureTokens,
    class_token: Tensor,
    blocks: Vec<Block>,
    norm: LayerNorm,
    head: Linear,
    width: usize,
}

impl FeatureTransformer {
    pub(super) fn load(
        scope: &Scope,
        settings: &TransformerSettings,
        shape: &TableShape,
        outputs: usize,
    ) -> Result<Self> {
        let width = settings.width;
        let (cells, categories) = (shape.cells(), shape.categories.len());
        let blocks = scope.at("blocks");
        Ok(Self {
            categories: OneTable::load(scope, shape, width)?,
            tokens: FeatureTokens::load(&scope.at("tokens"), cells, categories, width)?,
            class_token: scope.get("class_token", &[width], uniform(width))?,
            blocks: (0..settings.blocks)
                .map(|k| Block::load(&blocks.at(k.to_string()), settings, k == 0))
                .collect::<Result<_>>()?,
            norm: LayerNorm::load(&scope.at("norm"), width, EPS)?,
            head: Linear::uniform(&scope.at("head"), width, outputs)?,
            shape: shape.clone(),
            width,
        })
    }

    pub(super) fn features(&self) -> FeatureCells {
        FeatureCells::tokens(&self.shape, self.width)
    }

    pub(super) fn head(&self, pooled: &Tensor) -> Result<Tensor> {
        self.head.forward(pooled)
    }

    fn embed(&self, input: &TableBatch) -> Result<Tensor> {
        let codes = codes(input, &self.shape)?;
        let vectors = self.categories.as_ref();
        let vectors = vectors
            .map(|table| table.forward(&codes, input))
            .transpose()?;
        flat_row(input, vectors.as_slice())
    }

    /// The class token after norm and ReLU.
    fn pool(&self, x: &Tensor) -> Result<Tensor> {
        let first = x.narrow(1, 0, 1)?.squeeze(1)?.contiguous()?;
        let y = self.norm.forward(&first)?;
        Ok(y.le(0f64)?.where_cond(&y.zeros_like()?, &y)?)
    }
}

impl Tapped for FeatureTransformer {
    type Input = TableBatch;

    fn sites(&self) -> Vec<Site> {
        sites(self.blocks.len())
    }

    fn forward(&self, input: &TableBatch, tap: &mut dyn Tap) -> Result<Tensor> {
        let flow = tap.at(Site::Input, Flow::new(self.embed(input)?))?;
        let tokens = self.tokens.forward(&flow.x)?;
        let flow = tap.at(Site::Embedding, Flow::new(tokens))?;
        let mut x = prepend(&self.class_token, &flow.x)?;
        for (k, block) in (1..).zip(&self.blocks) {
            let kept = if k == self.blocks.len() { 1 } else { x.dim(1)? };
            let block = block.forward(&x, kept, tap)?;
            x = tap.at(Site::Hidden(k), Flow::new(block))?.x;
        }
        let pooled = tap.at(Site::Pooled, Flow::new(self.pool(&x)?))?.x;
        self.head(&pooled)
    }
}
