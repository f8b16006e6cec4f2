//! Models of table rows that show their sites: linear, multilayer perceptron, and a transformer over features.

mod categories;
mod features;
mod linear;
mod mlp;
mod settings;
mod transformer;
mod transformer_block;

use candle_core::Tensor;

pub use features::FeatureCells;
pub use linear::LinearModel;
pub use mlp::Mlp;
pub use settings::{LinearSettings, MlpSettings, TableModelSettings, TransformerSettings};
pub use transformer::FeatureTransformer;

use super::encoded::{TableBatch, TableShape};
use crate::error::Result;
use crate::nn::Weights;
use crate::plan::Site;
use crate::tap::{Tap, Tapped};

/// A model of table rows.
///
/// Sites: `input` is the flat row, `[rows, width]`, numeric cells first and then the vector of each category;
/// `embedding` the same row again, or for the transformer `[rows, tokens, token width]`; `hidden1` and so on what each
/// block gives; `pooled` the vector before the head, `[rows, width]`.
#[derive(Debug, Clone)]
pub enum TableModel {
    /// Logits linear in the row.
    Linear(LinearModel),
    /// A multilayer perceptron.
    Mlp(Mlp),
    /// A transformer over features.
    Transformer(FeatureTransformer),
}

impl TableModel {
    /// Takes the model's weights from `weights`, for rows of `shape` and with `outputs` logits or values.
    ///
    /// # Errors
    /// Those of [`TableModelSettings::check`]; [`Error::Weight`](crate::Error::Weight) naming a weight that is
    /// misshapen in the file that `weights` was given.
    pub fn load(
        weights: &Weights,
        settings: &TableModelSettings,
        shape: &TableShape,
        outputs: usize,
    ) -> Result<Self> {
        settings.check(shape, outputs)?;
        let scope = weights.scope();
        Ok(match settings {
            TableModelSettings::Linear(_) => {
                Self::Linear(LinearModel::load(&scope, shape, outputs)?)
            }
            TableModelSettings::Mlp(s) => Self::Mlp(Mlp::load(&scope, s, shape, outputs)?),
            TableModelSettings::Transformer(s) => {
                Self::Transformer(FeatureTransformer::load(&scope, s, shape, outputs)?)
            }
        })
    }

    /// Which cells and tokens each feature owns, numeric features first.
    pub fn features(&self) -> FeatureCells {
        match self {
            Self::Linear(model) => model.features(),
            Self::Mlp(model) => model.features(),
            Self::Transformer(model) => model.features(),
        }
    }

    /// The logits of pooled vectors, `[rows, width]` to `[rows, outputs]`.
    ///
    /// # Errors
    /// Candle's, if the vectors have another width.
    pub fn head(&self, pooled: &Tensor) -> Result<Tensor> {
        match self {
            Self::Linear(model) => model.head(pooled),
            Self::Mlp(model) => model.head(pooled),
            Self::Transformer(model) => model.head(pooled),
        }
    }

    /// The names of the head's weights: all others are frozen to train it alone.
    pub fn head_names(&self) -> [&'static str; 2] {
        ["head.weight", "head.bias"]
    }
}

impl Tapped for TableModel {
    type Input = TableBatch;

    fn sites(&self) -> Vec<Site> {
        match self {
            Self::Linear(model) => model.sites(),
            Self::Mlp(model) => model.sites(),
            Self::Transformer(model) => model.sites(),
        }
    }

    fn forward(&self, input: &TableBatch, tap: &mut dyn Tap) -> Result<Tensor> {
        match self {
            Self::Linear(model) => model.forward(input, tap),
            Self::Mlp(model) => model.forward(input, tap),
            Self::Transformer(model) => model.forward(input, tap),
        }
    }
}

/// Input, embedding, as many blocks, pooled.
fn sites(blocks: usize) -> Vec<Site> {
    [Site::Input, Site::Embedding]
        .into_iter()
        .chain((1..=blocks).map(Site::Hidden))
        .chain([Site::Pooled])
        .collect()
}
