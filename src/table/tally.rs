//! What the cells of one column add up to while a table is scanned.

use std::collections::HashMap;

use super::kind::Moments;

/// Distinct values that are kept of a column that holds only numbers so far, for it may yet turn out to hold names.
const FEW: usize = 256;
/// Distinct values that are kept of a column of names.
pub(super) const MANY: usize = 1_000_000;
/// Integers beyond this do not survive as f64.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A cell and the line or row it stands in, for a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot {
    pub at: u64,
    pub value: String,
}

/// What a column may hold, which decides what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    /// Numbers or names, as the cells say.
    Either,
    /// Names, whatever they look like.
    Names,
    /// Nothing that counts.
    Nothing,
}

/// The sums over the cells of a column, or of a part of it.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub expect: Expect,
    pub missing: u64,
    pub first_missing: Option<u64>,
    pub numbers: u64,
    pub fractions: bool,
    pub names: u64,
    pub first_name: Option<Spot>,
    pub not_finite: Option<Spot>,
    pub inexact: Option<Spot>,
    pub moments: Moments,
    /// Rows of each distinct value; `None` once there were too many.
    pub values: Option<HashMap<Box<[u8]>, u64>>,
}

impl Tally {
    pub(super) fn new(expect: Expect) -> Self {
        Self {
            expect,
            missing: 0,
            first_missing: None,
            numbers: 0,
            fractions: false,
            names: 0,
            first_name: None,
            not_finite: None,
            inexact: None,
            moments: Moments::default(),
            values: (expect != Expect::Nothing).then(HashMap::new),
        }
    }

    pub(super) fn miss(&mut self, at: u64) {
        self.missing += 1;
        self.first_missing.get_or_insert(at);
    }

    /// One cell of text.
    pub(super) fn text(&mut self, cell: &[u8], at: u64) {
        match self.expect {
            Expect::Nothing => return,
            Expect::Names => self.names += 1,
            Expect::Either => match parse(cell) {
                Some(Number { value, whole }) => {
                    self.number(value, whole, at, || shown(cell));
                }
                None => {
                    self.names += 1;
                    self.first_name.get_or_insert_with(|| Spot {
                        at,
                        value: shown(cell),
                    });
                }
            },
        }
        self.count(cell, 1);
    }

    /// One number.
    pub(super) fn number(&mut self, x: f64, whole: bool, at: u64, shown: impl Fn() -> String) {
        let spot = || Spot { at, value: shown() };
        if !x.is_finite() {
            self.not_finite.get_or_insert_with(spot);
            return;
        }
        self.numbers += 1;
        self.fractions |= !whole;
        if whole && x.abs() > EXACT {
            self.inexact.get_or_insert_with(spot);
        }
        self.moments.add(x);
    }

    /// `rows` more rows of a value.
    pub(super) fn count(&mut self, value: &[u8], rows: u64) {
        let most = if self.names > 0 { MANY } else { FEW };
        let Some(values) = &mut self.values else {
            return;
        };
        if let Some(count) = values.get_mut(value) {
            *count += rows;
        } else if values.len() < most {
            values.insert(value.into(), rows);
        } else {
            self.values = None;
        }
    }

    /// Takes in what came of the cells behind these.
    pub(super) fn merge(&mut self, later: Self) {
        self.missing += later.missing;
        self.first_missing = self.first_missing.or(later.first_missing);
        self.numbers += later.numbers;
        self.fractions |= later.fractions;
        self.names += later.names;
        self.first_name = self.first_name.take().or(later.first_name);
        self.not_finite = self.not_finite.take().or(later.not_finite);
        self.inexact = self.inexact.take().or(later.inexact);
        self.moments.merge(&later.moments);
        match later.values {
            None => self.values = None,
            Some(values) => {
                for (value, rows) in values {
                    self.count(&value, rows);
                }
            }
        }
    }
}

/// A cell as text, cut for a message.
pub(super) fn shown(cell: &[u8]) -> String {
    crate::data::shorten(&String::from_utf8_lossy(cell))
}

/// A number in a cell, and whether it is written as a whole one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    pub value: f64,
    pub whole: bool,
}

/// A cell's number, white space around it left out: decimal digits with an optional sign, point and exponent, or one of
/// the words for infinity and NaN, which are numbers that no method can take.
pub(super) fn parse(cell: &[u8]) -> Option<Number> {
    let cell = cell.trim_ascii();
    let digits = cell.strip_prefix(b"-").unwrap_or(cell);
    let small = (1..=15).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    if small {
        let whole = digits
            .iter()
            .fold(0u64, |n, d| n * 10 + u64::from(d - b'0')) as f64;
        let value = if digits.len() < cell.len() {
            -whole
        } else {
            whole
        };
        return Some(Number { value, whole: true });
    }
    let text = std::str::from_utf8(cell).ok()?;
    let value: f64 = text.parse().ok()?;
    let whole = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b'-' || b == b'+');
    Some(Number { value, whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_names() {
        let number = |text: &str| parse(text.as_bytes()).map(|n| (n.value, n.whole));
        assert_eq!(number("12"), Some((12.0, true)));
        assert_eq!(number(" -7 "), Some((-7.0, true)));
        assert_eq!(number(".400"), Some((0.4, false)));
        assert_eq!(number("1e3"), Some((1000.0, false)));
        assert_eq!(number("9007199254740993"), Some((9007199254740992.0, true)));
        for name in ["", "-", "1,5", "0x10", "5more", "1_000", "- 3", "12-3"] {
            assert_eq!(number(name), None, "{name}");
        }
        assert!(number("nan").is_some_and(|n| n.0.is_nan()));
        assert!(number("-inf").is_some_and(|n| n.0.is_infinite()));
    }

    #[test]
    fn values_are_kept_while_they_are_few_and_then_only_of_names() {
        let mut tally = Tally::new(Expect::Either);
        (0..300u64).for_each(|i| tally.text(i.to_string().as_bytes(), i));
        assert!(tally.values.is_none() && tally.numbers == 300);
        let mut tally = Tally::new(Expect::Names);
        (0..300u64).for_each(|i| tally.text(i.to_string().as_bytes(), i));
        assert_eq!(tally.values.map(|v| v.len()), Some(300));
    }
}
