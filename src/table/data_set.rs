//! A table ready for training: its features, and the classes or values that are to be predicted.

use super::missing::MissingCells;
use crate::data::Fingerprint;

/// A table in memory: what a row is described by, and what is to be told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSet {
    /// The numeric features, `[rows, numeric.len()]`, in their own units; 0 where one is missing.
    pub numbers: Vec<f64>,
    /// Their names.
    pub numeric: Vec<String>,
    /// The categorical features as places among their column's names, `[rows, categorical.len()]`; 0 where one is missing.
    pub codes: Vec<u32>,
    /// Their columns.
    pub categorical: Vec<CodedColumn>,
    /// Which cells are missing, numeric features first; `None` where none is.
    pub missing: Option<MissingCells>,
    /// What is to be predicted.
    pub target: Target,
    /// The group of each row, where rows of one group belong together.
    pub groups: Option<Vec<String>>,
}

/// A categorical feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodedColumn {
    /// Its name.
    pub name: String,
    /// Every category of the file by its name, sorted; a code is a place in this list.
    pub categories: Vec<String>,
}

/// What is to be predicted of every row.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// One class a row.
    Classes {
        /// The class of every row, as a place among the names.
        classes: Vec<u32>,
        /// The classes' names.
        names: Vec<String>,
    },
    /// Numbers.
    Values {
        /// `[rows, names.len()]`, in their own units.
        values: Vec<f64>,
        /// The columns' names.
        names: Vec<String>,
    },
    /// Nothing: rows that are only to be labelled.
    Nothing {
        /// Number of rows.
        rows: usize,
    },
}

impl Target {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { classes, .. } => classes.len(),
            Self::Values { values, names } => values.len() / names.len().max(1),
            Self::Nothing { rows } => *rows,
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn add_to(&self, hash: &mut Fingerprint) {
        match self {
            Self::Classes { classes, names } => {
                hash.texts(names);
                hash.words(classes.iter().map(|&c| u64::from(c)));
            }
            Self::Values { values, names } => {
                hash.texts(names);
                hash.words(values.iter().map(|x| x.to_bits()));
            }
            Self::Nothing { rows } => hash.count(*rows),
        }
    }
}

impl DataSet {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.target.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numeric features of a row.
    pub fn numbers_of(&self, row: usize) -> &[f64] {
        &self.numbers[row * self.numeric.len()..][..self.numeric.len()]
    }

    /// The categorical features of a row.
    pub fn codes_of(&self, row: usize) -> &[u32] {
        &self.codes[row * self.categorical.len()..][..self.categorical.len()]
    }

    /// Whether a cell is missing; numeric features come first, then categorical ones.
    pub fn is_missing(&self, row: usize, cell: usize) -> bool {
        let missing = self.missing.as_ref();
        missing.is_some_and(|m| m.is_missing(row, cell))
    }

    /// A hash of all cells, names, targets and groups, 32 hexadecimal digits: equal content has an equal fingerprint
    /// on every machine.
    pub fn fingerprint(&self) -> String {
        let mut hash = Fingerprint::new();
        hash.texts(&self.numeric);
        hash.words(self.numbers.iter().map(|x| x.to_bits()));
        for column in &self.categorical {
            hash.text(&column.name);
            hash.texts(&column.categories);
        }
        hash.words(self.codes.iter().map(|&c| u64::from(c)));
        let missing = self.missing.as_ref().map_or(&[][..], MissingCells::words);
        hash.words(missing.iter().copied());
        self.target.add_to(&mut hash);
        hash.texts(self.groups.as_deref().unwrap_or_default());
        hash.hex()
    }
}
