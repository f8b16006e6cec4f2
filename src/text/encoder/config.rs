//! The `config.json` of a BERT, RoBERTa, XLM-RoBERTa or DistilBERT model in Hugging Face layout.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::nn::Gelu;
use crate::text::class_names;

/// The families of encoders that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Devlin et al. 2019.
    Bert,
    /// Liu et al. 2019; with other words also XLM-RoBERTa (Conneau et al. 2020).
    Roberta,
    /// Sanh et al. 2019.
    DistilBert,
}

/// How the tokens of a row become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean of the real tokens (the default).
    #[default]
    Mean,
    /// The first token.
    Cls,
}

/// What stands between the two linear layers of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// GELU, by the error function or its tanh approximation.
    Gelu(Gelu),
    /// max(x, 0).
    Relu,
}

/// A checked configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderConfig {
    /// The family.
    pub family: Family,
    /// Rows of the word embedding.
    pub vocabulary: usize,
    /// Width of the hidden states.
    pub width: usize,
    /// Number of blocks.
    pub blocks: usize,
    /// Attention heads of a block.
    pub heads: usize,
    /// Width between the two linear layers of a block.
    pub inner: usize,
    /// Rows of the position embedding.
    pub position_rows: usize,
    /// Rows of the token-type embedding; 0 where there is none.
    pub types: usize,
    /// The id of padding.
    pub pad: u32,
    /// The activation.
    pub activation: Activation,
    /// Added to the variance in layer normalisation.
    pub eps: f64,
    /// Dropout of embeddings and block outputs.
    pub dropout: f64,
    /// Dropout of attention weights.
    pub attention_dropout: f64,
    /// Dropout before the classifier.
    pub head_dropout: f64,
    /// How rows are pooled: what an earlier run wrote, else the mean.
    pub pooling: Pooling,
    /// Class names that the file holds.
    pub classes: Option<Vec<String>>,
    fields: Map<String, Value>,
}

