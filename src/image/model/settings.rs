//! The shape of a model of images.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::ImageShape;
use crate::nn::Activation;

/// Which model, and its shape. Written `{"linear": {}}`, `{"mlp": {...}}`, `{"cnn": {...}}`, `{"resnet18": {...}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageModelSettings {
    /// Logits linear in the pixels.
    Linear(LinearSettings),
    /// A multilayer perceptron on the pixels.
    Mlp(MlpSettings),
    /// A small residual network of nine convolutions.
    Cnn(CnnSettings),
    /// The pre-activation ResNet-18.
    Resnet18(ResnetSettings),
}

impl Default for ImageModelSettings {
    fn default() -> Self {
        Self::Cnn(CnnSettings::default())
    }
}

/// The linear model has nothing to be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinearSettings {}

/// The shape of a multilayer perceptron.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MlpSettings {
    /// Width of each hidden layer, at least one. Default: 256, 256.
    pub hidden: Vec<usize>,
    /// What follows each hidden layer. Default: ReLU.
    pub activation: Activation,
    /// Dropout behind it. Default: 0.
    pub dropout: f64,
}

impl Default for MlpSettings {
    fn default() -> Self {
        Self {
            hidden: vec![256, 256],
            activation: Activation::Relu,
            dropout: 0.0,
        }
    }
}

/// The shape of the small network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CnnSettings {
    /// Channels of each stage; every stage after the first halves height and width. Default: 32, 64, 128.
    pub widths: Vec<usize>,
}

impl Default for CnnSettings {
    fn default() -> Self {
        Self {
            widths: vec![32, 64, 128],
        }
    }
}

/// The shape of the ResNet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResnetSettings {
    /// Channels of the first of four stages; each one after it has twice as many. Default: 64.
    pub width: usize,
}

impl Default for ResnetSettings {
    fn default() -> Self {
        Self { width: 64 }
    }
}

/// Stages or layers at most: more halve an image of any size to a pixel.
const MOST: usize = 16;

impl ImageModelSettings {
    /// Refuses what would be no model.
    ///
    /// # Errors
    /// [`Error::Setting`] for a width of 0, for none and for more than 16 of them, for a dropout outside [0, 1), for
    /// images without pixels and for no output.
    pub fn check(&self, shape: ImageShape, outputs: usize) -> Result<()> {
        if shape.is_empty() {
            return Err(Error::setting("image", "at least one pixel", shape));
        }
        if outputs == 0 {
            return Err(Error::setting("outputs", "at least 1", 0));
        }
        match self {
            Self::Linear(_) => Ok(()),
            Self::Cnn(s) => check_widths("widths", &s.widths),
            Self::Resnet18(s) => check_widths("width", &[s.width]),
            Self::Mlp(s) => {
                check_widths("hidden", &s.hidden)?;
                s.activation.check()?;
                match (0.0..1.0).contains(&s.dropout) {
                    true => Ok(()),
                    false => Err(Error::setting("dropout", "in [0, 1)", s.dropout)),
                }
            }
        }
    }
}

fn check_widths(name: &str, widths: &[usize]) -> Result<()> {
    match widths {
        [] => Err(Error::setting(name, "at least one width", "none")),
        _ if widths.len() > MOST => {
            let expected = format!("{MOST} widths at most");
            Err(Error::setting(name, expected, widths.len()))
        }
        _ if widths.contains(&0) => Err(Error::setting(name, "at least 1", 0)),
        _ => Ok(()),
    }
}
