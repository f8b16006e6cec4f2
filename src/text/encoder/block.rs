//! One block of a transformer encoder, normalised after each half (Vaswani et al. 2017; Devlin et al. 2019):
//!
//! ```text
//! h = LN(x + dropout(attention(x)·Wo))
//! y = LN(h + dropout(act(h·W1)·W2))
//! ```

use candle_core::Tensor;

use super::config::{Activation, EncoderConfig};
use crate::error::Result;
use crate::nn::{self, Init, LayerNorm, Linear, Packing, Scope, attention};
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

    /// `[rows, tokens, width]` to the same; attention heeds the flow's own mask. With a packing, positions left out
    /// are not computed and come out as zeros.
    pub(super) fn forward(
        &self,
        flow: &Flow,
        packing: Option<&Packing>,
        tap: &mut dyn Tap,
    ) -> Result<Tensor> {
        let pack = |x: &Tensor| packing.map_or_else(|| Ok(x.clone()), |packing| packing.pack(x));
        let unpack =
            |x: Tensor| packing.map_or_else(|| Ok(x.clone()), |packing| packing.unpack(&x));
        let dropped = tap.dropout().map(|key| (self.attention_dropout, key));
        let x = pack(&flow.x)?;
        let attended = attention(
            &unpack(self.query_key_value.forward(&x)?)?,
            self.heads,
            flow.mask.as_ref(),
            dropped,
        )?;
        let attended = self.attention_output.forward(&pack(&attended)?)?;
        let h = self.normalise(&self.attention_norm, &attended, &x, packing, tap)?;
        let inner = match self.activation {
            Activation::Gelu(kind) => self.up.forward_gelu(&h, kind)?,
            Activation::Relu => self.up.forward_activated(&h, nn::Activation::Relu)?,
        };
        unpack(self.normalise(&self.norm, &self.down.forward(&inner)?, &h, packing, tap)?)
    }

    fn normalise(
        &self,
        norm: &LayerNorm,
        x: &Tensor,
        residual: &Tensor,
        packing: Option<&Packing>,
        tap: &mut dyn Tap,
    ) -> Result<Tensor> {
        let key = tap.dropout();
        match packing {
            Some(packing) => norm.forward_packed(x, residual, self.dropout, key, packing),
            None => norm.forward_residual(x, residual, self.dropout, key),
        }
    }
}
