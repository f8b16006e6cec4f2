//! What a column holds, and what it is there for.

use std::fmt;

use serde::Serialize;

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// Numbers of 32 bits, from Parquet or Arrow.
    Float32,
    /// Numbers of 64 bits.
    Float64,
    /// True or false, from Parquet or Arrow; a category of two.
    Boolean,
    /// Names, of which only the equality counts.
    Categorical,
    /// Anything: only an ignored column may be of this kind.
    Other,
}

impl Kind {
    /// Whether cells are numbers.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Integer | Self::Float32 | Self::Float64)
    }

    /// Whether cells are names with a code each.
    pub fn is_coded(self) -> bool {
        matches!(self, Self::Boolean | Self::Categorical)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "integer",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Boolean => "boolean",
            Self::Categorical => "categorical",
            Self::Other => "other",
        })
    }
}

/// What a column is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A row's own numbers and categories.
    Feature,
    /// The class of a row.
    Label,
    /// Carried along in rows of the file, empty in synthetic ones.
    Ignored,
}

/// A category or a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Category {
    /// Its name, as it is written in the file.
    pub name: String,
    /// Rows that have it.
    pub rows: u64,
}

/// A numeric column in four numbers, missing cells left out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// The least number.
    pub min: f64,
    /// The greatest number.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The population standard deviation.
    pub deviation: f64,
}
