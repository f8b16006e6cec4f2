//! A trained run, opened again to score or to tag.

use std::path::Path;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::Error;
use candle_mixup::text::{EncoderConfig, TagSet, Tagger, Tokenizer};

use super::model::open;
use super::settings::{TagData, TagModel};
use crate::cli::args::{ColumnArgs, TextColumnArgs};
use crate::cli::foreign::{refuse, refuse_soft, refuse_texts};
use crate::cli::saved::{check_ended, read_json};
use crate::cli::settings::RunSettings;

/// A run directory of `mixup train tags`.
pub struct SavedTagger {
    pub settings: RunSettings<TagData, TagModel>,
    pub tags: TagSet,
    pub model: Tagger,
    pub tokenizer: Tokenizer,
}

impl SavedTagger {
    /// Opens an ended run.
    ///
    /// # Errors
    /// [`Error::File`] naming what is missing, for a folder that is no run, has not ended, or whose names are no tags.
    pub fn open(folder: &Path, device: &Device) -> Result<Self> {
        let settings: RunSettings<TagData, TagModel> = read_json(&folder.join("settings.json"))?;
        check_ended(folder)?;
        let file = folder.join("config.json");
        let names = EncoderConfig::open(&file)?.classes.unwrap_or_default();
        let tags = TagSet::of_names(&names);
        let tags = tags.ok_or_else(|| Error::file(&file, "its id2label holds no tags"))?;
        let (model, tokenizer) = open(folder, settings.model.max_tokens, tags.len(), device)?;
        Ok(Self {
            settings,
            tags,
            model,
            tokenizer,
        })
    }
}

/// What such rows are called where flags for others are refused.
pub const ROWS: &str = "tagged sentences";

/// Refuses the columns of texts with one label: a run of tags remembers its own.
pub fn refuse_columns(columns: &ColumnArgs) -> Result<()> {
    refuse_soft(ROWS, columns)?;
    refuse_header(&columns.texts)?;
    refuse(ROWS, &[("--label", columns.label.is_some())])
}

/// The same of texts without a label.
pub fn refuse_text_columns(columns: &TextColumnArgs) -> Result<()> {
    refuse_texts(ROWS, columns)?;
    refuse_header(columns)
}

fn refuse_header(columns: &TextColumnArgs) -> Result<()> {
    refuse(ROWS, &[("--no-header", columns.no_header)])
}