impl EncoderConfig {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::File`] for broken JSON, a missing or impossible field, or another kind of model.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(Error::io(path))?;
        let fields = serde_json::from_str(&text)
            .map_err(|e| Error::file(path, format!("not a JSON object: {e}")))?;
        let reader = Fields {
            path: path.into(),
            fields,
        };
        reader.check()
    }

    /// Most tokens of a row: RoBERTa's positions begin behind that of padding.
    pub fn positions(&self) -> usize {
        self.position_rows - self.first_position()
    }

    /// The position of the first token.
    pub(super) fn first_position(&self) -> usize {
        match self.family {
            Family::Roberta => self.pad as usize + 1,
            Family::Bert | Family::DistilBert => 0,
        }
    }

    /// The text of a `config.json` for a trained model: the fields that were read, and class names, `problem_type` and
    /// `pooling`.
    pub fn to_json(&self, classes: &[String], several: bool, pooling: Pooling) -> String {
        let mut fields = self.fields.clone();
        class_names::write(&mut fields, classes, class_names::problem(several));
        let pooling = serde_json::to_value(pooling).unwrap_or(Value::Null);
        fields.insert("pooling".into(), pooling);
        fields.insert("torch_dtype".into(), "float32".into());
        format!("{:#}\n", Value::Object(fields))
    }

    /// The same for a trained [`Tagger`](super::Tagger): the names are tags, and nothing is pooled.
    pub fn to_tagger_json(&self, tags: &[String]) -> String {
        let mut fields = self.fields.clone();
        class_names::write(&mut fields, tags, None);
        fields.shift_remove("pooling");
        fields.insert("torch_dtype".into(), "float32".into());
        format!("{:#}\n", Value::Object(fields))
    }
}

/// The fields as read, and where from.
struct Fields {
    path: PathBuf,
    fields: Map<String, Value>,
}

/// The names of the fields that differ between families.
struct FieldNames {
    width: &'static str,
    blocks: &'static str,
    heads: &'static str,
    inner: &'static str,
    activation: &'static str,
    dropout: &'static str,
    attention_dropout: &'static str,
    head_dropout: &'static str,
}

const BERT_FIELDS: FieldNames = FieldNames {
    width: "hidden_size",
    blocks: "num_hidden_layers",
    heads: "num_attention_heads",
    inner: "intermediate_size",
    activation: "hidden_act",
    dropout: "hidden_dropout_prob",
    attention_dropout: "attention_probs_dropout_prob",
    head_dropout: "classifier_dropout",
};

const DISTILBERT_FIELDS: FieldNames = FieldNames {
    width: "dim",
    blocks: "n_layers",
    heads: "n_heads",
    inner: "hidden_dim",
    activation: "activation",
    dropout: "dropout",
    attention_dropout: "attention_dropout",
    head_dropout: "seq_classif_dropout",
};

impl Fields {
    fn check(self) -> Result<EncoderConfig> {
        let family = self.family()?;
        let names = match family {
            Family::DistilBert => &DISTILBERT_FIELDS,
            Family::Bert | Family::Roberta => &BERT_FIELDS,
        };
        let dropout = self.share(names.dropout)?.unwrap_or(0.1);
        let config = EncoderConfig {
            family,
            vocabulary: self.count("vocab_size")?,
            width: self.count(names.width)?,
            blocks: self.count(names.blocks)?,
            heads: self.count(names.heads)?,
            inner: self.count(names.inner)?,
            position_rows: self.count("max_position_embeddings")?,
            types: match family {
                Family::DistilBert => 0,
                Family::Bert | Family::Roberta => self.optional_count("type_vocab_size", 2)?,
            },
            pad: self.optional_count("pad_token_id", usize::from(family == Family::Roberta))?
                as u32,
            activation: self.activation(names.activation)?,
            eps: self.eps()?,
            dropout,
            attention_dropout: self.share(names.attention_dropout)?.unwrap_or(0.1),
            head_dropout: self.share(names.head_dropout)?.unwrap_or(dropout),
            pooling: self.pooling()?,
            classes: class_names::read(&self.fields),
            fields: self.fields.clone(),
        };
        self.check_sizes(&config)?;
        Ok(config)
    }

    fn check_sizes(&self, config: &EncoderConfig) -> Result<()> {
        if !config.width.is_multiple_of(config.heads) {
            return self.refuse(format!(
                "the width {} cannot be split into {} heads",
                config.width, config.heads
            ));
        }
        if config.position_rows <= config.first_position() + 2 {
            return self.refuse(format!(
                "{} positions leave no room for a text",
                config.position_rows
            ));
        }
        let positions = self.fields.get("position_embedding_type");
        match positions.and_then(Value::as_str) {
            None | Some("absolute") => Ok(()),
            Some(other) => self.refuse(format!(
                "position_embedding_type '{other}' is not known, only 'absolute'"
            )),
        }
    }

    fn family(&self) -> Result<Family> {
        match self.fields.get("model_type").and_then(Value::as_str) {
            Some("bert") => Ok(Family::Bert),
            Some("roberta" | "xlm-roberta") => Ok(Family::Roberta),
            Some("distilbert") => Ok(Family::DistilBert),
            Some(other) => self.refuse(format!(
                "model_type '{other}' is not one of bert, roberta, xlm-roberta, distilbert"
            )),
            None => self.refuse("has no model_type".into()),
        }
    }

    fn count(&self, name: &str) -> Result<usize> {
        match self.fields.get(name).and_then(Value::as_u64) {
            Some(n) if (1..=u64::from(u32::MAX)).contains(&n) => Ok(n as usize),
            _ => self.refuse(format!(
                "{name} must be a positive whole number, got {}",
                self.shown(name)
            )),
        }
    }

    fn optional_count(&self, name: &str, default: usize) -> Result<usize> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(value) if value.as_u64() == Some(0) => Ok(0),
            Some(_) => self.count(name),
        }
    }

    fn share(&self, name: &str) -> Result<Option<f64>> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64() {
                Some(p) if (0.0..1.0).contains(&p) => Ok(Some(p)),
                _ => self.refuse(format!("{name} must be in [0, 1), got {value}")),
            },
        }
    }

    fn eps(&self) -> Result<f64> {
        match self.fields.get("layer_norm_eps") {
            None => Ok(1e-12),
            Some(value) => match value.as_f64() {
                Some(eps) if eps > 0.0 && eps.is_finite() => Ok(eps),
                _ => self.refuse(format!("layer_norm_eps must be positive, got {value}")),
            },
        }
    }

    fn activation(&self, name: &str) -> Result<Activation> {
        match self.fields.get(name).map_or(Some("gelu"), Value::as_str) {
            Some("gelu") => Ok(Activation::Gelu(Gelu::Erf)),
            Some("gelu_new" | "gelu_fast" | "gelu_pytorch_tanh") => {
                Ok(Activation::Gelu(Gelu::Tanh))
            }
            Some("relu") => Ok(Activation::Relu),
            _ => self.refuse(format!(
                "{name} must be gelu, gelu_new or relu, got {}",
                self.shown(name)
            )),
        }
    }

    fn pooling(&self) -> Result<Pooling> {
        match self.fields.get("pooling").map(|v| v.as_str()) {
            None | Some(Some("mean")) => Ok(Pooling::Mean),
            Some(Some("cls")) => Ok(Pooling::Cls),
            Some(_) => self.refuse(format!(
                "pooling must be mean or cls, got {}",
                self.shown("pooling")
            )),
        }
    }

    fn shown(&self, name: &str) -> String {
        self.fields
            .get(name)
            .map_or_else(|| "nothing".into(), Value::to_string)
    }

    fn refuse<T>(&self, problem: String) -> Result<T> {
        Err(Error::file(&self.path, problem))
    }
}
