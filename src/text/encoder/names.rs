//! The names of an encoder's weights: Hugging Face's own, without the prefix of the model that was around it.

use std::path::Path;

use super::config::Family;
use crate::error::{Error, Result};
use crate::nn::Pretrained;

/// Where the parts of a block stand, below the block's own name.
pub(super) struct BlockNames {
    pub(super) attention: &'static str,
    pub(super) query_key_value: [&'static str; 3],
    pub(super) attention_output: &'static str,
    pub(super) attention_norm: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
    pub(super) norm: &'static str,
}

const BERT: BlockNames = BlockNames {
    attention: "attention.self",
    query_key_value: ["query", "key", "value"],
    attention_output: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    norm: "output.LayerNorm",
};

const DISTILBERT: BlockNames = BlockNames {
    attention: "attention",
    query_key_value: ["q_lin", "k_lin", "v_lin"],
    attention_output: "attention.out_lin",
    attention_norm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    norm: "output_layer_norm",
};

impl Family {
    pub(super) fn block_names(self) -> &'static BlockNames {
        match self {
            Self::Bert | Self::Roberta => &BERT,
            Self::DistilBert => &DISTILBERT,
        }
    }

    /// What stands before a block's number.
    pub(super) fn blocks(self) -> &'static str {
        match self {
            Self::Bert | Self::Roberta => "encoder.layer",
            Self::DistilBert => "transformer.layer",
        }
    }
}

/// Where the weights of a model start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The encoder from a file, in which all its weights must be; the classifier anew.
    Pretrained,
    /// Encoder and classifier from a file: a model that was trained here.
    Saved,
    /// Everything drawn from the seed.
    Random,
}

/// Reads an encoder's weights from a safetensors file or a model folder: prefixes (`bert.`, `roberta.`, `distilbert.`)
/// and the old names of layer-norm weights (`gamma`, `beta`) are translated, heads and poolers left out. The classifier
/// is kept for [`Start::Saved`].
///
/// # Errors
/// Those of [`Pretrained::open`]; [`Error::File`] where the file holds no encoder of this family.
pub fn encoder_weights(path: impl AsRef<Path>, family: Family, start: Start) -> Result<Pretrained> {
    let path = path.as_ref();
    let blocks = format!("{}.", family.blocks());
    let weights = Pretrained::open(path)?.rename(|name| {
        let name = plain_name(name);
        let classifier = matches!(name.as_str(), "classifier.weight" | "classifier.bias");
        let encoder = name.starts_with("embeddings.") || name.starts_with(&blocks);
        (encoder || classifier && start == Start::Saved).then_some(name)
    });
    if !weights.names().any(|name| name.starts_with("embeddings.")) {
        return Err(Error::file(
            path,
            format!("holds no weights of a {family:?} encoder (embeddings.*, {blocks}*)"),
        ));
    }
    Ok(weights)
}

fn plain_name(name: &str) -> String {
    let name = ["bert.", "roberta.", "distilbert."]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    let (stem, last) = name.rsplit_once('.').unwrap_or(("", name));
    match last {
        "gamma" => format!("{stem}.weight"),
        "beta" => format!("{stem}.bias"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_prefixes_and_old_endings() {
        for (name, plain) in [
            (
                "bert.embeddings.LayerNorm.gamma",
                "embeddings.LayerNorm.weight",
            ),
            ("embeddings.LayerNorm.beta", "embeddings.LayerNorm.bias"),
            (
                "roberta.encoder.layer.0.output.dense.bias",
                "encoder.layer.0.output.dense.bias",
            ),
            (
                "distilbert.transformer.layer.1.ffn.lin1.weight",
                "transformer.layer.1.ffn.lin1.weight",
            ),
            ("classifier.weight", "classifier.weight"),
        ] {
            assert_eq!(plain_name(name), plain);
        }
    }
}
