//! The sentence CNN of Kim (2014): convolutions of several widths over word vectors, maximum over time, dropout, linear.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use candle_core::Tensor;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::class_names;
use super::tokens::TokenBatch;
use super::vectors::WordVectors;
use crate::error::{Error, Result};
use crate::nn::{Embedding, Init, Linear, Pretrained, Weights, conv1d, dropout, max_pool_time};
use crate::plan::Site;
use crate::tap::{Flow, Tap, Tapped};

/// The `model_type` in the `config.json` of a trained CNN.
const MODEL_TYPE: &str = "candle-mixup-cnn";

/// Name of the word vectors among the weights.
const VECTORS: &str = "embedding.weight";

/// The shape of a sentence CNN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CnnSettings {
    /// Width of the word vectors; that of given vectors, where there are any. Default: 128.
    pub width: usize,
    /// Words that a filter sees. Default: 3, 4, 5 (Kim 2014).
    pub windows: Vec<usize>,
    /// Filters of each window. Default: 100 (Kim 2014).
    pub filters: usize,
    /// Dropout before the classifier. Default: 0.5 (Kim 2014).
    pub dropout: f64,
}

impl Default for CnnSettings {
    fn default() -> Self {
        Self {
            width: 128,
            windows: vec![3, 4, 5],
            filters: 100,
            dropout: 0.5,
        }
    }
}

impl CnnSettings {
    /// Together with the number of words.
    ///
    /// # Errors
    /// [`Error::Setting`] for a size of 0, a window that stands twice, or a dropout outside [0, 1).
    pub fn check(self, vocabulary: usize) -> Result<CnnConfig> {
        for (name, size) in [
            ("words", vocabulary),
            ("width", self.width),
            ("filters", self.filters),
            ("windows", self.windows.len()),
        ] {
            if size == 0 {
                return Err(Error::setting(name, "at least 1", size));
            }
        }
        let twice = |i: usize| self.windows[..i].contains(&self.windows[i]);
        if let Some(i) = (0..self.windows.len()).find(|&i| self.windows[i] == 0 || twice(i)) {
            return Err(Error::setting(
                "windows",
                "different and at least 1",
                self.windows[i],
            ));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Error::setting("dropout", "in [0, 1)", self.dropout));
        }
        Ok(CnnConfig {
            settings: self,
            vocabulary,
            classes: None,
        })
    }
}

/// A checked configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct CnnConfig {
    settings: CnnSettings,
    vocabulary: usize,
    classes: Option<Vec<String>>,
}

impl CnnConfig {
    /// Reads the `config.json` of a trained CNN.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::File`] for another kind of model or broken JSON; those of [`CnnSettings::check`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(Error::io(path))?;
        let broken = |e: serde_json::Error| Error::file(path, format!("not a CNN's settings: {e}"));
        let fields: Map<String, Value> = serde_json::from_str(&text).map_err(broken)?;
        if fields.get("model_type").and_then(Value::as_str) != Some(MODEL_TYPE) {
            return Err(Error::file(
                path,
                format!("model_type is not '{MODEL_TYPE}'"),
            ));
        }
        let settings = fields.get("cnn").cloned().unwrap_or(Value::Null);
        let settings: CnnSettings = serde_json::from_value(settings).map_err(broken)?;
        let words = fields
            .get("vocab_size")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        Ok(Self {
            classes: class_names::read(&fields),
            ..settings.check(words as usize)?
        })
    }

    /// The text of a `config.json`.
    pub fn to_json(&self, classes: &[String], several: bool) -> String {
        let mut fields = Map::new();
        fields.insert("model_type".into(), MODEL_TYPE.into());
        fields.insert("vocab_size".into(), self.vocabulary.into());
        let settings = serde_json::to_value(&self.settings).unwrap_or(Value::Null);
        fields.insert("cnn".into(), settings);
        class_names::write(&mut fields, classes, class_names::problem(several));
        format!("{:#}\n", Value::Object(fields))
    }

    /// The settings.
    pub fn settings(&self) -> &CnnSettings {
        &self.settings
    }

    /// Number of words.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Class names that the file holds.
    pub fn classes(&self) -> Option<&[String]> {
        self.classes.as_deref()
    }

    /// Whether a `config.json` is that of a CNN.
    pub fn is_cnn(path: impl AsRef<Path>) -> bool {
        fs::read_to_string(path)
            .ok()
            .and_then(|text| serde_json::from_str::<Value>(&text).ok())
            .is_some_and(|fields| fields["model_type"] == MODEL_TYPE)
    }

    /// Weights that begin with given word vectors, for [`Weights::with_pretrained`].
    ///
    /// # Errors
    /// [`Error::Setting`] where the vectors have another width than the model.
    pub fn with_vectors(&self, vectors: &WordVectors, seed: u64) -> Result<Pretrained> {
        if vectors.width() != self.settings.width {
            return Err(Error::setting(
                "width of the word vectors",
                format!("{}, the model's", self.settings.width),
                vectors.width(),
            ));
        }
        let table = vectors.table(self.vocabulary, seed)?;
        Pretrained::from_map(
            vectors.path(),
            BTreeMap::from([(VECTORS.to_owned(), table)]),
        )
    }
}

