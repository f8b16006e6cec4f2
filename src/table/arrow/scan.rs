//! The first pass over Parquet and Arrow.

use std::path::Path;

use arrow_array::Array;
use arrow_schema::DataType;

use super::super::in_order::in_order;
use super::super::kind::Kind;
use super::super::number::Number;
use super::super::options::{ScanOptions, Wanted};
use super::super::place::Counted;
use super::super::scan::{Counts, Part};
use super::super::tally::Tally;
use super::cells::{Numbers, each_name, kind_of};
use super::open::{Opened, Piece};
use crate::data::{Header, Source, shorten};
use crate::error::{Error, Result};
use crate::oversample::Progress;

/// The names of the columns.
pub(in super::super) fn column_names(source: &Source) -> Result<Vec<String>> {
    let opened = Opened::open(source)?;
    Ok(opened
        .schema
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect())
}

/// Counts a file, several pieces at once.
pub(in super::super) fn scan(
    source: &Source,
    options: &ScanOptions,
    progress: &dyn Progress,
) -> Result<Counts> {
    let opened = Opened::open(source)?;
    let path = opened.path.clone();
    if options.header == Header::Absent {
        let text = format!(
            "{}: its columns have names; only csv and tsv files can be without",
            path.display()
        );
        return Err(Error::Conflict(text));
    }
    let fields: Vec<_> = opened.schema.fields().iter().cloned().collect();
    let names: Vec<String> = fields.iter().map(|f| f.name().clone()).collect();
    let wanted = options.wanted(&path, &names)?;
    let columns = names.iter().zip(&wanted).zip(&fields);
    let kinds = columns
        .map(|((name, &want), field)| checked(&path, name, want, field.data_type()))
        .collect::<Result<Vec<_>>>()?;
    let read: Vec<usize> = (0..names.len()).filter(|&i| kinds[i].1.is_some()).collect();
    let mut all = Part {
        rows: 0,
        tallies: fresh(&kinds),
    };
    let missing = MissingNumbers::of(options);
    let work = |piece: Piece| {
        let mut part = Part {
            rows: 0,
            tallies: fresh(&kinds),
        };
        for batch in piece.batches() {
            let (row, batch) = batch?;
            part.rows += batch.num_rows() as u64;
            for (&i, array) in read.iter().zip(batch.columns()) {
                count(&mut part.tallies[i], array.as_ref(), row, options, &missing);
            }
        }
        Ok(part)
    };
    in_order(&path, opened.pieces(read.clone()), progress, work, |part| {
        progress.advance(part.rows);
        all.merge(part);
        Ok(())
    })?;
    Ok(Counts {
        names,
        tallies: all.tallies,
        rows: all.rows,
        counted: Counted::Rows,
    })
}

fn fresh(kinds: &[(Wanted, Option<Kind>)]) -> Vec<Tally> {
    let tally = |&(want, kind)| Tally::new(want, false, kind);
    kinds.iter().map(tally).collect()
}

/// What a column of a stated type is counted as.
fn checked(
    path: &Path,
    name: &str,
    want: Wanted,
    stored: &DataType,
) -> Result<(Wanted, Option<Kind>)> {
    let refuse = |problem: String| {
        let problem = format!("column '{}' {problem}", shorten(name));
        Err(Error::file(path, problem))
    };
    match (want, kind_of(stored)) {
        (Wanted::Ignored, _) => Ok((want, None)),
        (Wanted::Label, None) => refuse(format!("is of type {stored}, which holds no classes")),
        (_, None) if *stored == DataType::Null => {
            refuse("has nothing but missing cells; name it in --ignore".into())
        }
        (_, None) => refuse(format!(
            "is of type {stored}, which is neither a number nor a category; name it in --ignore"
        )),
        (Wanted::Numeric, Some(Kind::Boolean)) => {
            refuse("holds true and false, which are no numbers".into())
        }
        (Wanted::Any, Some(kind)) if kind.is_coded() => Ok((Wanted::Categorical, Some(kind))),
        (Wanted::Any, Some(kind)) => Ok((Wanted::Numeric, Some(kind))),
        (want, kind) => Ok((want, kind)),
    }
}

/// Numbers that stand for a missing cell.
pub(super) struct MissingNumbers(Vec<f64>);

impl MissingNumbers {
    pub fn of(options: &ScanOptions) -> Self {
        let numbers = options.na_values.iter().filter_map(|na| na.parse().ok());
        Self(numbers.collect())
    }

    pub fn holds(&self, x: f64) -> bool {
        self.0
            .iter()
            .any(|&na| na == x || na.is_nan() && x.is_nan())
    }
}

fn count(
    tally: &mut Tally,
    array: &dyn Array,
    row: u64,
    options: &ScanOptions,
    missing: &MissingNumbers,
) {
    let numbers = Numbers::of(array).filter(|_| tally.wanted == Wanted::Numeric);
    if let Some(numbers) = numbers {
        return count_numbers(tally, array, &numbers, row, missing);
    }
    each_name(array, |i, name| {
        let at = row + i as u64;
        match name {
            Some(name) if !options.names_missing(name) => tally.add_text(name, at),
            _ => tally.add_missing(at, || {
                name.map_or_else(String::new, |n| String::from_utf8_lossy(n).into_owned())
            }),
        }
    });
}

fn count_numbers(
    tally: &mut Tally,
    array: &dyn Array,
    numbers: &Numbers,
    row: u64,
    missing: &MissingNumbers,
) {
    for (i, &x) in numbers.values.iter().enumerate() {
        let at = row + i as u64;
        if array.is_null(i) || missing.holds(x) {
            tally.add_missing(at, || match array.is_null(i) {
                true => String::new(),
                false => x.to_string(),
            });
            continue;
        }
        let number = match numbers.whole {
            _ if !x.is_finite() => Number::NotFinite,
            true => Number::Integer(x),
            false => Number::Float(x),
        };
        tally.add_shown(number, at, || x.to_string());
    }
}
