//! What the page of `oversample` is made of.

use serde::{Deserialize, Serialize};

use crate::oversample::{Audit, Settings};

/// The rows of one class before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    /// The class's name.
    pub name: String,
    /// Rows before.
    pub before: usize,
    /// Synthetic rows that were made.
    pub made: usize,
    /// Rows, of either kind, that a cleaning step took away.
    pub removed: usize,
}

impl ClassCount {
    /// Rows after.
    pub fn after(&self) -> usize {
        (self.before + self.made).saturating_sub(self.removed)
    }
}

/// Everything on the page of `oversample`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OversampleReport {
    /// Heading of the page.
    pub title: String,
    /// Version of the program that made it.
    pub version: String,
    /// The oversampler's settings.
    pub oversampler: Settings,
    /// Full settings of the command.
    pub settings: serde_json::Value,
    /// Every class, in the order of their numbers.
    pub classes: Vec<ClassCount>,
    /// Names of the numeric columns.
    pub numbers: Vec<String>,
    /// Names of the categorical columns.
    pub categories: Vec<String>,
    /// What was done to the table.
    pub audit: Audit,
    /// What a reader should know: the notes of the oversampler and of the command.
    pub notes: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}
