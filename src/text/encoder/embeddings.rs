//! The embeddings below an encoder's first block: dropout(LN(word + position + type)).

use candle_core::{DType, Tensor};

use super::config::{EncoderConfig, Family};
use crate::error::{Error, Result};
use crate::nn::{Embedding, Init, LayerNorm, Scope, dropout, embed_sum};
use crate::tap::Tap;
use crate::text::tokens::TokenBatch;

#[derive(Debug, Clone)]
pub(super) struct Embeddings {
    words: Embedding,
    positions: Embedding,
    types: Option<Embedding>,
    norm: LayerNorm,
    family: Family,
    pad: u32,
    longest: usize,
    dropout: f64,
}

impl Embeddings {
    pub(super) fn load(scope: &Scope, config: &EncoderConfig, init: Init) -> Result<Self> {
        let table =
            |name: &str, rows| Embedding::load(&scope.at(name), "weight", rows, config.width, init);
        Ok(Self {
            words: table("word_embeddings", config.vocabulary)?,
            positions: table("position_embeddings", config.position_rows)?,
            types: match config.types {
                0 => None,
                rows => Some(table("token_type_embeddings", rows)?),
            },
            norm: LayerNorm::load(&scope.at("LayerNorm"), config.width, config.eps)?,
            family: config.family,
            pad: config.pad,
            longest: config.positions(),
            dropout: config.dropout,
        })
    }

    /// `[rows, tokens, width]`.
    pub(super) fn forward(&self, batch: &TokenBatch, tap: &mut dyn Tap) -> Result<Tensor> {
        let (_, tokens) = batch.ids.dims2()?;
        if tokens > self.longest {
            return Err(Error::Shape {
                what: "tokens of a row".into(),
                expected: format!("at most the model's {} positions", self.longest),
                got: tokens.to_string(),
            });
        }
        let positions = self.positions(batch, tokens)?;
        let mut tables = vec![(&self.words, &batch.ids), (&self.positions, &positions)];
        let types = self.type_ids(batch, tokens)?;
        if let (Some(table), Some(types)) = (&self.types, &types) {
            tables.push((table, types));
        }
        let x = self.norm.forward(&embed_sum(&tables)?)?;
        dropout(&x, self.dropout, tap.dropout())
    }

    /// 0, 1, 2, ...; RoBERTa counts real tokens from behind the padding's id, which padding keeps.
    fn positions(&self, batch: &TokenBatch, tokens: usize) -> Result<Tensor> {
        let device = batch.ids.device();
        match self.family {
            Family::Bert | Family::DistilBert => Ok(Tensor::arange(0u32, tokens as u32, device)?),
            Family::Roberta => {
                let count =
                    Tensor::arange(1u32, tokens as u32 + 1, device)?.to_dtype(DType::F32)?;
                let real = batch.mask.broadcast_mul(&count)?;
                Ok((real + f64::from(self.pad))?.to_dtype(DType::U32)?)
            }
        }
    }

    /// Token types, all 0 where texts have no second part or the model cannot tell parts apart.
    fn type_ids(&self, batch: &TokenBatch, tokens: usize) -> Result<Option<Tensor>> {
        let Some(table) = &self.types else {
            return Ok(None);
        };
        Ok(Some(match &batch.types {
            Some(types) if table.count() > 1 => types.clone(),
            _ => Tensor::zeros(tokens, DType::U32, batch.ids.device())?,
        }))
    }
}
