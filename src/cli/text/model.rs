//! The text models that the program trains, behind one type.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use candle_core::{Device, Tensor};
use candle_mixup::nn::{Parameter, Pretrained, Weights};
use candle_mixup::text::{
    Cnn, CnnConfig, CnnSettings, Encoder, EncoderConfig, Freeze, Start, TokenBatch, Tokenizer,
    WordVectors, encoder_weights,
};
use candle_mixup::train::TargetKind;
use candle_mixup::{Site, Tap, Tapped, files};

use super::model_dir;
use super::settings::{ModelKind, ModelSettings};
use super::task::Tokens;
use crate::cli::encoder_files::EncoderFiles;
use crate::cli::task::Built;

/// An encoder or a sentence CNN.
pub enum TextModel {
    Encoder(Encoder),
    Cnn { model: Cnn, config: CnnConfig },
}

impl Tapped for TextModel {
    type Input = TokenBatch;

    fn sites(&self) -> Vec<Site> {
        match self {
            Self::Encoder(model) => model.sites(),
            Self::Cnn { model, .. } => model.sites(),
        }
    }

    fn forward(&self, input: &TokenBatch, tap: &mut dyn Tap) -> candle_mixup::Result<Tensor> {
        match self {
            Self::Encoder(model) => model.forward(input, tap),
            Self::Cnn { model, .. } => model.forward(input, tap),
        }
    }
}

/// What the models of all seeds have in common, read once.
pub enum Family {
    Encoder(Box<EncoderFiles>),
    Cnn,
}

impl Family {
    /// Reads what the settings name: configuration, weights and tokenizer, or word vectors.
    pub fn open(settings: &ModelSettings) -> Result<Self> {
        let folder = match &settings.model {
            ModelKind::Shipped => model_dir::shipped()?,
            ModelKind::Folder(folder) => folder.clone(),
            ModelKind::Cnn => return Ok(Self::Cnn),
        };
        let files = EncoderFiles::open(&folder, settings.max_tokens)?;
        Ok(Self::Encoder(Box::new(files)))
    }

    /// The tokenizer that the model brings; `None` where the vocabulary is learnt from the training rows.
    pub fn tokenizer(&self) -> Option<&Tokenizer> {
        match self {
            Self::Encoder(files) => Some(&files.tokenizer),
            Self::Cnn => None,
        }
    }

    /// A fresh model with the initial weights of a seed; the head's learning rate is `head_factor` times the others'.
    pub fn build(
        &self,
        settings: &ModelSettings,
        tokens: &Tokens,
        classes: usize,
        seed: u64,
        head_factor: f64,
        device: &Device,
    ) -> Result<Built<TextModel>> {
        let freeze: Option<Freeze> = settings.freeze.as_deref().map(str::parse).transpose()?;
        let weights = Weights::new(seed, device);
        let (model, weights) = match self {
            Self::Encoder(files) => {
                let config = &files.config;
                let mut weights = weights.with_pretrained(files.weights.clone());
                if let Some(freeze) = freeze {
                    weights = weights.freeze(freeze.matcher(config)?);
                }
                let start = Start::Pretrained;
                let encoder = Encoder::load(&weights, config, settings.pooling, classes, start)?;
                (TextModel::Encoder(encoder), weights)
            }
            Self::Cnn => build_cnn(weights, tokens, classes, seed, freeze.is_some())?,
        };
        let head = |mut p: Parameter| {
            if matches!(model, TextModel::Encoder(_)) && p.name.starts_with("classifier.") {
                p.rate = head_factor;
            }
            p
        };
        let parameters = weights.parameters().into_iter().map(head).collect();
        Ok(Built {
            model,
            weights,
            parameters,
        })
    }
}

/// A CNN of the tokenizer's words, which begins with given word vectors where there are some.
fn build_cnn(
    mut weights: Weights,
    tokens: &Tokens,
    classes: usize,
    seed: u64,
    freezes: bool,
) -> Result<(TextModel, Weights)> {
    let defaults = CnnSettings::default();
    let width = tokens
        .vectors
        .as_ref()
        .map_or(defaults.width, WordVectors::width);
    let config = CnnSettings { width, ..defaults }.check(tokens.tokenizer.words().len())?;
    if let Some(vectors) = &tokens.vectors {
        weights = weights.with_pretrained(Arc::new(config.with_vectors(vectors, seed)?));
    }
    if freezes {
        weights = weights.freeze(|name| name.starts_with("embedding."));
    }
    let model = Cnn::load(&weights, &config, classes)?;
    Ok((TextModel::Cnn { model, config }, weights))
}

/// Writes the model as a folder that [`open`], and for encoders other tools, can read.
pub fn save(
    built: &Built<TextModel>,
    folder: &Path,
    tokenizer: &Tokenizer,
    classes: &[String],
    kind: TargetKind,
) -> Result<()> {
    let config = match &built.model {
        TextModel::Encoder(m) => {
            m.config()
                .to_json(classes, kind == TargetKind::MultiLabel, m.pooling())
        }
        TextModel::Cnn { config, .. } => config.to_json(classes, kind == TargetKind::MultiLabel),
    };
    files::write(folder.join("config.json"), config.as_bytes())?;
    files::write(folder.join("tokenizer.json"), tokenizer.json().as_bytes())?;
    let metadata = [("format".to_string(), "pt".to_string())].into();
    Ok(files::write_tensors(
        folder.join("model.safetensors"),
        &built.weights.tensors()?,
        metadata,
    )?)
}

/// A trained run's model and tokenizer.
pub fn open(
    folder: &Path,
    settings: &ModelSettings,
    classes: usize,
    device: &Device,
) -> Result<(Built<TextModel>, Tokenizer)> {
    let tokenizer = Tokenizer::open(folder.join("tokenizer.json"), settings.max_tokens)?;
    let weights = Weights::new(0, device);
    let (model, tokenizer, weights) = match settings.model {
        ModelKind::Cnn => {
            let config = CnnConfig::open(folder.join("config.json"))?;
            let weights = weights.with_pretrained(Arc::new(Pretrained::open(folder)?));
            let model = Cnn::load(&weights, &config, classes)?;
            (TextModel::Cnn { model, config }, tokenizer, weights)
        }
        ModelKind::Shipped | ModelKind::Folder(_) => {
            let config = EncoderConfig::open(folder.join("config.json"))?;
            let tokenizer = tokenizer.clipped(config.positions())?;
            let weights = weights.with_pretrained(Arc::new(encoder_weights(
                folder,
                config.family,
                Start::Saved,
            )?));
            let encoder =
                Encoder::load(&weights, &config, settings.pooling, classes, Start::Saved)?;
            (TextModel::Encoder(encoder), tokenizer, weights)
        }
    };
    let parameters = weights.parameters();
    Ok((
        Built {
            model,
            weights,
            parameters,
        },
        tokenizer,
    ))
}
