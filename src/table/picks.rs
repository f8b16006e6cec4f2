//! Which columns and rows of a table are read, and where they go.

use std::collections::HashMap;

use super::kind::Role;
use super::missing::MissingCells;
use super::schema::{Column, Schema};
use crate::error::{Error, Result};

/// The code of each name.
pub(super) type Codes = HashMap<Box<[u8]>, u32>;

/// Where the cell of a column goes.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// A place among the numbers.
    Number(usize),
    /// A place among the codes, and the code of each name.
    Code(usize, Codes),
}

/// What is read of a table.
#[derive(Debug)]
pub(super) struct Picks<'a> {
    pub schema: &'a Schema,
    /// Columns and where their cells go, in the order of the file.
    pub features: Vec<(usize, Target)>,
    /// The label column, and the code of each class.
    pub label: Option<(usize, Codes)>,
    /// For each class whether its rows are read; `None` for all.
    pub classes: Option<Vec<bool>>,
    pub width: usize,
    pub categories: usize,
}

impl<'a> Picks<'a> {
    /// All features and the label, of the rows of some classes or of all.
    pub fn features(schema: &'a Schema, classes: Option<&[u32]>) -> Result<Self> {
        let kept = classes.map(|c| kept(schema, c)).transpose()?;
        let mut picks = Self {
            schema,
            features: Vec::new(),
            label: None,
            classes: kept,
            width: 0,
            categories: 0,
        };
        for (i, column) in schema.columns.iter().enumerate() {
            if column.role == Role::Label {
                picks.label = Some((i, codes(column)));
            } else if column.is_numeric() {
                picks.features.push((i, Target::Number(picks.width)));
                picks.width += 1;
            } else if column.is_coded() {
                let target = Target::Code(picks.categories, codes(column));
                picks.features.push((i, target));
                picks.categories += 1;
            }
        }
        Ok(picks)
    }

    /// Some numeric columns of all rows, by their places in the file.
    pub fn numbers(schema: &'a Schema, columns: &[usize]) -> Self {
        let place = |(j, &i): (usize, &usize)| (i, Target::Number(j));
        Self {
            schema,
            features: columns.iter().enumerate().map(place).collect(),
            label: None,
            classes: None,
            width: columns.len(),
            categories: 0,
        }
    }

    /// Whether rows of this class are read.
    pub fn keeps(&self, class: u32) -> bool {
        let kept = self.classes.as_ref();
        kept.is_none_or(|kept| kept.get(class as usize) == Some(&true))
    }

    /// An error for a cell that was another when the table was scanned.
    pub fn changed(&self) -> Error {
        Error::file(&self.schema.path, "has changed since it was scanned")
    }
}

fn codes(column: &Column) -> Codes {
    let names = column.categories.iter().map(|c| c.name.as_bytes().into());
    names.zip(0..).collect()
}

fn kept(schema: &Schema, classes: &[u32]) -> Result<Vec<bool>> {
    let mut kept = vec![false; schema.classes.len()];
    for &class in classes {
        *kept.get_mut(class as usize).ok_or_else(|| Error::Unknown {
            kind: "class",
            name: class.to_string(),
            known: (0..schema.classes.len()).map(|c| c.to_string()).collect(),
        })? = true;
    }
    Ok(kept)
}

/// Rows that were read, a row behind the other.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub numbers: Vec<f64>,
    pub codes: Vec<u32>,
    pub classes: Vec<u32>,
    /// Their numbers, counted from the first row of the piece or of the file.
    pub rows: Vec<u32>,
    /// Rows passed over or read.
    pub seen: u64,
    pub missing: Option<MissingCells>,
}

impl Taken {
    /// Room for rows of these picks; missing cells are marked where the scan saw any.
    pub fn new(picks: &Picks<'_>) -> Self {
        let cells = picks.width + picks.categories;
        let any = picks
            .features
            .iter()
            .any(|(i, _)| picks.schema.columns[*i].missing > 0);
        Self {
            missing: any.then(|| MissingCells::new(cells)),
            ..Self::default()
        }
    }

    /// Appends the next piece of the file.
    pub fn append(&mut self, later: Self) {
        self.numbers.extend_from_slice(&later.numbers);
        self.codes.extend_from_slice(&later.codes);
        self.classes.extend_from_slice(&later.classes);
        let before = self.seen as u32;
        self.rows.extend(later.rows.iter().map(|r| before + r));
        self.seen += later.seen;
        if let (Some(mine), Some(other)) = (&mut self.missing, &later.missing) {
            mine.append(other);
        }
    }
}
