//! One block of the transformer over features, normalised before each half (Gorishniy et al. 2021):
//!
//! ```text
//! h = x + attention(LN(x))·Wo
//! y = h + dropout(ReGLU(LN(h)·W1))·W2
//! ```

use candle_core::Tensor;

use super::categories::uniform;
use super::settings::TransformerSettings;
use crate::error::Result;
use crate::nn::{LayerNorm, Linear, Scope, attention_of, reglu};
use crate::tap::Tap;

/// ε of every layer norm; PyTorch's default.
pub(super) const EPS: f64 = 1e-5;

#[derive(Debug, Clone)]
pub(super) struct Block {
    /// `None` in the first block, which takes the tokens as they are.
    attention_norm: Option<LayerNorm>,
    query_key_value: Linear,
    output: Linear,
    norm: LayerNorm,
    up: Linear,
    down: Linear,
    heads: usize,
    attention_dropout: f64,
    dropout: f64,
}

impl Block {
    pub(super) fn load(scope: &Scope, settings: &TransformerSettings, first: bool) -> Result<Self> {
        let (width, inner) = (settings.width, settings.inner());
        let attention = scope.at("attention");
        let parts = ["query", "key", "value"];
        let init = uniform(width);
        let norm = |name: &str| LayerNorm::load(&scope.at(name), width, EPS);
        Ok(Self {
            attention_norm: (!first).then(|| norm("attention_norm")).transpose()?,
            query_key_value: Linear::stacked(&attention, &parts, width, width, init)?,
            output: Linear::load(&attention.at("output"), width, width, init)?,
            norm: norm("norm")?,
            up: Linear::uniform(&scope.at("up"), width, 2 * inner)?,
            down: Linear::uniform(&scope.at("down"), inner, width)?,
            heads: settings.heads,
            attention_dropout: settings.attention_dropout,
            dropout: settings.dropout,
        })
    }

    /// `[rows, tokens, width]` to `[rows, kept, width]`: the first `kept` tokens of each row after the block.
    pub(super) fn forward(&self, x: &Tensor, kept: usize, tap: &mut dyn Tap) -> Result<Tensor> {
        let normal = match &self.attention_norm {
            Some(norm) => norm.forward(x)?,
            None => x.clone(),
        };
        let packed = self.query_key_value.forward(&normal)?;
        let dropped = tap.dropout().map(|key| (self.attention_dropout, key));
        let attended = attention_of(kept, &packed, self.heads, None, dropped)?;
        let residual = match x.dim(1)? {
            tokens if tokens == kept => x.clone(),
            _ => x.narrow(1, 0, kept)?,
        };
        let h = (residual + self.output.forward(&attended)?)?;
        let inner = reglu(
            &self.up.forward(&self.norm.forward(&h)?)?,
            self.dropout,
            tap.dropout(),
        )?;
        Ok((&h + self.down.forward(&inner)?)?)
    }
}
