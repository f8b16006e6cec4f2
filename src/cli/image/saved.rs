//! The folder of a trained image run: written, and opened again to score or to label.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::data::Header;
use candle_mixup::image::{
    Augment, ImageModel, ImageModelSettings, ImageOptions, ImageSet, ImageShape, ImageSource,
    Normalisation,
};
use candle_mixup::nn::{Pretrained, Weights};
use candle_mixup::{Error, files};
use serde::{Deserialize, Serialize};

use super::args::PictureArgs;
use super::settings::{ImageData, pictures};
use crate::cli::saved::{check_ended, read_json};
use crate::cli::settings::RunSettings;

const MODEL_TYPE: &str = "candle-mixup-image";

/// What `config.json` says of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    model_type: String,
    /// The network.
    pub model: ImageModelSettings,
    /// The images that it takes.
    pub shape: ImageShape,
    /// The value of white in the images that it was trained on, to which the scale belongs.
    pub white: u8,
    /// How their bytes become numbers.
    pub normalisation: Normalisation,
    /// Classes by number, as other tools expect them.
    pub id2label: BTreeMap<usize, String>,
}

impl Config {
    /// That of a trained network.
    pub fn new(model: &ImageModelSettings, set: &ImageSet, scale: &Normalisation) -> Self {
        Self {
            model_type: MODEL_TYPE.into(),
            model: model.clone(),
            shape: set.shape(),
            white: set.white(),
            normalisation: scale.clone(),
            id2label: set.classes().iter().cloned().enumerate().collect(),
        }
    }

    /// Writes the model and its configuration.
    pub fn save(&self, weights: &Weights, folder: &Path) -> Result<()> {
        let config = serde_json::to_string_pretty(self)? + "\n";
        files::write(folder.join("config.json"), config.as_bytes())?;
        let metadata = [("format".to_string(), "pt".to_string())].into();
        let tensors = weights.tensors()?;
        Ok(files::write_tensors(
            folder.join("model.safetensors"),
            &tensors,
            metadata,
        )?)
    }
}

/// A run that has ended.
pub struct SavedImages {
    pub settings: RunSettings<ImageData, ImageModelSettings>,
    pub config: Config,
    pub classes: Vec<String>,
    pub model: ImageModel,
    device: Device,
}

impl SavedImages {
    /// Opens it.
    ///
    /// # Errors
    /// [`Error::File`] naming what is missing, for a run that has not ended or was written by another version.
    pub fn open(folder: &Path, device: &Device) -> Result<Self> {
        let settings = read_json(&folder.join("settings.json"))?;
        check_ended(folder)?;
        let config: Config = read_json(&folder.join("config.json"))?;
        let weights = Weights::new(0, device).with_pretrained(Arc::new(Pretrained::open(folder)?));
        let classes: Vec<String> = config.id2label.values().cloned().collect();
        Ok(Self {
            settings,
            model: ImageModel::load(&weights, &config.model, config.shape, classes.len())?,
            config,
            classes,
            device: device.clone(),
        })
    }

    /// How other images are read: as those of the run, as far as that says something of their format.
    pub fn options(
        &self,
        data: &str,
        args: &PictureArgs,
        label: Option<&str>,
        no_header: bool,
    ) -> ImageOptions {
        let saved = &self.settings.data.options;
        let table = ImageOptions {
            label: saved.label.clone(),
            header: saved.header,
            shape: saved.shape,
            white: saved.white,
            ..ImageOptions::default()
        };
        let is_table = data.trim_end_matches(".gz").ends_with(".csv");
        let saved = match is_table {
            true => table,
            false => ImageOptions {
                label: None,
                header: ImageOptions::default().header,
                shape: None,
                white: None,
                ..saved.clone()
            },
        };
        let said = pictures(args, &saved);
        ImageOptions {
            classes: Some(self.classes.clone()),
            label: label.map(String::from).or(said.label),
            header: match no_header {
                true => Header::Absent,
                false => said.header,
            },
            ..said
        }
    }

    /// Images as the model reads them.
    ///
    /// # Errors
    /// [`Error::Data`] for images of another size or other channels.
    pub fn source(&self, set: ImageSet, data: &str) -> Result<ImageSource> {
        let (takes, got) = (self.config.shape, set.shape());
        if takes != got {
            return Err(Error::Data(format!(
                "{data}: images of {got}, and the model was trained on {takes}; --resize HxW and --channels bring pictures there"
            ))
            .into());
        }
        let scale = scaled(&self.config.normalisation, self.config.white, set.white());
        let none = Augment::default();
        Ok(ImageSource::new(
            Arc::new(set),
            scale,
            none,
            self.device.clone(),
        )?)
    }
}

/// The scale for images of another white.
fn scaled(scale: &Normalisation, white: u8, other: u8) -> Normalisation {
    let factor = f32::from(other) / f32::from(white);
    let times = |values: &[f32]| match white == other {
        true => values.to_vec(),
        false => values.iter().map(|v| v * factor).collect(),
    };
    Normalisation {
        mean: times(&scale.mean),
        std: times(&scale.std),
    }
}
