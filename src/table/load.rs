//! The second pass over a table: the rows that are needed, in memory.

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::blocks::Block;
use super::input::{Chunk, Format, Input};
use super::kind::{Role, Schema};
use super::missing::Fills;
use super::options::ReadOptions;
use super::scan::{PART, Reader};
use super::tally::{parse, shown};
use crate::data::Source;
use crate::error::{Error, Result};
use crate::oversample::Rows;
use crate::split::Strata;

/// What is done with missing cells of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// The first one is an error that names line and column (the default).
    #[default]
    Reject,
    /// They are taken to be the column's median over all rows, or its most frequent category (of equally frequent ones
    /// the first). The table that is read is not changed.
    Impute,
    /// They stay missing, and so they are in copies of the row.
    Carry,
}

/// Rows in memory, features only.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Numbers `[rows, width]`, row by row; 0 where missing.
    pub numbers: Vec<f64>,
    /// Numeric features.
    pub width: usize,
    /// Category codes `[rows, categories]`, row by row: places in [`Column::categories`](super::Column).
    pub codes: Vec<u32>,
    /// Categorical features.
    pub categories: usize,
    /// The class of each row: its place in [`Schema::classes`].
    pub classes: Vec<u32>,
    /// The number of each row in the file, from 0.
    pub origin: Vec<u32>,
    /// Missing cells by (row of this table, feature), ascending; features count numbers first. Empty unless carried.
    pub missing: Vec<(u32, u32)>,
}

/// The code of a missing category that is carried.
pub const NO_CATEGORY: u32 = u32::MAX;

impl Table {
    /// The rows as an oversampler takes them.
    ///
    /// # Errors
    /// Those of [`Rows::mixed`].
    pub fn rows(&self) -> Result<Rows<'_, f64>> {
        Rows::mixed(&self.numbers, self.width, &self.codes, self.categories)
    }

    /// Their classes, under the names of `schema`.
    pub fn strata<'a>(&'a self, schema: &'a Schema) -> Strata<'a> {
        Strata {
            classes: &self.classes,
            names: &schema.classes,
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    fn append(&mut self, mut part: Self) {
        let before = self.len() as u32;
        part.missing.iter_mut().for_each(|m| m.0 += before);
        self.numbers.append(&mut part.numbers);
        self.codes.append(&mut part.codes);
        self.classes.append(&mut part.classes);
        self.origin.append(&mut part.origin);
        self.missing.append(&mut part.missing);
    }
}

/// Reads the rows of some classes, or of all where `classes` is `None`, as `schema` says.
///
/// # Errors
/// [`Error::Cell`] for a missing cell under [`Missing::Reject`], and for a file that is no longer what was scanned.
pub fn load(
    source: &Source,
    options: &ReadOptions,
    schema: &Schema,
    classes: Option<&[u32]>,
    missing: Missing,
) -> Result<Table> {
    let fills = Fills::new(source, options, schema, missing)?;
    let input = Input::open(source, options.header)?;
    let path = input.path.clone();
    let loader = Loader::new(&path, schema, classes, missing, &fills);
    let mut table = loader.empty();
    let format = input.format;
    input.for_each(
        |chunk| match chunk {
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
                loader.text(&reader, &block)
            }
            #[cfg(feature = "cli")]
            Chunk::Batch(batch, first) => loader.batch(&batch, first),
        },
        |parts| {
            parts.into_iter().for_each(|part| table.append(part));
            Ok(())
        },
    )?;
    Ok(table)
}

/// Where a column's cells go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    Nowhere,
    Class,
    Number(usize),
    Code(usize),
}

struct Loader<'a> {
    path: &'a Path,
    schema: &'a Schema,
    missing: Missing,
    fills: &'a Fills,
    goes: Vec<Goes>,
    wanted: Vec<bool>,
    class_of: HashMap<&'a [u8], u32>,
    code_of: Vec<HashMap<&'a [u8], u32>>,
    width: usize,
    categories: usize,
}

impl<'a> Loader<'a> {
    fn new(
        path: &'a Path,
        schema: &'a Schema,
        classes: Option<&[u32]>,
        missing: Missing,
        fills: &'a Fills,
    ) -> Self {
        let (mut width, mut categories) = (0, 0);
        let next = |n: &mut usize| std::mem::replace(n, *n + 1);
        let goes = schema.columns.iter().map(|column| match column.role {
            Role::Label => Goes::Class,
            Role::Ignored => Goes::Nowhere,
            Role::Feature if column.kind.is_numeric() => Goes::Number(next(&mut width)),
            Role::Feature => Goes::Code(next(&mut categories)),
        });
        let goes = goes.collect();
        let all = 0..schema.classes.len() as u32;
        Self {
            path,
            schema,
            missing,
            fills,
            goes,
            wanted: all
                .map(|c| classes.is_none_or(|wanted| wanted.contains(&c)))
                .collect(),
            class_of: places(&schema.classes),
            code_of: schema.categories().map(|c| places(&c.categories)).collect(),
            width,
            categories,
        }
    }

    fn empty(&self) -> Table {
        Table {
            width: self.width,
            categories: self.categories,
            ..Table::default()
        }
    }

