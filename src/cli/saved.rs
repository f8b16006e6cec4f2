//! A trained run, opened again to score or to label.

use std::path::Path;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::Error;
use candle_mixup::text::{LabelKind, Tokenizer};
use candle_mixup::train::TargetKind;
use serde::Deserialize;

use super::model::Built;
use super::settings::RunSettings;
use super::train::RESULT;

/// A run directory of `mixup train`.
pub struct SavedRun {
    pub settings: RunSettings,
    pub classes: Vec<String>,
    pub kind: TargetKind,
    pub built: Built,
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
    /// [`Error::File`] naming what is missing, for a folder that is no run, has not ended, or was written by another
    /// version whose settings differ.
    pub fn open(folder: &Path, device: &Device) -> Result<Self> {
        let settings_file = folder.join("settings.json");
        if !settings_file.is_file() {
            return Err(Error::file(folder, "not a run: it has no settings.json").into());
        }
        let settings: RunSettings = read_json(&settings_file)?;
        if settings.command != "train text" {
            let problem = format!(
                "a run of 'mixup {}'; only a 'mixup train' run has a model",
                settings.command
            );
            return Err(Error::file(folder, problem).into());
        }
        if !folder.join(RESULT).is_file() {
            return Err(
                Error::file(folder, "the run has not ended; go on with it by --resume").into(),
            );
        }
        let config: Config = read_json(&folder.join("config.json"))?;
        let classes: Vec<String> = config.id2label.into_values().collect();
        let several = config.problem_type.as_deref() == Some("multi_label_classification");
        let kind = if several {
            TargetKind::MultiLabel
        } else {
            TargetKind::SingleLabel
        };
        let (built, tokenizer) = Built::open(folder, &settings.model, classes.len(), device)?;
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

/// Whether a folder holds a run of `mixup train table`.
///
/// # Errors
/// [`Error::File`] for the folder of a comparison, which keeps no model.
pub fn is_table(folder: &Path) -> Result<bool> {
    #[derive(Deserialize)]
    struct Settings {
        command: String,
    }
    let settings = read_json::<Settings>(&folder.join("settings.json"));
    let command = settings.map_or_else(|_| String::new(), |s| s.command);
    if command.starts_with("compare") {
        let problem = format!("a run of 'mixup {command}'; only a 'mixup train' run has a model");
        return Err(Error::file(folder, problem).into());
    }
    Ok(command == "train table")
}

/// Reads a file of JSON.
pub fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    Ok(serde_json::from_str(&text).map_err(|e| Error::file(path, e))?)
}
