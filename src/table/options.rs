//! How a table is to be read.

use serde::{Deserialize, Serialize};

use super::kind::Role;
use crate::data::Header;
use crate::error::{Error, Result};
use std::path::Path;

/// Which column is what, by name or by number from 1, where that is not left to the cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadOptions {
    /// The column of the class. Default: `label`.
    pub label: String,
    /// Columns of categories, whatever they look like.
    pub categorical: Vec<String>,
    /// Columns of numbers; anything else in them is an error.
    pub numeric: Vec<String>,
    /// Columns that take no part.
    pub ignore: Vec<String>,
    /// Cells that mean "missing", besides the empty one (csv and tsv).
    pub na_values: Vec<String>,
    /// Whether a csv or tsv file names its columns.
    pub header: Header,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            label: "label".into(),
            categorical: Vec::new(),
            numeric: Vec::new(),
            ignore: Vec::new(),
            na_values: Vec::new(),
            header: Header::First,
        }
    }
}

/// What was said about a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    Categorical,
    Numeric,
}

/// Role, and what was said, of every column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub names: Vec<String>,
    pub roles: Vec<Role>,
    pub said: Vec<Said>,
    pub label: usize,
}

impl ReadOptions {
    /// Finds the columns among `names`.
    pub(super) fn layout(&self, path: &Path, names: Vec<String>) -> Result<Layout> {
        let mut roles = vec![Role::Feature; names.len()];
        let mut said = vec![Said::Nothing; names.len()];
        let mut taken: Vec<Option<&str>> = vec![None; names.len()];
        let mut take = |column: &str, flag: &'static str| -> Result<usize> {
            let i = find(path, &names, column)?;
            if let Some(before) = taken[i].replace(flag) {
                let text = format!("the column '{column}' is named as {before} and as {flag}");
                return Err(Error::Conflict(text));
            }
            Ok(i)
        };
        let label = take(&self.label, "label")?;
        roles[label] = Role::Label;
        for column in &self.ignore {
            roles[take(column, "ignored")?] = Role::Ignored;
        }
        for column in &self.categorical {
            said[take(column, "categorical")?] = Said::Categorical;
        }
        for column in &self.numeric {
            said[take(column, "numeric")?] = Said::Numeric;
        }
        for (i, name) in names.iter().enumerate() {
            let again = names[..i].iter().position(|other| other == name);
            if let (Some(first), true) = (again, roles[i] != Role::Ignored) {
                let text = format!(
                    "columns {} and {} are both called '{name}'; ignore one by its number",
                    first + 1,
                    i + 1
                );
                return Err(Error::file(path, text));
            }
        }
        Ok(Layout {
            names,
            roles,
            said,
            label,
        })
    }
}

/// The place of a column given by name or, where no column has that name, by number from 1.
fn find(path: &Path, names: &[String], column: &str) -> Result<usize> {
    let mut named = (0..names.len()).filter(|&i| names[i] == column);
    match (named.next(), named.next()) {
        (Some(_), Some(_)) => Err(Error::file(
            path,
            format!("the column '{column}' stands twice; name it by its number"),
        )),
        (Some(i), None) => Ok(i),
        _ => column
            .parse()
            .ok()
            .filter(|n| (1..=names.len()).contains(n))
            .map(|n: usize| n - 1)
            .ok_or_else(|| Error::MissingColumn {
                path: path.into(),
                column: column.into(),
                columns: names.to_vec(),
            }),
    }
}
