//! The names of classes and columns on an oversampling page.

use super::input::{ClassCount, OversampleReport};
use crate::oversample::AuditedColumn;
use crate::report::shortened::shortened;

/// Display columns of a name in a caption or a sentence; tables have it whole.
const SHORT: usize = 40;

/// The name of a class, or its number where it has none.
fn class_name(classes: &[ClassCount], class: u32) -> String {
    let named = classes.get(class as usize);
    named.map_or_else(|| class.to_string(), |c| c.name.clone())
}

/// The same within quotation marks, cut for a caption or a sentence.
pub(super) fn short_class(classes: &[ClassCount], class: u32) -> String {
    format!("'{}'", shortened(&class_name(classes, class), SHORT))
}

impl OversampleReport {
    /// The name of a class, or its number where it has none.
    pub(super) fn class(&self, class: u32) -> String {
        class_name(&self.classes, class)
    }

    /// The same within quotation marks, cut for a caption or a sentence.
    pub(super) fn short_class(&self, class: u32) -> String {
        short_class(&self.classes, class)
    }

    /// The name of a column, or its number, from 1, where it has none.
    pub(super) fn column(&self, column: AuditedColumn) -> String {
        let (names, i) = match column {
            AuditedColumn::Number(i) => (&self.numbers, i),
            AuditedColumn::Category(i) => (&self.categories, i),
        };
        names.get(i).cloned().unwrap_or_else(|| (i + 1).to_string())
    }

    /// The same, cut for a caption.
    pub(super) fn short_column(&self, column: AuditedColumn) -> String {
        shortened(&self.column(column), SHORT)
    }
}
