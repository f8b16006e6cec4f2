#![allow(missing_docs)]
use serde::{Deserialize, Serialize};
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Higher,
    Lower,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    Accuracy,
    MacroF1,
    LogLoss,
    Ece,
    Brier,
    SoftLogLoss,
    SoftBrier,
    SubsetAccuracy,
    MicroF1,
    Rmse,
    Mae,
    R2,
}
impl Metric {
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::MacroF1 => "macro_f1",
            Self::LogLoss => "log_loss",
            Self::Ece => "ece",
            Self::Brier => "brier",
            Self::SoftLogLoss => "soft_log_loss",
            Self::SoftBrier => "soft_brier",
            Self::SubsetAccuracy => "subset_accuracy",
            Self::MicroF1 => "micro_f1",
            Self::Rmse => "rmse",
            Self::Mae => "mae",
            Self::R2 => "r2",
        }
    }
    pub fn better(self) -> Direction {
        match self {
            Self::Accuracy | Self::MacroF1 | Self::SubsetAccuracy | Self::MicroF1 | Self::R2 => {
                Direction::Higher
            }
            _ => Direction::Lower,
        }
    }
}
