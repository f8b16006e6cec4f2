//! Reports: tables for the terminal, and one self-contained HTML page that works offline.
//!
//! Everything here takes plain values and gives text. The tables need nothing but the library; the pages and plots
//! need the feature `cli`.

mod experiment;
mod input;
mod linearity;
mod oversample;
mod shortened;
mod table;

#[cfg(feature = "cli")]
mod compare_page;
#[cfg(feature = "cli")]
mod contact_sheet;
#[cfg(feature = "cli")]
mod html;
#[cfg(feature = "cli")]
mod plot;
#[cfg(feature = "cli")]
mod train_page;

pub use experiment::{
    Absent, Calibrated, Calibration, ExperimentReport, TableProjection, TableSummary, Trial,
    TrialArm, ValueSummary, experiment_table,
};
pub use input::{ArmDetail, CompareReport, DataSummary, Draw, History, Point, TrainReport, pool};
pub use linearity::{LinearityReport, RunLinearity, linearity_table, runs_table};
pub use oversample::{ClassCount, OversampleReport};
pub use table::{BalanceRow, balance_table, class_table, compare_table, score_table};

#[cfg(feature = "cli")]
pub use compare_page::compare_page;
#[cfg(feature = "cli")]
pub use contact_sheet::{Captioned, ContactSheet, contact_sheet};
#[cfg(feature = "cli")]
pub use experiment::experiment_page;
#[cfg(feature = "cli")]
pub use linearity::linearity_page;
#[cfg(feature = "cli")]
pub use oversample::oversample_page;
#[cfg(feature = "cli")]
pub use plot::schedule_svg;
#[cfg(feature = "cli")]
pub use train_page::train_page;
