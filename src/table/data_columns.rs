//! What each column of a table is there for when it is read for training.

use serde::{Deserialize, Serialize};

use super::options::{ScanOptions, named_twice};
use crate::data::Header;
use crate::error::Result;

/// The columns of a table for training. A column is given by its name or, where no column has that name, by its number
/// from 1: `3` or `#3`. Every column that is named nowhere is a feature. A run remembers them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataColumns {
    /// The column of the classes. Default: none.
    pub label: Option<String>,
    /// The columns of the numbers that are to be predicted, in place of classes. Default: none.
    pub targets: Vec<String>,
    /// The group of a row: rows of a group stay on one side of every split. Default: none.
    pub group: Option<String>,
    /// The time of a row: the latest rows are for testing. Default: none.
    pub time: Option<String>,
    /// Columns whose cells are categories whatever they look like.
    pub categorical: Vec<String>,
    /// Columns in which anything but a number is an error.
    pub numeric: Vec<String>,
    /// Columns that are left out.
    pub ignore: Vec<String>,
    /// Cells that stand for a missing one, beside the empty cell.
    pub na_values: Vec<String>,
    /// Whether the first line of a csv or tsv file names its columns.
    pub header: Header,
}

impl DataColumns {
    /// How the file is scanned: targets as numbers, groups as names, times as whatever they are.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) for a column that is there for two things.
    pub(super) fn scan_options(&self) -> Result<ScanOptions> {
        self.check()?;
        let with = |list: &[String], more: &[String]| {
            let more = more.iter().filter(|c| !list.contains(c));
            list.iter().chain(more).cloned().collect()
        };
        Ok(ScanOptions {
            label: self.label.clone(),
            categorical: with(&self.categorical, self.group.as_slice()),
            numeric: with(&self.numeric, &self.targets),
            ignore: self.ignore.clone(),
            na_values: self.na_values.clone(),
            header: self.header,
        })
    }

    fn check(&self) -> Result<()> {
        let lists = [
            (self.label.as_slice(), "label"),
            (&self.targets, "target"),
            (self.group.as_slice(), "group"),
            (self.time.as_slice(), "time"),
            (&self.ignore, "ignore"),
        ];
        let named = lists
            .iter()
            .flat_map(|(l, list)| l.iter().map(|c| (c, *list)));
        let mut before: Vec<(&String, &str)> = Vec::new();
        for (column, list) in named {
            if let Some((_, first)) = before.iter().find(|(c, _)| *c == column) {
                return Err(named_twice(column, first, list));
            }
            before.push((column, list));
        }
        match (&self.label, self.targets.as_slice()) {
            (Some(label), [target, ..]) => Err(crate::Error::Conflict(format!(
                "--label '{label}' names classes and --target '{target}' numbers to predict: a table has one or the other"
            ))),
            _ => Ok(()),
        }
    }
}
