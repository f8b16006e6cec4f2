//! The files of a text model's folder.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The files that a model folder in Hugging Face layout must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFiles {
    /// `config.json`.
    pub config: PathBuf,
    /// `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// `model.safetensors`, or the index of its shards.
    pub weights: PathBuf,
}

impl ModelFiles {
    /// Looks for the files; nothing is read.
    ///
    /// # Errors
    /// [`Error::Io`] where there is no such folder, [`Error::File`] naming the file that it lacks.
    pub fn find(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        if !folder.metadata().map_err(Error::io(folder))?.is_dir() {
            return Err(Error::file(folder, "is a file, not a model folder"));
        }
        let find = |names: &[&str], hint: &str| {
            names
                .iter()
                .map(|name| folder.join(name))
                .find(|file| file.is_file())
                .ok_or_else(|| {
                    Error::file(folder, format!("holds no {}{hint}", names.join(" or ")))
                })
        };
        Ok(Self {
            config: find(&["config.json"], "")?,
            tokenizer: find(
                &["tokenizer.json"],
                "; a vocabulary alone (vocab.txt, sentencepiece.bpe.model) is not read",
            )?,
            weights: find(
                &["model.safetensors", "model.safetensors.index.json"],
                "; other formats (pytorch_model.bin) are not read",
            )?,
        })
    }
}
