//! The report of experiments on tables: what it is made of, its table for the terminal, and its page.

mod groups;
mod input;
mod linearity;
mod terminal;

#[cfg(feature = "cli")]
mod average;
#[cfg(feature = "cli")]
mod calibration;
#[cfg(feature = "cli")]
mod differences;
#[cfg(feature = "cli")]
mod found;
#[cfg(feature = "cli")]
mod learning;
#[cfg(feature = "cli")]
mod page;
#[cfg(feature = "cli")]
mod precision_recall;
#[cfg(feature = "cli")]
mod projections;
#[cfg(feature = "cli")]
mod ranks;
#[cfg(feature = "cli")]
mod runs;
#[cfg(feature = "cli")]
mod scarcity;
#[cfg(feature = "cli")]
mod scores;
#[cfg(feature = "cli")]
mod styles;
#[cfg(feature = "cli")]
mod tables;

pub use input::{
    Absent, Calibrated, Calibration, ExperimentReport, TableProjection, TableSummary, Trial,
    TrialArm, ValueSummary,
};
#[cfg(feature = "cli")]
pub use page::experiment_page;
pub use terminal::experiment_table;
