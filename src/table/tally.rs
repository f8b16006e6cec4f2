//! What is learnt of a column while its cells pass by.

use super::blocks::shown;
use super::kind::Kind;
use super::moments::Moments;
use super::names::Names;
use super::number::{MOST_EXACT, Number};
use super::options::Wanted;

/// The first cell of some sort: where it stands, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct First {
    /// A line, or a row where the file has no lines; within a block of text an offset at first.
    pub at: u64,
    pub value: String,
}

/// Everything counted of one column.
#[derive(Debug)]
pub(super) struct Tally {
    pub wanted: Wanted,
    /// Whether numbers are counted as names, too, since the column may turn out to be one of names.
    pub names_too: bool,
    /// The kind that the file itself states.
    pub stored: Option<Kind>,
    pub moments: Moments,
    pub missing: u64,
    pub integers: u64,
    pub floats: u64,
    pub texts: u64,
    pub names: Names,
    pub first_missing: Option<First>,
    pub first_text: Option<First>,
    pub first_not_finite: Option<First>,
    /// The first whole number that an f64 cannot tell from its neighbours.
    pub first_inexact: Option<First>,
}

impl Tally {
    pub fn new(wanted: Wanted, names_too: bool, stored: Option<Kind>) -> Self {
        Self {
            wanted,
            names_too,
            stored,
            moments: Moments::default(),
            missing: 0,
            integers: 0,
            floats: 0,
            texts: 0,
            names: Names::default(),
            first_missing: None,
            first_text: None,
            first_not_finite: None,
            first_inexact: None,
        }
    }

    /// Numbers that were counted.
    pub fn numbers(&self) -> u64 {
        self.integers + self.floats
    }

    /// Whether every cell was counted as a name.
    pub fn has_all_names(&self) -> bool {
        self.names_too || matches!(self.wanted, Wanted::Categorical | Wanted::Label)
    }

    /// Counts a cell of text that is not missing.
    pub fn add_text(&mut self, cell: &[u8], at: u64) {
        match self.wanted {
            Wanted::Ignored => {}
            Wanted::Categorical | Wanted::Label => self.names.add(cell),
            Wanted::Numeric => self.add_number(Number::of(cell), cell, at),
            Wanted::Any => {
                let number = Number::of(cell);
                self.add_number(number, cell, at);
                let is_number = matches!(number, Number::Integer(_) | Number::Float(_));
                if self.names_too || !is_number {
                    self.names.add(cell);
                }
            }
        }
    }

    /// Counts a missing cell, which an error would show by `show`.
    pub fn add_missing(&mut self, at: u64, show: impl Fn() -> String) {
        self.missing += 1;
        note(&mut self.first_missing, at, show);
    }

    fn add_number(&mut self, number: Number, cell: &[u8], at: u64) {
        self.add_shown(number, at, || shown(cell));
    }

    /// Counts a number that an error would show by `show`.
    pub fn add_shown(&mut self, number: Number, at: u64, show: impl Fn() -> String) {
        match number {
            Number::Float(x) => {
                self.floats += 1;
                self.moments.add(x);
            }
            Number::Integer(x) => {
                self.integers += 1;
                self.moments.add(x);
                if x.abs() >= MOST_EXACT {
                    note(&mut self.first_inexact, at, show);
                }
            }
            Number::NotFinite => note(&mut self.first_not_finite, at, show),
            Number::Text => {
                self.texts += 1;
                note(&mut self.first_text, at, show);
            }
        }
    }

    /// Turns the places of first cells into others: offsets into lines.
    pub fn locate(&mut self, place: impl Fn(u64) -> u64) {
        let firsts = [
            &mut self.first_missing,
            &mut self.first_text,
            &mut self.first_not_finite,
            &mut self.first_inexact,
        ];
        for first in firsts.into_iter().flatten() {
            first.at = place(first.at);
        }
    }

    /// Joins what was counted further down the file.
    pub fn merge(&mut self, later: Self) {
        self.moments.merge(&later.moments);
        self.missing += later.missing;
        self.integers += later.integers;
        self.floats += later.floats;
        self.texts += later.texts;
        self.names_too &= later.names_too;
        self.names.merge(later.names);
        let earlier = |mine: &mut Option<First>, other| *mine = mine.take().or(other);
        earlier(&mut self.first_missing, later.first_missing);
        earlier(&mut self.first_text, later.first_text);
        earlier(&mut self.first_not_finite, later.first_not_finite);
        earlier(&mut self.first_inexact, later.first_inexact);
    }
}

fn note(first: &mut Option<First>, at: u64, show: impl Fn() -> String) {
    first.get_or_insert_with(|| First { at, value: show() });
}
