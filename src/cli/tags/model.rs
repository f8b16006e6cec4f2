//! The tagger: built, saved, opened again.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::files;
use candle_mixup::nn::{Parameter, Weights};
use candle_mixup::text::{
    EncoderConfig, Freeze, Start, TagSet, Tagger, Tokenizer, encoder_weights,
};

use crate::cli::encoder_files::EncoderFiles;
use crate::cli::task::Built;

/// A fresh tagger with the initial weights of a seed; the head's learning rate is `head_factor` times the others'.
pub fn build(
    files: &EncoderFiles,
    freeze: Option<&str>,
    tags: usize,
    (seed, head_factor): (u64, f64),
    device: &Device,
) -> Result<Built<Tagger>> {
    let freeze: Option<Freeze> = freeze.map(str::parse).transpose()?;
    let mut weights = Weights::new(seed, device).with_pretrained(files.weights.clone());
    if let Some(freeze) = freeze {
        weights = weights.freeze(freeze.matcher(&files.config)?);
    }
    let model = Tagger::load(&weights, &files.config, tags, Start::Pretrained)?;
    let head = |mut p: Parameter| {
        if p.name.starts_with("classifier.") {
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

/// Writes the tagger as a folder that [`open`] and other tools can read.
pub fn save(
    built: &Built<Tagger>,
    folder: &Path,
    tokenizer: &Tokenizer,
    tags: &TagSet,
) -> Result<()> {
    let config = built.model.config().to_tagger_json(&tags.names());
    files::write(folder.join("config.json"), config.as_bytes())?;
    files::write(folder.join("tokenizer.json"), tokenizer.json().as_bytes())?;
    let metadata = [("format".to_string(), "pt".to_string())].into();
    Ok(files::write_tensors(
        folder.join("model.safetensors"),
        &built.weights.tensors()?,
        metadata,
    )?)
}

/// A trained run's tagger and tokenizer.
pub fn open(
    folder: &Path,
    max_tokens: usize,
    tags: usize,
    device: &Device,
) -> Result<(Tagger, Tokenizer)> {
    let config = EncoderConfig::open(folder.join("config.json"))?;
    let tokenizer = Tokenizer::open(folder.join("tokenizer.json"), max_tokens)?;
    let tokenizer = tokenizer.clipped(config.positions())?;
    let saved = Arc::new(encoder_weights(folder, config.family, Start::Saved)?);
    let weights = Weights::new(0, device).with_pretrained(saved);
    let model = Tagger::load(&weights, &config, tags, Start::Saved)?;
    Ok((model, tokenizer))
}
