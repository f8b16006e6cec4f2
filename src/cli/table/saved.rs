//! The folder of a trained table run: written, and opened again to score or to label.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::nn::{Pretrained, Weights};
use candle_mixup::table::{
    EncodedRows, Encoder, TableModel, TableModelSettings, TableShape, TableSource, Target,
};
use candle_mixup::train::{Labels, TargetScale, logits};
use candle_mixup::{Error, files};
use serde::{Deserialize, Serialize};

use super::network::{Network, said};
use super::score::{Said, corrected};
use super::settings::{Prior, TrainTableSettings};
use super::shift::Shift;
use super::task::{InFile, Kind};
use crate::cli::saved::read_json;
use crate::cli::train::RESULT;

/// The encoder's file.
const ENCODER: &str = "encoder.json";

/// What `config.json` says of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    model_type: String,
    /// The network.
    pub model: TableModelSettings,
    /// What its rows consist of.
    pub shape: TableShape,
    /// What it tells.
    pub kind: Kind,
    /// Classes by number, as other tools expect them; of a regression the target columns.
    pub id2label: std::collections::BTreeMap<usize, String>,
    /// The classes as files name them.
    pub in_file: InFile,
    /// Units of a regression's targets.
    pub scale: Option<TargetScale>,
    /// The shares of the classes as taught and as they are, where they differ.
    pub shift: Option<Shift>,
}

const MODEL_TYPE: &str = "candle-mixup-table";

impl Config {
    /// That of a trained network.
    pub fn of(network: &Network<'_>, model: TableModelSettings, shift: Option<Shift>) -> Self {
        let (task, prepared) = (network.task, network.prepared);
        let names = match &task.data.target {
            Target::Classes { names, .. } | Target::Values { names, .. } => names.clone(),
            Target::Nothing { .. } => Vec::new(),
        };
        Self {
            model_type: MODEL_TYPE.into(),
            model,
            shape: prepared.encoder.shape().clone(),
            kind: task.kind,
            id2label: names.into_iter().enumerate().collect(),
            in_file: task.in_file.clone(),
            scale: prepared.labels.scale().cloned(),
            shift,
        }
    }

    /// Names of the outputs.
    pub fn names(&self) -> Vec<String> {
        self.id2label.values().cloned().collect()
    }
}

/// Writes the model, its configuration and its encoder.
pub fn save(folder: &Path, config: &Config, encoder: &Encoder, weights: &Weights) -> Result<()> {
    let json = |value: &dyn Fn() -> serde_json::Result<String>| value().map(|text| text + "\n");
    let config = json(&|| serde_json::to_string_pretty(config))?;
    files::write(folder.join("config.json"), config.as_bytes())?;
    let encoder = json(&|| serde_json::to_string_pretty(encoder))?;
    files::write(folder.join(ENCODER), encoder.as_bytes())?;
    let metadata = [("format".to_string(), "pt".to_string())].into();
    Ok(files::write_tensors(
        folder.join("model.safetensors"),
        &weights.tensors()?,
        metadata,
    )?)
}

/// A run that has ended.
pub struct SavedTable {
    pub settings: TrainTableSettings,
    pub config: Config,
    pub encoder: Encoder,
    model: TableModel,
    device: Device,
}

impl SavedTable {
    /// Opens it.
    ///
    /// # Errors
    /// [`Error::File`] naming what is missing, for a run that has not ended or was written by another version.
    pub fn open(folder: &Path, device: &Device) -> Result<Self> {
        if !folder.join(RESULT).is_file() {
            let problem = "the run has not ended; go on with it by --resume";
            return Err(Error::file(folder, problem).into());
        }
        let config: Config = read_json(&folder.join("config.json"))?;
        let weights = Weights::new(0, device).with_pretrained(Arc::new(Pretrained::open(folder)?));
        let outputs = config.id2label.len();
        Ok(Self {
            settings: read_json(&folder.join("settings.json"))?,
            encoder: read_json(&folder.join(ENCODER))?,
            model: TableModel::load(&weights, &config.model, &config.shape, outputs)?,
            config,
            device: device.clone(),
        })
    }

    /// The network.
    pub fn model(&self) -> &TableModel {
        &self.model
    }

    /// Rows as the network reads them.
    pub fn source<'a>(&self, rows: &'a EncodedRows) -> TableSource<'a> {
        TableSource::new(rows, self.device.clone())
    }

    /// What the model says of rows, with the prior that the run asks for.
    pub fn say(&self, rows: &EncodedRows, which: &[u32]) -> Result<Said> {
        let logits = logits(&self.model, &self.source(rows), which)?;
        let learnt = said(self.config.kind, &self.labels()?, &logits)?;
        Ok(match (learnt, &self.config.shift, self.settings.prior) {
            (Said::Probabilities(learnt), Some(shift), Prior::Correct) => {
                Said::Probabilities(corrected(&learnt, shift)?)
            }
            (learnt, _, _) => learnt,
        })
    }

    /// No rows, but the units of what is told.
    fn labels(&self) -> Result<Labels> {
        let outputs = self.config.id2label.len();
        Ok(match &self.config.scale {
            Some(scale) => Labels::standardised(&[], scale.clone())?,
            None => Labels::new(self.config.kind.target(), Vec::new(), outputs)?,
        })
    }
}
