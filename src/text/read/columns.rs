//! Which columns of a source hold what.

use serde::{Deserialize, Serialize};

use crate::data::{Header, Source};
use crate::text::labels::LabelKind;

/// The columns to read, each by name or by number from 1. A run remembers them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The text. Default: `text`.
    pub text: String,
    /// The second text of a pair. Default: none.
    pub text_pair: Option<String>,
    /// The label; `None` reads no label. Default: `label`.
    pub label: Option<String>,
    /// How a label is written. Default: one class.
    pub kind: LabelKind,
    /// A second, soft label to train on or to be scored against. Default: none.
    pub soft: Option<SoftColumn>,
    /// The group of a row; rows of a group stay on one side of every split. Default: none.
    pub group: Option<Group>,
    /// The time of a row; the latest rows are for testing. Default: none.
    pub time: Option<String>,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            text: "text".into(),
            text_pair: None,
            label: Some("label".into()),
            kind: LabelKind::Single,
            soft: None,
            group: None,
            time: None,
        }
    }
}

impl Columns {
    /// The default columns of a source: a shipped set knows its own.
    pub fn of(source: &Source) -> Self {
        let Source::Shipped(set) = source else {
            return Self::default();
        };
        Self {
            text: set.text.unwrap_or("text").into(),
            label: Some(set.label.into()),
            group: set.group.map(|column| Group {
                column: column.into(),
                until: Some("_".into()),
            }),
            ..Self::default()
        }
    }
}

/// A column of soft labels beside the hard ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoftColumn {
    /// The column.
    pub column: String,
    /// How it is written: [`LabelKind::Shares`] or [`LabelKind::Ratings`].
    pub kind: LabelKind,
}

/// A column that names the group of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The column.
    pub column: String,
    /// Only what stands before this text names the group: `_` makes `12_3` and `12_4` one group, 12.
    #[serde(default)]
    pub until: Option<String>,
}

impl Group {
    /// The group that a cell names.
    pub(super) fn of<'a>(&self, cell: &'a str) -> &'a str {
        match &self.until {
            Some(until) => cell
                .split_once(until.as_str())
                .map_or(cell, |(group, _)| group),
            None => cell,
        }
    }
}

/// How a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadOptions {
    /// Whether a csv or tsv file names its columns.
    pub header: Header,
    /// What becomes of a row without text.
    pub empty: EmptyTexts,
}

/// What becomes of a row whose text, or second text, is empty or white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmptyTexts {
    /// It is an error that names the line (the default).
    #[default]
    Refuse,
    /// It is passed over and counted.
    Skip,
}
