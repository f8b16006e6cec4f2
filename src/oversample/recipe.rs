//! Synthetic rows as data: pairs, and what is recorded beside them.

use std::ops::Range;

use super::ball;
use super::draws::Draws;
use super::rows::{Real, Rows};
use crate::blend::fresh;
use crate::error::{Error, Result};
use crate::pairs::Pairs;

/// How the rows of one class are made: whose they are, with whom they are mixed, and how much of each.
///
/// ```text
/// row = weight·x[own] + (1 − weight)·x[partner] + residue
/// ```
///
/// The weighted sum is kept between its two parents where the weight is within [0, 1], so that a column in which they
/// are equal stays as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// Rows of the table, and behind them the derived ones.
    pub pairs: Pairs,
    /// What is added after the blend.
    pub residue: Residue,
    /// Rows that are no rows of the table, such as the mean of a class, one behind the other.
    pub derived: Vec<f64>,
    /// The category codes of every row, `[rows, categories]`; `None` for those of `own`.
    pub codes: Option<Vec<u32>>,
}

/// What is added after the blend. Zero of it is the plan without it.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Residue {
    /// Nothing.
    #[default]
    None,
    /// Normal noise, drawn for each row by its number.
    Noise {
        /// The standard deviation of each numeric column.
        deviation: Vec<f64>,
        /// Which draws.
        draws: Draws,
    },
    /// What is off the axis of a point in the ball around `own` that reaches to `partner`, drawn for each row by its
    /// number. The weight holds what is on it.
    Ball {
        /// How far the ball is pressed onto its axis, in [0, 1].
        deformation: f64,
        /// Which draws.
        draws: Draws,
    },
}

impl From<Pairs> for Recipe {
    fn from(pairs: Pairs) -> Self {
        Self {
            pairs,
            residue: Residue::None,
            derived: Vec::new(),
            codes: None,
        }
    }
}

impl Recipe {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Whether row number `i` in `own` or `partner` is a derived row of a table of `rows` rows.
    pub fn is_derived(rows: usize, i: u32) -> bool {
        i as usize >= rows
    }

    /// The numbers of some of the rows, `[range, width]`, rounded once to the table's own kind.
    ///
    /// # Errors
    /// [`Error::Pairs`] for a row that neither the table nor the derived rows have, [`Error::Shape`] for a range
    /// past the end, or codes or deviations that do not fit the table.
    pub fn numbers<T: Real>(&self, rows: &Rows<'_, T>, range: Range<usize>) -> Result<Vec<T>> {
        let width = rows.width();
        self.check(rows, &range)?;
        let derived: Vec<T> = self.derived.iter().map(|&x| T::of_f64(x)).collect();
        let row = |i: u32| match (i as usize).checked_sub(rows.len()) {
            None => rows.numbers(i as usize),
            Some(d) => &derived[d * width..][..width],
        };
        Ok(fresh::rows(range.len(), width, |r, slots| {
            let r = range.start + r;
            let own = row(self.pairs.own()[r]);
            let partner = row(self.pairs.partner()[r]);
            let weight = self.pairs.weight()[r];
            match self.residue.of(r, own, partner) {
                None if weight == 1.0 => slots.copy(own),
                None => slots.zip(own, partner, blend(weight)),
                Some(mut added) => {
                    for (sum, (&x, &y)) in added.iter_mut().zip(own.iter().zip(partner)) {
                        *sum += blend::<T>(weight)(x, y).to_f64();
                    }
                    slots.map(&added, T::of_f64);
                }
            }
        }))
    }

    /// The category codes of some of the rows, `[range, categories]`.
    ///
    /// # Errors
    /// As [`Recipe::numbers`].
    pub fn codes<T: Real>(&self, rows: &Rows<'_, T>, range: Range<usize>) -> Result<Vec<u32>> {
        self.check(rows, &range)?;
        let width = rows.categories();
        if let Some(codes) = &self.codes {
            return Ok(codes[range.start * width..range.end * width].to_vec());
        }
        let own = &self.pairs.own()[range.clone()];
        let derived = own.iter().position(|&i| Self::is_derived(rows.len(), i));
        match derived.filter(|_| width > 0) {
            None => Ok(own
                .iter()
                .flat_map(|&i| rows.codes(i as usize))
                .copied()
                .collect()),
            Some(r) => Err(Error::Pairs {
                column: "own",
                row: range.start + r,
                expected: "a row of the table: derived rows have no codes".into(),
                value: own[r].to_string(),
            }),
        }
    }

    /// The door: what passes it can be made. Only the rows of the range are looked at, so that many short ranges cost
    /// no more than a long one.
    fn check<T: Real>(&self, rows: &Rows<'_, T>, range: &Range<usize>) -> Result<()> {
        if range.start > range.end || range.end > self.len() {
            let expected = format!("within the {} rows", self.len());
            return Err(shape(
                "range of synthetic rows",
                expected,
                format!("{range:?}"),
            ));
        }
        let derived = self.derived.len().checked_div(rows.width()).unwrap_or(0);
        self.pairs
            .check_rows_from(range.clone(), rows.len() + derived)?;
        let codes = self.len() * rows.categories();
        if let Some(given) = self.codes.as_ref().filter(|given| given.len() != codes) {
            return Err(shape("codes of synthetic rows", codes, given.len()));
        }
        match &self.residue {
            Residue::Noise { deviation, .. } if deviation.len() != rows.width() => {
                Err(shape("deviation", rows.width(), deviation.len()))
            }
            _ => Ok(()),
        }
    }
}

fn shape(what: &str, expected: impl ToString, got: impl ToString) -> Error {
    Error::Shape {
        what: what.into(),
        expected: expected.to_string(),
        got: got.to_string(),
    }
}

impl Residue {
    /// The residue of row `r`, whose parents are `own` and `partner`; `None` where it is 0.
    fn of<T: Real>(&self, r: usize, own: &[T], partner: &[T]) -> Option<Vec<f64>> {
        match self {
            Self::None => None,
            Self::Noise { deviation, draws } => Some(draws.normals(r, deviation)),
            Self::Ball { deformation, draws } => {
                ball::off_axis(*draws, r, [own, partner], *deformation)
            }
        }
    }
}

/// `weight·x + (1 − weight)·y`, kept between the two where the weight is within [0, 1].
fn blend<T: Real>(weight: f64) -> impl Fn(T, T) -> T {
    let rest = 1.0 - weight;
    move |x, y| {
        if rest == 1.0 {
            return y; // 0·x + y would lose the sign of −0
        }
        let (a, b) = (x.to_f64(), y.to_f64());
        let sum = weight * a + rest * b;
        T::of_f64(match rest >= 0.0 && weight >= 0.0 {
            true => sum.max(a.min(b)).min(a.max(b)),
            false if a == b => a,
            false => sum,
        })
    }
}