    fn text(&self, reader: &Reader<'_>, block: &Block) -> Result<Vec<Table>> {
        let parts = block.records.par_chunks(PART).enumerate();
        let parts = parts.map(|(part, records)| {
            let mut table = self.empty();
            let mut row = Row::new(self);
            for (i, place) in records.iter().enumerate() {
                row.clear();
                reader.cells(block, *place, |column, cell| {
                    row.text(self, column, cell, place.line)
                })?;
                let number = block.first as usize + part * PART + i;
                row.finish(self, &mut table, number as u32);
            }
            Ok(table)
        });
        parts.collect()
    }

    #[cfg(feature = "cli")]
    fn batch(&self, batch: &arrow_array::RecordBatch, first: u64) -> Result<Vec<Table>> {
        use super::columnar::{Cell, each};

        let mut rows: Vec<Row> = (0..batch.num_rows()).map(|_| Row::new(self)).collect();
        for (column, array) in batch.columns().iter().enumerate() {
            let goes = self.goes[column];
            if goes == Goes::Nowhere {
                continue;
            }
            each(array.as_ref(), |i, cell| {
                let line = first + i as u64 + 1;
                let row = &mut rows[i];
                match (cell, goes) {
                    (Cell::Missing, _) => row.text(self, column, None, line),
                    (Cell::Real(x), Goes::Number(at)) => row.number(at, x),
                    (Cell::Whole(x), Goes::Number(at)) => row.number(at, x as f64),
                    (Cell::Text(text), _) => row.text(self, column, Some(text.as_bytes()), line),
                    (cell, _) => row.text(self, column, Some(cell.name().as_bytes()), line),
                }
            })?;
        }
        let mut table = self.empty();
        for (i, mut row) in rows.into_iter().enumerate() {
            row.finish(self, &mut table, (first + i as u64) as u32);
        }
        Ok(vec![table])
    }

    fn changed(&self, column: usize, cell: &[u8], line: u64) -> Error {
        Error::Cell {
            path: self.path.into(),
            line,
            column: Some(self.schema.columns[column].name.clone()),
            expected: "what stood there when the file was first read; it has changed since".into(),
            value: shown(cell),
        }
    }
}

/// One row on its way into a table.
struct Row {
    class: u32,
    numbers: Vec<f64>,
    codes: Vec<u32>,
    missing: Vec<u32>,
}

impl Row {
    fn new(loader: &Loader<'_>) -> Self {
        Self {
            class: 0,
            numbers: vec![0.0; loader.width],
            codes: vec![0; loader.categories],
            missing: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.missing.clear();
    }

    fn number(&mut self, at: usize, x: f64) -> Result<()> {
        self.numbers[at] = x;
        Ok(())
    }

    fn text(
        &mut self,
        loader: &Loader<'_>,
        column: usize,
        cell: Option<&[u8]>,
        line: u64,
    ) -> Result<()> {
        let goes = loader.goes[column];
        let Some(cell) = cell else {
            return self.miss(loader, column, goes, line);
        };
        let changed = || loader.changed(column, cell, line);
        match goes {
            Goes::Nowhere => {}
            Goes::Class => {
                self.class = *loader.class_of.get(cell).ok_or_else(changed)?;
            }
            Goes::Number(at) => {
                self.numbers[at] = parse(cell)
                    .filter(|n| n.value.is_finite())
                    .ok_or_else(changed)?
                    .value;
            }
            Goes::Code(at) => {
                self.codes[at] = *loader.code_of[at].get(cell).ok_or_else(changed)?;
            }
        }
        Ok(())
    }

    fn miss(&mut self, loader: &Loader<'_>, column: usize, goes: Goes, line: u64) -> Result<()> {
        match (goes, loader.missing) {
            (Goes::Nowhere, _) => {}
            (Goes::Class, _) => return Err(loader.changed(column, b"", line)),
            (_, Missing::Reject) => {
                return Err(loader
                    .fills
                    .refusal(loader.path, loader.schema, column, line));
            }
            (Goes::Number(at), Missing::Impute) => self.numbers[at] = loader.fills.numbers[at],
            (Goes::Code(at), Missing::Impute) => self.codes[at] = loader.fills.codes[at],
            (Goes::Number(at), Missing::Carry) => {
                self.numbers[at] = 0.0;
                self.missing.push(at as u32);
            }
            (Goes::Code(at), Missing::Carry) => {
                self.codes[at] = NO_CATEGORY;
                self.missing.push((loader.width + at) as u32);
            }
        }
        Ok(())
    }

    fn finish(&mut self, loader: &Loader<'_>, table: &mut Table, number: u32) {
        if !loader.wanted[self.class as usize] {
            return;
        }
        let row = table.classes.len() as u32;
        table.numbers.extend_from_slice(&self.numbers);
        table.codes.extend_from_slice(&self.codes);
        table.classes.push(self.class);
        table.origin.push(number);
        self.missing.sort_unstable();
        table.missing.extend(self.missing.iter().map(|&f| (row, f)));
    }
}

fn places(names: &[String]) -> HashMap<&[u8], u32> {
    (0u32..)
        .zip(names)
        .map(|(i, n)| (n.as_bytes(), i))
        .collect()
}
