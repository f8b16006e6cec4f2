//! From what was counted to what the columns are.

use std::collections::HashMap;
use std::path::Path;

use super::kind::{Column, Kind, Role, Schema};
use super::options::{Layout, Said};
use super::tally::{MANY, Spot, Tally, parse};
use crate::error::{Error, Result};

/// Below this share of cells that are no numbers, a column is one of numbers with a mistake in it.
const NAMES: f64 = 0.05;

pub(super) fn infer(
    path: &Path,
    layout: &Layout,
    types: Option<&[Kind]>,
    tallies: &[Tally],
    rows: u64,
) -> Result<Schema> {
    if rows == 0 {
        return Err(Error::file(path, "has no rows"));
    }
    if rows > u64::from(u32::MAX) {
        return Err(Error::file(
            path,
            format!("has {rows} rows; at most {} are taken", u32::MAX),
        ));
    }
    let columns = (0..layout.names.len())
        .map(|i| column(path, layout, i, &tallies[i], types.map(|t| t[i])))
        .collect::<Result<Vec<_>>>()?;
    let (classes, class_rows) = classes(path, layout, &tallies[layout.label])?;
    Ok(Schema {
        columns,
        label: layout.label,
        classes,
        class_rows,
        rows: rows as usize,
    })
}

/// Refuses columns of numbers with a few other cells.
pub(super) fn check_mixed(path: &Path, layout: &Layout, tallies: &[Tally]) -> Result<()> {
    for (i, tally) in tallies.iter().enumerate() {
        let Some(Spot { at, value }) = tally.first_name.clone() else {
            continue;
        };
        let column = &layout.names[i];
        let cells = tally.numbers + tally.names;
        let expected = match layout.said[i] {
            Said::Numeric => "a number".into(),
            Said::Nothing if (tally.names as f64) < NAMES * cells as f64 => format!(
                "a number, as in {} of {cells} cells of the column (or say --categorical {column}, --na-values {value}, \
                 or --ignore {column})",
                tally.numbers
            ),
            _ => continue,
        };
        return Err(cell(path, at, column, expected, value));
    }
    Ok(())
}

fn cell(path: &Path, line: u64, column: &str, expected: impl Into<String>, value: String) -> Error {
    Error::Cell {
        path: path.into(),
        line,
        column: Some(column.into()),
        expected: expected.into(),
        value,
    }
}

fn column(
    path: &Path,
    layout: &Layout,
    i: usize,
    tally: &Tally,
    typed: Option<Kind>,
) -> Result<Column> {
    let (name, role) = (&layout.names[i], layout.roles[i]);
    let mut column = Column {
        name: name.clone(),
        kind: typed.unwrap_or(Kind::Other),
        role,
        missing: tally.missing,
        moments: None,
        categories: Vec::new(),
        category_rows: Vec::new(),
    };
    if role != Role::Feature {
        return Ok(column);
    }
    if tally.numbers + tally.names == 0 && tally.not_finite.is_none() {
        let text = format!(
            "the column '{name}' has no cell that is not missing; leave it out with --ignore '{name}'"
        );
        return Err(Error::file(path, text));
    }
    if tally.names > 0 {
        column.kind = match typed {
            Some(Kind::Boolean) => Kind::Boolean,
            _ => Kind::Categorical,
        };
        (column.categories, column.category_rows) = categories(path, name, tally)?;
        return Ok(column);
    }
    if let Some(Spot { at, value }) = tally.not_finite.clone() {
        let expected = "a finite number (name it in --na-values if it means missing)";
        return Err(cell(path, at, name, expected, value));
    }
    column.kind = typed.unwrap_or(match tally.fractions {
        true => Kind::Float64,
        false => Kind::Integer,
    });
    if let (Kind::Integer, Some(Spot { at, value })) = (column.kind, tally.inexact.clone()) {
        let expected = format!(
            "a whole number within ±2^53, which is what arithmetic keeps exact (or say --ignore {name}, or --categorical {name})"
        );
        return Err(cell(path, at, name, expected, value));
    }
    column.moments = Some(tally.moments);
    Ok(column)
}

/// The distinct values in ascending order, and their rows.
fn categories(path: &Path, name: &str, tally: &Tally) -> Result<(Vec<String>, Vec<u64>)> {
    let Some(values) = &tally.values else {
        let text = format!(
            "the column '{name}' has more than {MANY} distinct values; leave it out with --ignore '{name}'"
        );
        return Err(Error::file(path, text));
    };
    let mut sorted: Vec<(String, u64)> = named(values);
    sorted.sort();
    Ok(sorted.into_iter().unzip())
}

fn named(values: &HashMap<Box<[u8]>, u64>) -> Vec<(String, u64)> {
    let name = |(value, &rows): (&Box<[u8]>, &u64)| (String::from_utf8_lossy(value).into(), rows);
    values.iter().map(name).collect()
}

/// The classes, ascending: as numbers if all are, else as text.
fn classes(path: &Path, layout: &Layout, tally: &Tally) -> Result<(Vec<String>, Vec<usize>)> {
    let name = &layout.names[layout.label];
    if let Some(line) = tally.first_missing {
        return Err(cell(path, line, name, "a class", String::new()));
    }
    let (mut classes, mut rows) = categories(path, name, tally)?;
    let numbers: Option<Vec<f64>> = classes
        .iter()
        .map(|c| parse(c.as_bytes()).map(|n| n.value))
        .collect();
    if let Some(numbers) = numbers {
        let mut order: Vec<usize> = (0..classes.len()).collect();
        order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
        classes = order.iter().map(|&i| classes[i].clone()).collect();
        rows = order.iter().map(|&i| rows[i]).collect();
    }
    Ok((classes, rows.into_iter().map(|n| n as usize).collect()))
}
