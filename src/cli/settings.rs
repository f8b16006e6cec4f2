//! Raw arguments → checked settings: what a run is told, as it stands in its `settings.json`.

use std::path::Path;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::image::ImageShape;
use candle_mixup::schedule::{Domain, Schedule, presets};
use candle_mixup::train::TrainSettings;
use candle_mixup::{Error, Frame};
use serde::{Deserialize, Serialize};

use super::args::{DeviceArg, MachineArgs};

/// Rows that are set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldOut {
    /// The default of the flag.
    Default,
    /// A share.
    Share(f64),
    /// Another file.
    File(String),
}

impl HeldOut {
    pub fn of(flag: &str, value: Option<&str>) -> Result<Self> {
        let Some(value) = value else {
            return Ok(Self::Default);
        };
        match value.parse::<f64>() {
            Ok(share) if share > 0.0 && share < 1.0 => Ok(Self::Share(share)),
            Ok(_) => Err(Error::setting(flag, "a file, or a share between 0 and 1", value).into()),
            Err(_) => Ok(Self::File(absolute(value)?)),
        }
    }
}

/// All that a run is told, threads and printing aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSettings<D, M> {
    /// The program's version.
    pub version: String,
    /// `train text`, `compare image`, ...
    pub command: String,
    /// The rows.
    pub data: D,
    /// Hash of the rows.
    pub fingerprint: String,
    /// The model.
    pub model: M,
    /// The schedules by name: one for `train`, one an arm for `compare`.
    pub arms: Vec<(String, Schedule)>,
    /// How many seeds, from the training's own on.
    pub seeds: u64,
    /// How to train.
    pub training: TrainSettings,
    /// Learning rate of the head, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_rate: Option<f64>,
    /// The file of plans, or the run, that was carried out in place of drawn ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
}

/// A file's path from the root, so that a run finds its data from any working folder; a shipped set's name as it is.
pub fn absolute(data: &str) -> Result<String> {
    if data.starts_with('@') {
        return Ok(data.into());
    }
    let path = std::path::absolute(data).map_err(Error::io(data))?;
    Ok(path.to_string_lossy().into_owned())
}

/// A preset by name, or a schedule file: an arm of a comparison. A preset's name wins over a file's.
pub fn arm(name_or_file: &str, domain: Domain) -> Result<(String, Schedule)> {
    let path = Path::new(name_or_file);
    let is_preset = presets().iter().any(|preset| preset.name == name_or_file);
    if !is_preset && (path.extension().is_some_and(|e| e == "json") || path.is_file()) {
        return schedule_file(path);
    }
    let schedule = Schedule::preset_for(name_or_file, domain)?;
    Ok((name_or_file.to_string(), schedule))
}

/// `--schedule FILE` if it was given, else `--mix PRESET`; with the name it has in reports. No domain takes any preset.
pub fn schedule(
    mix: &str,
    file: Option<&Path>,
    domain: Option<Domain>,
) -> Result<(String, Schedule)> {
    let schedule = match (file, domain) {
        (Some(path), _) => return schedule_file(path),
        (None, Some(domain)) => Schedule::preset_for(mix, domain)?,
        (None, None) => Schedule::preset(mix)?,
    };
    Ok((mix.to_string(), schedule))
}

fn schedule_file(path: &Path) -> Result<(String, Schedule)> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    let schedule = Schedule::from_json(&text).map_err(|e| Error::file(path, e))?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let named = schedule.name != Schedule::default().name;
    let name = if named {
        schedule.name.clone()
    } else {
        stem.into_owned()
    };
    Ok((name, schedule))
}

/// Height and width, written `HxW`.
pub fn frame(written: &str) -> std::result::Result<Frame, String> {
    let sides = written.split_once('x');
    let sides = sides.and_then(|(height, width)| Some((height.parse().ok()?, width.parse().ok()?)));
    match sides {
        Some((height, width)) if height > 0 && width > 0 => Ok(Frame { height, width }),
        _ => Err("expected height and width in pixels, such as 28x28".into()),
    }
}

/// Channels, height and width, written `CxHxW`.
pub fn image_shape(written: &str) -> std::result::Result<ImageShape, String> {
    let wrong = || "expected channels, height and width, such as 1x28x28".to_string();
    let (channels, sides) = written.split_once('x').ok_or_else(wrong)?;
    let Frame { height, width } = frame(sides).map_err(|_| wrong())?;
    match channels.parse() {
        Ok(channels) if channels > 0 => Ok(ImageShape {
            channels,
            height,
            width,
        }),
        _ => Err(wrong()),
    }
}

/// The device asked for.
pub fn device(args: &MachineArgs) -> Result<Device> {
    let refuse = |feature: &str| {
        let problem = format!("this build has no {feature}; build with --features {feature}");
        Error::Conflict(format!("--device {feature}: {problem}"))
    };
    match args.device {
        DeviceArg::Cpu => Ok(Device::Cpu),
        DeviceArg::Cuda if cfg!(feature = "cuda") => Ok(Device::new_cuda(0).map_err(Error::from)?),
        DeviceArg::Cuda => Err(refuse("cuda").into()),
        DeviceArg::Metal if cfg!(feature = "metal") => {
            Ok(Device::new_metal(0).map_err(Error::from)?)
        }
        DeviceArg::Metal => Err(refuse("metal").into()),
    }
}

/// The threads asked for, all cores by default.
pub fn threads(threads: Option<usize>) -> Result<usize> {
    match threads {
        Some(n) if !(1..=1024).contains(&n) => {
            Err(Error::setting("--threads", "between 1 and 1024", n).into())
        }
        Some(n) => Ok(n),
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}
