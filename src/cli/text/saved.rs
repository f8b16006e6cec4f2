//! A trained run, opened again to score or to label.

use std::path::Path;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::text::{LabelKind, Tokenizer};
use candle_mixup::train::TargetKind;
use serde::Deserialize;

use super::model::{TextModel, open};
use super::settings::{DataSettings, ModelSettings};
use crate::cli::saved::{check_ended, read_json};
use crate::cli::settings::RunSettings;
use crate::cli::task::Built;

type TextSettings = RunSettings<DataSettings, ModelSettings>;

/// A run directory of `mixup train`.
pub struct SavedRun {
    pub settings: TextSettings,
    pub classes: Vec<String>,
    pub kind: TargetKind,
    pub built: Built<TextModel>,
    pub tokenizer: Tokenizer,
}

/// What of a run's `config.json` labels need.
#[derive(Deserialize)]
struct Config {
    id2label: std::collections::BTreeMap<usize, String>,
    problem_type: Option<String>,
}

impl SavedRun {
    /// Opens an ended run.
    ///
    /// # Errors
    /// [`candle_mixup::Error::File`] naming what is missing, for a folder that is no run, has not ended, or was written by another
    /// version whose settings differ.
    pub fn open(folder: &Path, device: &Device) -> Result<Self> {
        let settings: TextSettings = read_json(&folder.join("settings.json"))?;
        check_ended(folder)?;
        let config: Config = read_json(&folder.join("config.json"))?;
        let classes: Vec<String> = config.id2label.into_values().collect();
        let several = config.problem_type.as_deref() == Some("multi_label_classification");
        let kind = if several {
            TargetKind::MultiLabel
        } else {
            TargetKind::SingleLabel
        };
        let (built, tokenizer) = open(folder, &settings.model, classes.len(), device)?;
        Ok(Self {
            settings,
            classes,
            kind,
            built,
            tokenizer,
        })
    }
}

impl SavedRun {
    /// What stands between several labels of a row.
    pub fn separator(&self) -> &str {
        match &self.settings.data.columns.kind {
            LabelKind::Multi { separator } => separator,
            _ => "|",
        }
    }
}
