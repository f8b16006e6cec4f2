//! Columns that are added to a table: where its synthetic rows come from.

/// A column to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ExtraKind,
    /// What it holds on the table's own rows; `None` leaves it empty there.
    pub original: Option<i64>,
}

/// What an added column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtraKind {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Real,
    /// Text.
    Text,
}

/// The cells of an added column; `None` is empty.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Whole numbers.
    Integers(Vec<Option<i64>>),
    /// Numbers.
    Reals(Vec<Option<f64>>),
    /// Text.
    Texts(Vec<Option<String>>),
}
