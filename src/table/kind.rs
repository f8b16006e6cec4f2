//! What a column of a table is.

use serde::{Deserialize, Serialize};

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// Numbers of 32 bits (Parquet and Arrow only).
    Float32,
    /// Numbers of 64 bits.
    Float64,
    /// Truth values (Parquet and Arrow only); treated as two categories.
    Boolean,
    /// Names.
    Categorical,
    /// Anything; the column takes no part.
    Other,
}

impl Kind {
    /// Whether the column is one of numbers.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Integer | Self::Float32 | Self::Float64)
    }
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It takes part.
    Feature,
    /// It holds the class.
    Label,
    /// It takes no part, and is empty in synthetic rows.
    Ignored,
}

/// The numbers of a numeric column, missing cells left out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// How many.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The sum of squared differences to the mean.
    pub squares: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            count: 0,
            mean: 0.0,
            squares: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }
}

impl Moments {
    /// Takes one number in (Welford 1962).
    pub(super) fn add(&mut self, x: f64) {
        self.count += 1;
        let before = x - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (x - self.mean);
        self.min = self.min.min(x);
        self.max = self.max.max(x);
    }

    /// Takes the numbers of another part in (Chan, Golub and LeVeque 1983).
    pub(super) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let apart = other.mean - self.mean;
        self.mean += apart * m / (n + m);
        self.squares += other.squares + apart * apart * n * m / (n + m);
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The population standard deviation.
    pub fn deviation(&self) -> f64 {
        match self.count {
            0 => 0.0,
            n => (self.squares / n as f64).sqrt(),
        }
    }
}

/// A column, as a scan found it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name: the header's, or its number from 1.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
    /// What it is for.
    pub role: Role,
    /// Cells that are missing.
    pub missing: u64,
    /// Its numbers, of a numeric feature.
    pub moments: Option<Moments>,
    /// Its categories in ascending order, of a categorical feature; a category's code is its place here.
    pub categories: Vec<String>,
    /// Rows of each category.
    #[serde(skip)]
    pub category_rows: Vec<u64>,
}

impl Column {
    /// Whether it is a feature of numbers.
    pub fn is_number(&self) -> bool {
        self.role == Role::Feature && self.kind.is_numeric()
    }

    /// Whether it is a feature of categories.
    pub fn is_category(&self) -> bool {
        self.role == Role::Feature && !self.kind.is_numeric()
    }
}

/// What a scan found out about a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// The columns, in the file's order.
    pub columns: Vec<Column>,
    /// Which of them holds the class.
    pub label: usize,
    /// The classes, ascending: as numbers if all are, else as text.
    pub classes: Vec<String>,
    /// Rows of each class.
    pub class_rows: Vec<usize>,
    /// Rows in all.
    pub rows: usize,
}

impl Schema {
    /// The numeric features, in the file's order.
    pub fn numbers(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| c.is_number())
    }

    /// The categorical features, in the file's order.
    pub fn categories(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| c.is_category())
    }
}

#[cfg(test)]
mod tests {
    use super::Moments;

    #[test]
    fn moments_survive_an_offset_and_merging() {
        let offset = 1.7e9;
        let values: Vec<f64> = (0..1000).map(|i| offset + f64::from(i % 7)).collect();
        let mut parts = Moments::default();
        for part in values.chunks(37) {
            let mut one = Moments::default();
            part.iter().for_each(|&x| one.add(x));
            parts.merge(&one);
        }
        let mean = values.iter().map(|x| x - offset).sum::<f64>() / 1000.0;
        let squares: f64 = values.iter().map(|x| (x - offset - mean).powi(2)).sum();
        assert!((parts.mean - offset - mean).abs() < 1e-6);
        assert!((parts.deviation() - (squares / 1000.0).sqrt()).abs() < 1e-6);
        assert_eq!(
            (parts.min, parts.max, parts.count),
            (offset, offset + 6.0, 1000)
        );
    }
}
