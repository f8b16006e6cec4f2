//! What a table run is told, as it stands in its `settings.json`.

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::{Header, Source};
use candle_mixup::table::{
    DataColumns, EncodeSettings, LinearSettings, MlpSettings, NumericEncoding, TableModelSettings,
    TransformerSettings,
};
use candle_mixup::train::{Length, TrainSettings};
use serde::{Deserialize, Serialize};

use super::args::{NetworkArg, NetworkArgs, NumbersArg, PriorArg, TableColumnArgs};
use super::arm::Arm;
use super::detector::Detector;
use crate::cli::args::TrainingArgs;
use crate::cli::settings::{HeldOut, absolute};
use crate::cli::training::{self, Defaults};

/// Bins of the piecewise-linear encoding.
const BINS: usize = 16;

/// One table, and what stands where in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableData {
    /// `--data`.
    pub data: String,
    /// Its columns.
    pub columns: DataColumns,
    /// The class to detect, where it is named.
    pub anomaly: Option<String>,
}

impl TableData {
    /// What the arguments ask for; a shipped set knows its own label.
    pub fn of(data: &str, args: &TableColumnArgs, time: Option<&str>) -> Result<Self> {
        let own = match Source::parse(data)? {
            Source::Shipped(set) => Some(set),
            Source::File(_) => None,
        };
        let asked = args.label.is_some() || !args.target.is_empty();
        let (mut label, mut targets) = (args.label.clone(), args.target.clone());
        match own.filter(|_| !asked) {
            Some(set) if set.regression => targets.push(set.label.into()),
            Some(set) => label = Some(set.label.into()),
            None if !asked => label = Some("label".into()),
            None => {}
        }
        if args.anomaly.is_some() && !targets.is_empty() {
            let problem = "--anomaly names a class, and the label is a number";
            return Err(Error::Conflict(problem.into()).into());
        }
        Ok(Self {
            data: absolute(data)?,
            columns: DataColumns {
                label,
                targets,
                group: args.group.clone(),
                time: time.map(Into::into),
                categorical: args.categorical.clone(),
                numeric: args.numeric.clone(),
                ignore: args.ignore.clone(),
                na_values: args.na_values.clone(),
                header: if args.no_header {
                    Header::Absent
                } else {
                    Header::First
                },
            },
            anomaly: args.anomaly.clone(),
        })
    }
}

/// The networks and what they read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Networks {
    /// How rows are encoded.
    pub encode: EncodeSettings,
    /// The shape of the mlp.
    pub mlp: MlpSettings,
    /// The shape of the transformer.
    pub transformer: TransformerSettings,
}

impl Networks {
    /// What the arguments ask for.
    pub fn of(args: &NetworkArgs) -> Self {
        let mlp = MlpSettings {
            hidden: args.hidden.clone(),
            ..MlpSettings::default()
        };
        let transformer = TransformerSettings {
            blocks: args.blocks,
            width: args.width,
            heads: args.heads,
            ..TransformerSettings::default()
        };
        Self {
            encode: EncodeSettings {
                numeric: match args.numbers {
                    NumbersArg::Standard => NumericEncoding::Standard,
                    NumbersArg::Quantile => NumericEncoding::Quantile,
                    NumbersArg::Piecewise => NumericEncoding::Piecewise { bins: BINS },
                },
            },
            mlp: match args.dropout {
                Some(dropout) => MlpSettings { dropout, ..mlp },
                None => mlp,
            },
            transformer: match args.dropout {
                Some(dropout) => TransformerSettings {
                    attention_dropout: dropout,
                    dropout,
                    ..transformer
                },
                None => transformer,
            },
        }
    }

    /// The settings of one network.
    pub fn model(&self, network: NetworkArg) -> TableModelSettings {
        match network {
            NetworkArg::Linear => TableModelSettings::Linear(LinearSettings {}),
            NetworkArg::Mlp => TableModelSettings::Mlp(self.mlp.clone()),
            NetworkArg::Transformer => TableModelSettings::Transformer(self.transformer.clone()),
        }
    }
}