/// A text classifier trained from scratch.
///
/// Sites: `embedding` (word vectors, zero at padding, `[rows, tokens, width]` with mask), `hidden1` (the feature maps of
/// all windows after ReLU, `[rows, tokens, windows·filters]` with mask), `pooled` (their maximum over the real tokens,
/// `[rows, windows·filters]`, before dropout). Each convolution gives one value a token, with zeros outside the text, so
/// a text may be shorter than the widest window.
#[derive(Debug, Clone)]
pub struct Cnn {
    words: Embedding,
    convolutions: Vec<Convolution>,
    classifier: Linear,
    dropout: f64,
}

#[derive(Debug, Clone)]
struct Convolution {
    weight: Tensor,
    bias: Tensor,
}

impl Cnn {
    /// Takes the model's weights from `weights`, with a classifier of `classes` outputs.
    ///
    /// # Errors
    /// [`Error::Weight`] naming a weight that is misshapen in the file that `weights` was given.
    pub fn load(weights: &Weights, config: &CnnConfig, classes: usize) -> Result<Self> {
        let scope = weights.scope();
        let CnnSettings {
            width,
            windows,
            filters,
            dropout,
        } = &config.settings;
        let bound = |inputs: usize| Init::Uniform {
            bound: 1.0 / (inputs as f64).sqrt(),
        };
        let words = Init::Uniform { bound: 0.25 };
        Ok(Self {
            words: Embedding::load(
                &scope.at("embedding"),
                "weight",
                config.vocabulary,
                *width,
                words,
            )?,
            convolutions: windows
                .iter()
                .map(|&window| {
                    let own = scope.at(format!("convolution{window}"));
                    let init = bound(window * width);
                    Ok(Convolution {
                        weight: own.get("weight", &[*filters, window, *width], init)?,
                        bias: own.get("bias", &[*filters], Init::Zeros)?,
                    })
                })
                .collect::<Result<_>>()?,
            classifier: Linear::load(
                &scope.at("classifier"),
                filters * windows.len(),
                classes,
                bound(filters * windows.len()),
            )?,
            dropout: *dropout,
        })
    }

    /// Word vectors, with zeros at padding: there a mix is the other text alone (Guo, Mao and Zhang 2019).
    fn embed(&self, input: &TokenBatch) -> Result<Tensor> {
        let x = self.words.forward(&input.ids)?;
        let real = input.mask.ne(0f64)?.unsqueeze(2)?.broadcast_as(x.shape())?;
        Ok(real.where_cond(&x, &x.zeros_like()?)?)
    }

    fn feature_maps(&self, flow: &Flow) -> Result<Tensor> {
        let maps = self
            .convolutions
            .iter()
            .map(|c| conv1d(&flow.x, &c.weight, &c.bias, flow.mask.as_ref()))
            .collect::<Result<Vec<_>>>()?;
        Ok(Tensor::cat(&maps, 2)?.relu()?)
    }
}

impl Tapped for Cnn {
    type Input = TokenBatch;

    fn sites(&self) -> Vec<Site> {
        vec![Site::Embedding, Site::Hidden(1), Site::Pooled]
    }

    fn forward(&self, input: &TokenBatch, tap: &mut dyn Tap) -> Result<Tensor> {
        let words = Flow::masked(self.embed(input)?, input.mask.clone());
        let flow = tap.at(Site::Embedding, words)?;
        let maps = self.feature_maps(&flow)?;
        let flow = tap.at(Site::Hidden(1), Flow { x: maps, ..flow })?;
        let pooled = match &flow.mask {
            Some(mask) => max_pool_time(&flow.x, mask)?,
            None => flow.x.max(1)?, // a tap dropped the mask: every token is real
        };
        let pooled = tap.at(Site::Pooled, Flow::new(pooled))?.x;
        let pooled = dropout(&pooled, self.dropout, tap.dropout())?;
        self.classifier.forward(&pooled)
    }
}
