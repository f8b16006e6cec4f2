//! A multilayer perceptron on the pixels; without a hidden layer, a linear model.

use candle_core::Tensor;

use super::settings::MlpSettings;
use crate::error::Result;
use crate::nn::{Activation, Linear, Scope, dropout};
use crate::plan::Site;
use crate::tap::{Flow, Tap};

/// Layers of linear, activation and dropout, then a linear head.
#[derive(Debug, Clone)]
pub(super) struct Mlp {
    layers: Vec<Linear>,
    head: Linear,
    activation: Activation,
    dropout: f64,
}

impl Mlp {
    pub fn load(
        scope: &Scope,
        settings: &MlpSettings,
        pixels: usize,
        outputs: usize,
    ) -> Result<Self> {
        let inputs = [pixels].into_iter().chain(settings.hidden.iter().copied());
        let layers = inputs.clone().zip(&settings.hidden).enumerate();
        let layers = layers.map(|(k, (inputs, outputs))| {
            Linear::uniform(&scope.at("layers").at(k.to_string()), inputs, *outputs)
        });
        let last = inputs.last().unwrap_or(pixels);
        Ok(Self {
            layers: layers.collect::<Result<_>>()?,
            head: Linear::uniform(&scope.at("head"), last, outputs)?,
            activation: settings.activation,
            dropout: settings.dropout,
        })
    }

    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    pub fn forward(&self, images: &Tensor, tap: &mut dyn Tap) -> Result<Tensor> {
        let images = tap.at(Site::Input, Flow::new(images.clone()))?.x;
        let mut x = images.flatten_from(1)?;
        for (k, layer) in (1..).zip(&self.layers) {
            x = layer.forward_activated(&x, self.activation)?;
            x = dropout(&x, self.dropout, tap.dropout())?;
            x = tap.at(Site::Hidden(k), Flow::new(x))?.x;
        }
        self.head.forward(&tap.at(Site::Pooled, Flow::new(x))?.x)
    }
}
