//! One block of a transformer encoder, normalised after each half (Vaswani et al. 2017; Devlin et al. 2019):
//!
//! ```text
//! h = LN(x + dropout(attention(x)·Wo))
//! y = LN(h + dropout(act(h·W1)·W2))
//! ```

use candle_core::Tensor;

use super::config::{Activation, EncoderConfig};
use crate::error::Result;
use crate::nn::{Init, LayerNorm, Linear, Scope, attention};
use crate::tap::{Flow, Tap};

#[derive(Debug, Clone)]
pub(super) struct Block {
    query_key_value: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    norm: LayerNorm,
    heads: usize,
    activation: Activation,
    dropout: f64,
    attention_dropout: f64,
}

impl Block {
    pub(super) fn load(scope: &Scope, config: &EncoderConfig, init: Init) -> Result<Self> {
        let names = config.family.block_names();
        let (width, inner) = (config.width, config.inner);
        Ok(Self {
            query_key_value: Linear::stacked(
                &scope.at(names.attention),
                &names.query_key_value,
                width,
                width,
                init,
            )?,
            attention_output: Linear::load(&scope.at(names.attention_output), width, width, init)?,
            attention_norm: LayerNorm::load(&scope.at(names.attention_norm), width, config.eps)?,
            up: Linear::load(&scope.at(names.up), width, inner, init)?,
            down: Linear::load(&scope.at(names.down), inner, width, init)?,
            norm: LayerNorm::load(&scope.at(names.norm), width, config.eps)?,
            heads: config.heads,
            activation: config.activation,
            dropout: config.dropout,
            attention_dropout: config.attention_dropout,
        })
    }

    /// `[rows, tokens, width]` to the same; attention heeds the flow's own mask.
    pub(super) fn forward(&self, flow: &Flow, tap: &mut dyn Tap) -> Result<Tensor> {
        let dropped = tap.dropout().map(|key| (self.attention_dropout, key));
        let attended = attention(
            &self.query_key_value.forward(&flow.x)?,
            self.heads,
            flow.mask.as_ref(),
            dropped,
        )?;
        let h = self.attention_norm.forward_residual(
            &self.attention_output.forward(&attended)?,
            &flow.x,
            self.dropout,
            tap.dropout(),
        )?;
        let inner = match self.activation {
            Activation::Gelu(kind) => self.up.forward_gelu(&h, kind)?,
            Activation::Relu => self.up.forward(&h)?.relu()?,
        };
        self.norm
            .forward_residual(&self.down.forward(&inner)?, &h, self.dropout, tap.dropout())
    }
}
