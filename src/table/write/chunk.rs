//! Synthetic rows on their way into a file.

use super::super::kind::Kind;
use super::super::missing::MissingCells;
use super::super::schema::Schema;
use super::extras::{Extra, ExtraKind};
use crate::error::{Error, Result};

/// Synthetic rows; as many as `classes` has entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chunk<'a> {
    /// The numeric features, `[rows, width]`, in the order of [`Schema::numeric`].
    pub numbers: &'a [f64],
    /// The codes of the categorical features, `[rows, categories]`, in the order of [`Schema::categorical`].
    pub codes: &'a [u32],
    /// The class of each row; any number in a table without classes.
    pub classes: &'a [u32],
    /// Cells that are written as missing ones.
    pub missing: Option<&'a MissingCells>,
    /// The values of each extra column that is no flag, in their order.
    pub extras: &'a [Values<'a>],
}

/// The values of an extra column, one a row.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// For [`ExtraKind::Row`]; `None` is an empty cell.
    Rows(&'a [Option<u32>]),
    /// For [`ExtraKind::Number`]; NaN is an empty cell.
    Numbers(&'a [f64]),
    /// For [`ExtraKind::Text`]; the empty text is an empty cell.
    Texts(&'a [String]),
}

impl Values<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    fn is_of(&self, kind: ExtraKind) -> bool {
        matches!(
            (self, kind),
            (Self::Rows(_), ExtraKind::Row)
                | (Self::Numbers(_), ExtraKind::Number)
                | (Self::Texts(_), ExtraKind::Text)
        )
    }
}

impl<'a> Chunk<'a> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The values of each extra column, `None` for flags.
    pub(super) fn values(&self, extras: &[Extra]) -> Vec<Option<Values<'a>>> {
        let mut values = self.extras.iter().copied();
        let value = |e: &Extra| (e.kind != ExtraKind::Flag).then(|| values.next()).flatten();
        extras.iter().map(value).collect()
    }

    /// Refuses what does not fit the table.
    pub(super) fn check(&self, schema: &Schema, extras: &[Extra]) -> Result<()> {
        let rows = self.len();
        let categories: Vec<u32> = schema
            .categorical()
            .map(|c| c.categories.len() as u32)
            .collect();
        let width = schema.numeric().count();
        let expected = (rows * width, rows * categories.len());
        if (self.numbers.len(), self.codes.len()) != expected {
            return Err(wrong(
                format!("{} numbers and {} codes", expected.0, expected.1),
                format!("{} and {}", self.numbers.len(), self.codes.len()),
            ));
        }
        let most: Vec<f64> = schema.numeric().map(|c| largest(c.kind)).collect();
        let fits = |(x, most): (&f64, &f64)| x.abs() <= *most;
        let mut pairs = self.numbers.iter().zip(most.iter().cycle());
        if let Some(place) = pairs.position(|pair| !fits(pair)) {
            let column = schema.numeric().nth(place % width);
            let expected = match most[place % width] {
                f64::MAX => "finite numbers".into(),
                most => format!("numbers within ±{most:e}"),
            };
            return Err(wrong(
                format!(
                    "{expected} in column '{}'",
                    column.map_or("", |c| c.name.as_str())
                ),
                format!("{} in synthetic row {}", self.numbers[place], place / width),
            ));
        }
        let known = |(&code, &most): (&u32, &u32)| code < most;
        if !self.codes.iter().zip(categories.iter().cycle()).all(known) {
            return Err(wrong(
                "codes of categories that there are".into(),
                "one beyond".into(),
            ));
        }
        let classes = schema.classes.len() as u32;
        if let Some(class) = self.classes.iter().find(|&&c| classes > 0 && c >= classes) {
            return Err(wrong(format!("classes below {classes}"), class.to_string()));
        }
        self.check_extras(extras)
    }

    fn check_extras(&self, extras: &[Extra]) -> Result<()> {
        let kinds = extras.iter().map(|e| e.kind);
        let kinds: Vec<ExtraKind> = kinds.filter(|k| *k != ExtraKind::Flag).collect();
        let fit = |(values, kind): (&Values<'_>, &ExtraKind)| {
            values.len() == self.len() && values.is_of(*kind)
        };
        match kinds.len() == self.extras.len() && self.extras.iter().zip(&kinds).all(fit) {
            true => Ok(()),
            false => Err(wrong(
                format!("{} values of each of {kinds:?}", self.len()),
                "others".into(),
            )),
        }
    }
}

/// The largest number that a column of this kind holds; whole numbers are kept within their range where they are written.
fn largest(kind: Kind) -> f64 {
    match kind {
        Kind::Float32 => f64::from(f32::MAX),
        _ => f64::MAX,
    }
}

fn wrong(expected: String, got: String) -> Error {
    Error::Shape {
        what: "synthetic rows".into(),
        expected,
        got,
    }
}
