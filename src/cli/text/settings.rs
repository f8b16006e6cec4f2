//! Which texts and which model, from arguments to what stands in `settings.json`.

use std::path::PathBuf;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::{Header, Source};
use candle_mixup::text::{Columns, EmptyTexts, Group, LabelKind, Pooling, ReadOptions, SoftColumn};
use serde::{Deserialize, Serialize};

use super::args::{DataArgs, ModelArgs, PoolingArg, TrainOn};
use crate::cli::args::{ColumnArgs, TextColumnArgs};
use crate::cli::settings::{HeldOut, absolute};

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
