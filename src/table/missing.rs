//! What missing cells are taken to be.

use std::path::Path;

use super::input::{Chunk, Format, Input};
use super::kind::Schema;
use super::load::Missing;
use super::options::ReadOptions;
use super::scan::Reader;
use super::tally::parse;
use crate::data::Source;
use crate::error::{Error, Result};

/// The median of every numeric feature and the most frequent category of every other one.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Fills {
    pub numbers: Vec<f64>,
    pub codes: Vec<u32>,
}

impl Fills {
    /// Reads the columns with missing cells once, where they are to be imputed: 8 bytes a cell of these.
    pub(super) fn new(
        source: &Source,
        options: &ReadOptions,
        schema: &Schema,
        missing: Missing,
    ) -> Result<Self> {
        if missing != Missing::Impute {
            return Ok(Self::default());
        }
        let codes = schema.categories().map(|c| {
            let most = c.category_rows.iter().max().copied().unwrap_or(0);
            c.category_rows.iter().position(|&n| n == most).unwrap_or(0) as u32
        });
        let columns: Vec<usize> = (0..schema.columns.len())
            .filter(|&i| schema.columns[i].is_number() && schema.columns[i].missing > 0)
            .collect();
        let mut medians = medians(source, options, schema, &columns)?.into_iter();
        let numbers = schema.numbers().map(|c| match c.missing {
            0 => 0.0,
            _ => medians.next().unwrap_or(0.0),
        });
        Ok(Self {
            numbers: numbers.collect(),
            codes: codes.collect(),
        })
    }

    /// Says that a cell is missing.
    pub(super) fn refusal(&self, path: &Path, schema: &Schema, column: usize, line: u64) -> Error {
        let column = &schema.columns[column];
        Error::Cell {
            path: path.into(),
            line,
            column: Some(column.name.clone()),
            expected: format!(
                "a value; {} of {} cells of the column are missing (--missing impute, or --ignore {}; --missing carry \
                 with --method random)",
                column.missing, schema.rows, column.name
            ),
            value: String::new(),
        }
    }
}

/// The medians of some columns over all rows, missing cells left out.
fn medians(
    source: &Source,
    options: &ReadOptions,
    schema: &Schema,
    columns: &[usize],
) -> Result<Vec<f64>> {
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); columns.len()];
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let input = Input::open(source, options.header)?;
    let (path, format) = (input.path.clone(), input.format);
    input.for_each(
        |chunk| {
            let mut part: Vec<Vec<f64>> = vec![Vec::new(); columns.len()];
            match chunk {
                Chunk::Text(block) => {
                    let Format::Text(delimiter) = format else {
                        unreachable!("a block is of a text file")
                    };
                    let reader = Reader {
                        path: &path,
                        delimiter,
                        na_values: &options.na_values,
                        columns: schema.columns.len(),
                    };
                    for place in &block.records {
                        reader.cells(&block, *place, |i, cell| {
                            let number = cell.and_then(parse).map(|n| n.value);
                            if let (Ok(at), Some(x)) = (columns.binary_search(&i), number) {
                                part[at].push(x);
                            }
                            Ok(())
                        })?;
                    }
                }
                #[cfg(feature = "cli")]
                Chunk::Batch(batch, _) => {
                    use super::columnar::{Cell, each};
                    for (at, &i) in columns.iter().enumerate() {
                        each(batch.column(i).as_ref(), |_, cell| {
                            match cell {
                                Cell::Real(x) => part[at].push(x),
                                Cell::Whole(x) => part[at].push(x as f64),
                                _ => {}
                            }
                            Ok(())
                        })?;
                    }
                }
            }
            Ok(part)
        },
        |part| {
            values
                .iter_mut()
                .zip(part)
                .for_each(|(all, mut new)| all.append(&mut new));
            Ok(())
        },
    )?;
    Ok(values.iter_mut().map(|v| median(v)).collect())
}

/// The median; the mean of the two middle numbers of an even count.
fn median(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return 0.0;
    }
    let (below, &mut middle, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    match n % 2 {
        1 => middle,
        _ => 0.5 * (middle + below.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
    }
}
