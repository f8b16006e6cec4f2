//! What the page of `oversample` is made of.

use serde::{Deserialize, Serialize};

use crate::oversample::{Audit, AuditedColumn, Settings};
#[cfg(feature = "cli")]
use crate::report::plot::shortened;

/// Display columns of a name in a caption or a sentence; tables have it whole.
#[cfg(feature = "cli")]
pub(super) const SHORT: usize = 40;

/// The rows of one class before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    /// The class's name.
    pub name: String,
    /// Rows before.
    pub before: usize,
    /// Rows after.
    pub after: usize,
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

#[cfg(feature = "cli")]
impl OversampleReport {
    /// The name of a class, or its number where it has none.
    pub(super) fn class(&self, class: u32) -> String {
        let named = self.classes.get(class as usize);
        named.map_or_else(|| class.to_string(), |c| c.name.clone())
    }

    /// The same within quotation marks, cut for a caption or a sentence.
    pub(super) fn short_class(&self, class: u32) -> String {
        format!("'{}'", shortened(&self.class(class), SHORT))
    }

    /// The name of a column, or its number, from 1, where it has none.
    pub(super) fn column(&self, column: AuditedColumn) -> String {
        let (names, i) = match column {
            AuditedColumn::Number(i) => (&self.numbers, i),
            AuditedColumn::Category(i) => (&self.categories, i),
        };
        names.get(i).cloned().unwrap_or_else(|| (i + 1).to_string())
    }
}
