//! The shape of a table model.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::nn::Activation;
use crate::table::TableShape;

/// Which model, and its shape. Written `{"linear": {}}`, `{"mlp": {...}}`, `{"transformer": {...}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableModelSettings {
    /// Logits linear in the row.
    Linear(LinearSettings),
    /// A multilayer perceptron.
    Mlp(MlpSettings),
    /// A transformer over features.
    Transformer(TransformerSettings),
}

impl Default for TableModelSettings {
    fn default() -> Self {
        Self::Mlp(MlpSettings::default())
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
    /// Width of each hidden layer. Default: 128, 128.
    pub hidden: Vec<usize>,
    /// What follows each hidden layer. Default: ReLU.
    pub activation: Activation,
    /// Dropout behind it. Default: 0.1.
    pub dropout: f64,
    /// Width of a category's vector. Default, for a column of n categories: ⌈1.6·n^0.56⌉, 16 at most (fastai's rule).
    pub category_width: Option<usize>,
}

impl Default for MlpSettings {
    fn default() -> Self {
        Self {
            hidden: vec![128, 128],
            activation: Activation::Relu,
            dropout: 0.1,
            category_width: None,
        }
    }
}

impl MlpSettings {
    /// Width of the vector of a column with so many categories.
    pub(super) fn vector(&self, categories: usize) -> usize {
        let rule = || ((1.6 * (categories as f64).powf(0.56)).ceil() as usize).clamp(1, 16);
        self.category_width.unwrap_or_else(rule)
    }
}

/// The shape of a transformer over features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransformerSettings {
    /// Number of blocks. Default: 2.
    pub blocks: usize,
    /// Width of a token. Default: 32.
    pub width: usize,
    /// Heads of attention. Default: 4.
    pub heads: usize,
    /// Width of the feed-forward layer as a multiple of a token's. Default: 4/3 (Gorishniy et al. 2021).
    pub feed_forward: f64,
    /// Dropout of attention weights. Default: 0.2 (Gorishniy et al. 2021).
    pub attention_dropout: f64,
    /// Dropout inside the feed-forward layer. Default: 0.1 (Gorishniy et al. 2021).
    pub dropout: f64,
}

impl Default for TransformerSettings {
    fn default() -> Self {
        Self {
            blocks: 2,
            width: 32,
            heads: 4,
            feed_forward: 4.0 / 3.0,
            attention_dropout: 0.2,
            dropout: 0.1,
        }
    }
}

impl TransformerSettings {
    /// Width of the feed-forward layer.
    pub(super) fn inner(&self) -> usize {
        // A product that falls short of a whole number by rounding alone counts as that number.
        (self.width as f64 * self.feed_forward + 1e-9) as usize
    }
}

impl TableModelSettings {
    /// Whether there is such a model of rows of `shape` with `outputs` logits or values.
    ///
    /// # Errors
    /// [`Error::Setting`] for a size of 0, a dropout outside [0, 1), a slope outside (0, 1), heads that do not divide
    /// the width, rows without a feature, and a column without categories.
    pub fn check(&self, shape: &TableShape, outputs: usize) -> Result<()> {
        at_least_1("outputs", outputs)?;
        at_least_1("features of a row", shape.features())?;
        let empty = |sizes: &[usize]| sizes.iter().find(|size| **size == 0).copied();
        empty(&shape.numeric).map_or(Ok(()), |n| at_least_1("cells of a numeric feature", n))?;
        empty(&shape.categories).map_or(Ok(()), |n| at_least_1("categories of a feature", n))?;
        match self {
            Self::Linear(_) => Ok(()),
            Self::Mlp(settings) => settings.check(),
            Self::Transformer(settings) => settings.check(),
        }
    }
}

impl MlpSettings {
    fn check(&self) -> Result<()> {
        at_least_1("hidden layers", self.hidden.len())?;
        let narrowest = self.hidden.iter().copied().min().unwrap_or(0);
        at_least_1("width of a hidden layer", narrowest)?;
        at_least_1("category_width", self.category_width.unwrap_or(1))?;
        self.activation.check()?;
        share("dropout", self.dropout)
    }
}

impl TransformerSettings {
    fn check(&self) -> Result<()> {
        at_least_1("blocks", self.blocks)?;
        at_least_1("width", self.width)?;
        at_least_1("heads", self.heads)?;
        if !self.width.is_multiple_of(self.heads) {
            let expected = format!("a divisor of the width {}", self.width);
            return Err(Error::setting("heads", expected, self.heads));
        }
        let finite = self.feed_forward.is_finite() && self.feed_forward <= 1024.0;
        if !finite || self.inner() == 0 {
            let expected = "at most 1024, and at least 1 of a token's values";
            return Err(Error::setting("feed_forward", expected, self.feed_forward));
        }
        share("attention_dropout", self.attention_dropout)?;
        share("dropout", self.dropout)
    }
}

fn at_least_1(field: &str, size: usize) -> Result<()> {
    match size {
        0 => Err(Error::setting(field, "at least 1", size)),
        _ => Ok(()),
    }
}

fn share(field: &str, value: f64) -> Result<()> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::setting(field, "in [0, 1)", value))
}
