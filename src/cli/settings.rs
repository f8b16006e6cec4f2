//! Raw arguments → checked settings: what a run is told, as it stands in its `settings.json`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_core::Device;
use candle_mixup::data::{Header, Source};
use candle_mixup::schedule::{Domain, Schedule, presets};
use candle_mixup::text::{Columns, EmptyTexts, Group, LabelKind, Pooling, ReadOptions, SoftColumn};
use candle_mixup::train::TrainSettings;
use candle_mixup::{Error, Frame};
use serde::{Deserialize, Serialize};

use super::args::{
    ColumnArgs, DataArgs, DeviceArg, MachineArgs, ModelArgs, PoolingArg, TextColumnArgs, TrainOn,
};

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

/// Which rows a run reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataSettings {
    /// `--data`.
    pub data: String,
    /// What stands where.
    pub columns: Columns,
    /// How it is read.
    pub read: ReadOptions,
    /// `--test`.
    pub test: HeldOut,
    /// `--validation`.
    pub validation: HeldOut,
    /// `--train-rows`.
    pub train_rows: Option<usize>,
    /// `--per-class`.
    pub per_class: Option<usize>,
}

/// Which model a run trains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSettings {
    /// The model.
    pub model: ModelKind,
    /// Pooling of an encoder.
    pub pooling: Pooling,
    /// Where texts are cut.
    pub max_tokens: usize,
    /// What is not trained.
    pub freeze: Option<String>,
    /// Word vectors of a CNN.
    pub vectors: Option<PathBuf>,
    /// Whether the soft labels are trained on.
    pub train_on_soft: bool,
}

/// A model by kind and place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// The encoder that comes with the program.
    Shipped,
    /// An encoder's folder.
    Folder(PathBuf),
    /// The sentence CNN, trained from scratch.
    Cnn,
}

/// All that a run is told, threads and printing aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// The program's version.
    pub version: String,
    /// `train text` or `compare text`.
    pub command: String,
    /// The rows.
    pub data: DataSettings,
    /// Hash of the rows.
    pub fingerprint: String,
    /// The model.
    pub model: ModelSettings,
    /// The schedules by name: one for `train`, one an arm for `compare`.
    pub arms: Vec<(String, Schedule)>,
    /// How many seeds, from the training's own on.
    pub seeds: u64,
    /// How to train.
    pub training: TrainSettings,
    /// Learning rate of the head.
    pub head_rate: f64,
}

/// A file's path from the root, so that a run finds its data from any working folder; a shipped set's name as it is.
pub fn absolute(data: &str) -> Result<String> {
    if data.starts_with('@') {
        return Ok(data.into());
    }
    let path = std::path::absolute(data).map_err(Error::io(data))?;
    Ok(path.to_string_lossy().into_owned())
}

impl DataSettings {
    /// The settings that the arguments ask for.
    pub fn of(args: &DataArgs) -> Result<Self> {
        let data = args.data.as_deref().unwrap_or("@questions");
        let source = Source::parse(data)?;
        let mut columns = columns(Columns::of(&source), &args.columns)?;
        if let (Source::Shipped(set), None) = (&source, &columns.soft) {
            columns.soft = set.ratings.map(|column| ratings(column.into()));
        }
        if let Some(column) = &args.group {
            columns.group = Some(Group {
                column: column.clone(),
                until: None,
            });
        }
        columns.time = args.time.clone();
        if args.per_class == Some(0) {
            return Err(Error::setting("--per-class", "at least 1", 0).into());
        }
        Ok(Self {
            data: absolute(data)?,
            columns,
            read: read_options(&args.columns.texts),
            test: HeldOut::of("--test", args.test.as_deref())?,
            validation: HeldOut::of("--validation", args.validation.as_deref())?,
            train_rows: args.train_rows,
            per_class: args.per_class,
        })
    }
}

fn ratings(column: String) -> SoftColumn {
    SoftColumn {
        column,
        kind: LabelKind::Ratings,
    }
}

/// The text columns that the arguments name, and `defaults` for the others.
pub fn text_columns(defaults: Columns, args: &TextColumnArgs) -> Columns {
    Columns {
        text: args.text.clone().unwrap_or(defaults.text),
        text_pair: args.text_pair.clone().or(defaults.text_pair),
        ..defaults
    }
}

/// The columns that the arguments name, and `defaults` for the others.
pub fn columns(defaults: Columns, args: &ColumnArgs) -> Result<Columns> {
    let mut columns = text_columns(defaults, &args.texts);
    columns.label = args.label.clone().or(columns.label);
    if let Some(separator) = &args.multi_label {
        columns.kind = LabelKind::Multi {
            separator: separator.clone(),
        };
    }
    if let Some(column) = &args.ratings {
        columns.soft = Some(ratings(column.clone()));
    }
    if let Some(column) = &args.shares {
        // The classes are those of the label column; the task fills them in once it has read them.
        let kind = LabelKind::Shares {
            classes: Vec::new(),
        };
        columns.soft = Some(SoftColumn {
            column: column.clone(),
            kind,
        });
    }
    Ok(columns)
}

/// How the arguments ask for the file to be read.
pub fn read_options(args: &TextColumnArgs) -> ReadOptions {
    ReadOptions {
        header: if args.no_header {
            Header::Absent
        } else {
            Header::First
        },
        empty: if args.skip_empty {
            EmptyTexts::Skip
        } else {
            EmptyTexts::Refuse
        },
    }
}

/// How a saved run's files are read, with what the arguments add.
pub fn read_options_like(saved: &ReadOptions, args: &TextColumnArgs) -> ReadOptions {
    let asked = read_options(args);
    ReadOptions {
        header: if args.no_header {
            asked.header
        } else {
            saved.header
        },
        empty: if args.skip_empty {
            asked.empty
        } else {
            saved.empty
        },
    }
}

impl ModelSettings {
    /// The settings that the arguments ask for.
    pub fn of(args: &ModelArgs) -> Result<Self> {
        let model = match args.model.as_deref() {
            None => ModelKind::Shipped,
            Some("cnn") => ModelKind::Cnn,
            Some(folder) => {
                ModelKind::Folder(std::path::absolute(folder).map_err(Error::io(folder))?)
            }
        };
        let conflict =
            |flag: &str, with: &str| Err(Error::Conflict(format!("{flag} is for {with}")).into());
        match &model {
            ModelKind::Cnn if args.pooling != PoolingArg::Mean => {
                return conflict("--pooling", "encoders");
            }
            ModelKind::Cnn if args.freeze.as_deref().is_some_and(|f| f != "embeddings") => {
                return conflict("--freeze N", "encoders; a cnn takes --freeze embeddings");
            }
            ModelKind::Shipped | ModelKind::Folder(_) if args.vectors.is_some() => {
                return conflict("--vectors", "--model cnn");
            }
            _ => {}
        }
        Ok(Self {
            model,
            pooling: match args.pooling {
                PoolingArg::Mean => Pooling::Mean,
                PoolingArg::Cls => Pooling::Cls,
            },
            max_tokens: args.max_tokens,
            freeze: args.freeze.clone(),
            vectors: args
                .vectors
                .as_deref()
                .map(|v| std::path::absolute(v).map_err(Error::io(v)))
                .transpose()?,
            train_on_soft: args.train_on == TrainOn::Soft,
        })
    }
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
