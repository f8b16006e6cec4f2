//! The kind of a column from what was counted of it, and every reason to refuse one.

use std::path::Path;

use super::kind::{Category, Kind, Role};
use super::names::{MOST_NAMES, Names};
use super::number::Number;
use super::options::Wanted;
use super::place::Counted;
use super::schema::Column;
use super::tally::{First, Tally};
use crate::data::shorten;
use crate::error::{Error, Result};

/// Of the cells of a column that are there, the share that must be no numbers for numbers beside them to be names.
const TEXT_SHARE: f64 = 0.05;

/// A column of a file, for errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub path: &'a Path,
    pub counted: Counted,
    pub name: &'a str,
    /// From 0.
    pub place: usize,
}

impl Subject<'_> {
    fn cell(&self, first: &First, expected: &str) -> Error {
        let Self { path, counted, .. } = self;
        counted.wrong(path, first.at, self.name, expected, &first.value)
    }

    fn column(&self, problem: &str) -> Error {
        let name = shorten(self.name);
        Error::file(self.path, format!("column '{name}' {problem}"))
    }

    /// The column, or the reason to refuse it.
    pub fn infer(&self, tally: Tally) -> Result<Column> {
        let filled = Column {
            name: self.name.into(),
            number: self.place + 1,
            role: tally.wanted.role(),
            kind: Kind::Other,
            missing: tally.missing,
            summary: None,
            categories: Vec::new(),
            first_missing: tally.first_missing.clone(),
        };
        match tally.wanted {
            Wanted::Ignored => Ok(filled),
            Wanted::Label => self.label(tally, filled),
            Wanted::Categorical => self.names(tally, filled),
            Wanted::Numeric => self.numbers(tally, filled),
            Wanted::Any => match self.is_text(&tally)? {
                true => self.names(tally, filled),
                false => self.numbers(tally, filled),
            },
        }
    }

    /// Whether the cells are names: all of them, or at least a twentieth.
    pub fn is_text(&self, tally: &Tally) -> Result<bool> {
        let (texts, numbers) = (tally.texts, tally.numbers());
        match &tally.first_text {
            None => Ok(false),
            Some(_) if texts as f64 >= TEXT_SHARE * (texts + numbers) as f64 => Ok(true),
            Some(first) => Err(self.cell(
                first,
                &format!(
                    "a number, as in {numbers} other cells of the column ({texts} are none); \
                     name it in --categorical or --ignore, or the value in --na-values"
                ),
            )),
        }
    }

    fn numbers(&self, tally: Tally, column: Column) -> Result<Column> {
        if let Some(first) = &tally.first_text {
            return Err(self.cell(first, "a number"));
        }
        if let Some(first) = &tally.first_not_finite {
            let expected = "a finite number; a value in --na-values is missing";
            return Err(self.cell(first, expected));
        }
        let Some(summary) = tally.moments.summary() else {
            return Err(self.empty());
        };
        let whole = tally.floats == 0;
        if let Some(first) = tally.first_inexact.as_ref().filter(|_| whole) {
            let expected = "a whole number below 2^53, beyond which a mixture is not exact; \
                            name the column in --ignore or --categorical";
            return Err(self.cell(first, expected));
        }
        let kind = if whole { Kind::Integer } else { Kind::Float64 };
        Ok(Column {
            kind: tally.stored.filter(|k| k.is_numeric()).unwrap_or(kind),
            summary: Some(summary),
            ..column
        })
    }

    fn names(&self, tally: Tally, column: Column) -> Result<Column> {
        let categories = self.sorted(tally.names)?;
        if categories.is_empty() {
            return Err(self.empty());
        }
        let kind = tally.stored.filter(|k| k.is_coded());
        Ok(Column {
            kind: kind.unwrap_or(Kind::Categorical),
            categories,
            ..column
        })
    }

    fn label(&self, tally: Tally, column: Column) -> Result<Column> {
        if let Some(first) = &tally.first_missing {
            return Err(self.cell(first, "a class"));
        }
        let mut categories = self.sorted(tally.names)?;
        let numbers: Option<Vec<Number>> = categories
            .iter()
            .map(|c| Some(Number::of(c.name.as_bytes())).filter(is_finite))
            .collect();
        let read = match &numbers {
            None => Kind::Categorical,
            Some(n) if n.iter().all(|n| matches!(n, Number::Integer(_))) => Kind::Integer,
            Some(_) => Kind::Float64,
        };
        if let Some(numbers) = numbers {
            categories = by_number(categories, &numbers);
        }
        Ok(Column {
            kind: tally.stored.unwrap_or(read),
            role: Role::Label,
            categories,
            ..column
        })
    }

    fn sorted(&self, names: Names) -> Result<Vec<Category>> {
        if names.too_many() {
            let problem = format!(
                "has more than {MOST_NAMES} distinct values, too many for categories; name it in --ignore"
            );
            return Err(self.column(&problem));
        }
        let category = |(name, rows)| Category { name, rows };
        Ok(names.sorted().into_iter().map(category).collect())
    }

    fn empty(&self) -> Error {
        self.column("has nothing but missing cells; name it in --ignore")
    }
}

fn is_finite(number: &Number) -> bool {
    matches!(number, Number::Integer(_) | Number::Float(_))
}

/// Names that are numbers in the order of these, equal ones in the order of their names.
fn by_number(categories: Vec<Category>, numbers: &[Number]) -> Vec<Category> {
    let value = |n: &Number| match n {
        Number::Integer(x) | Number::Float(x) => *x,
        Number::NotFinite | Number::Text => f64::NAN,
    };
    let mut keyed: Vec<(f64, Category)> = numbers.iter().map(value).zip(categories).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.name.cmp(&b.1.name)));
    keyed.into_iter().map(|(_, category)| category).collect()
}