/// What becomes of probabilities that were learnt on balanced rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prior {
    /// They stay.
    Keep,
    /// They are brought back to the classes' real shares.
    Correct,
}

impl From<PriorArg> for Prior {
    fn from(arg: PriorArg) -> Self {
        match arg {
            PriorArg::Keep => Self::Keep,
            PriorArg::Correct => Self::Correct,
        }
    }
}

/// All that a comparison is told, threads and printing aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompareSettings {
    /// The program's version.
    pub version: String,
    /// `compare table`.
    pub command: String,
    /// The tables.
    pub tables: Vec<TableData>,
    /// Hash of the rows of each.
    pub fingerprints: Vec<String>,
    /// The arms, the one that the others are compared with first.
    pub arms: Vec<Arm>,
    /// What is trained.
    pub detectors: Vec<Detector>,
    /// Anomalies kept among the training rows; `None` stands for all.
    pub anomalies: Vec<Option<usize>>,
    /// Folds.
    pub folds: usize,
    /// How many seeds, from the training's own on.
    pub seeds: u64,
    /// What becomes of probabilities.
    pub prior: Prior,
    /// The networks.
    pub networks: Networks,
    /// How to train each of them.
    pub training: Vec<(Detector, Training)>,
}

/// How a network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// The settings; its length is only that of one epoch where none was asked for.
    pub settings: TrainSettings,
    /// Where no length was asked for: so many steps, or so many epochs if they are more.
    pub least: Option<(u64, u32)>,
}

impl Training {
    /// What the arguments ask for.
    pub fn of(args: &TrainingArgs, detector: Detector) -> Result<Self> {
        let defaults = defaults(detector);
        let asked = args.steps.is_some() || args.epochs.is_some();
        let mut settings = training::settings(args, defaults, 1)?;
        if !asked {
            settings.length = Length::Epochs(1);
        }
        Ok(Self {
            settings,
            least: (!asked).then_some((defaults.steps, defaults.epochs)),
        })
    }

    /// The settings of a run with this seed over so many training rows.
    pub fn over(&self, rows: usize, seed: u64) -> TrainSettings {
        let settings = TrainSettings {
            seed,
            ..self.settings.clone()
        };
        match self.least {
            None => settings,
            Some((steps, epochs)) => {
                let epochs = u64::from(epochs) * settings.steps_per_epoch(rows);
                TrainSettings {
                    length: Length::Steps(epochs.max(steps)),
                    ..settings
                }
            }
        }
    }
}

/// How a network is trained where the arguments say nothing of it: long enough that faster learning alone, as class
/// weights give it, is not taken for a gain. Found on shipped sets; README says how.
pub fn defaults(detector: Detector) -> Defaults {
    let (steps, rate) = match detector {
        Detector::Linear => (1000, 3e-2),
        Detector::Transformer => (500, 3e-3),
        _ => (1000, 3e-3),
    };
    Defaults {
        steps,
        epochs: 10,
        rate,
        batch: 128,
    }
}

/// All that a training run is told, threads and printing aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainTableSettings {
    /// The program's version.
    pub version: String,
    /// `train table`.
    pub command: String,
    /// The table.
    pub table: TableData,
    /// Hash of its rows.
    pub fingerprint: String,
    /// Test rows.
    pub test: HeldOut,
    /// Validation rows.
    pub validation: HeldOut,
    /// Hashes of the files that these name, in this order.
    pub other_fingerprints: Vec<String>,
    /// `--train-rows`.
    pub train_rows: Option<usize>,
    /// What is trained.
    pub detector: Detector,
    /// How.
    pub arm: Arm,
    /// What becomes of probabilities.
    pub prior: Prior,
    /// The networks.
    pub networks: Networks,
    /// How to train.
    pub training: TrainSettings,
    /// The file of plans, or the run, that was carried out in place of drawn ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
}
