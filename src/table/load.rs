//! The second pass over a table: its rows into memory, all of them or those of some classes.

use super::format::{Body, Format};
use super::in_order::in_order;
use super::missing::{Missing, MissingCells};
use super::picks::{Picks, Taken, Target};
use super::quantiles::{medians, quantile};
use super::read_text::read_block;
use super::schema::Schema;
use super::text_file::TextFile;
use crate::data::Source;
use crate::error::Result;
use crate::oversample::{Progress, Rows};

/// Which rows are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// All.
    All,
    /// Those of these classes.
    Classes(&'a [u32]),
}

/// Rows of a table in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The numeric features, `[rows, width]`.
    pub numbers: Vec<f64>,
    /// Numeric features of a row.
    pub width: usize,
    /// The codes of the categorical features, `[rows, categories]`.
    pub codes: Vec<u32>,
    /// Categorical features of a row.
    pub categories: usize,
    /// The class of each row; all 0 in a table without classes.
    pub classes: Vec<u32>,
    /// The number of each row in the file, from 0.
    pub rows: Vec<u32>,
    /// The missing cells, where they are carried and there are any.
    pub missing: Option<MissingCells>,
}

impl Loaded {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows as an oversampler sees them.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) where the fields were changed so that they do not fit together.
    pub fn rows(&self) -> Result<Rows<'_, f64>> {
        Rows::mixed(&self.numbers, self.width, &self.codes, self.categories)
    }
}

/// Reads rows of a scanned table into memory.
///
/// # Errors
/// [`Error::Cell`](crate::Error::Cell) or [`Error::File`](crate::Error::File) at the first missing cell if they are rejected, wherever in the file it is;
/// [`Error::File`](crate::Error::File) for a file that has changed since; [`Error::Unknown`](crate::Error::Unknown) for a class that there is not;
/// [`Error::Io`](crate::Error::Io), [`Error::Interrupted`](crate::Error::Interrupted).
pub fn load(
    source: &Source,
    schema: &Schema,
    which: Which<'_>,
    missing: Missing,
    progress: &dyn Progress,
) -> Result<Loaded> {
    if missing == Missing::Reject {
        reject(schema)?;
    }
    let classes = match which {
        Which::All => None,
        Which::Classes(classes) => Some(classes),
    };
    let picks = Picks::features(schema, classes)?;
    let mut all = Taken::new(&picks);
    progress.begin("loading", schema.rows as u64);
    read(source, &picks, progress, |part| {
        all.append(part);
        Ok(())
    })?;
    let mut loaded = Loaded {
        numbers: all.numbers,
        width: picks.width,
        codes: all.codes,
        categories: picks.categories,
        classes: all.classes,
        rows: all.rows,
        missing: all.missing,
    };
    if missing == Missing::Impute {
        impute(&mut loaded, source, schema, which, progress)?;
    }
    Ok(loaded)
}

/// Hands the picked cells of a table to `join`, piece by piece in the order of the file.
pub(super) fn read(
    source: &Source,
    picks: &Picks<'_>,
    progress: &dyn Progress,
    mut join: impl FnMut(Taken) -> Result<()>,
) -> Result<()> {
    let path = source.path();
    let mut seen = 0;
    let counted = |part: Taken| {
        progress.advance(part.seen);
        seen += part.seen;
        join(part)
    };
    match Format::of(source)?.body {
        Body::Text(delimiter) => {
            let file = TextFile::open(source, delimiter, picks.schema.options.header)?;
            if file.names.len() != picks.schema.columns.len() {
                return Err(picks.changed());
            }
            let work = |block| read_block(&block, delimiter, picks);
            in_order(&path, file.blocks(), progress, work, counted)?;
        }
        #[cfg(feature = "cli")]
        Body::Parquet | Body::Arrow => super::arrow::read(source, picks, progress, counted)?,
        #[cfg(not(feature = "cli"))]
        Body::Parquet | Body::Arrow => return Err(super::format::not_built(&path)),
    }
    match seen == picks.schema.rows as u64 {
        true => Ok(()),
        false => Err(picks.changed()),
    }
}

/// The first missing cell of a feature is an error.
fn reject(schema: &Schema) -> Result<()> {
    let features = schema
        .columns
        .iter()
        .filter(|c| c.is_numeric() || c.is_coded());
    let firsts = features.filter_map(|c| c.first_missing.as_ref().map(|f| (f.at, c)));
    match firsts.min_by_key(|(at, _)| *at) {
        None => Ok(()),
        Some((at, column)) => Err(schema.counted.wrong(
            &schema.path,
            at,
            &column.name,
            "a value: missing cells are rejected unless --missing says impute or carry, or --ignore leaves the column out",
            "",
        )),
    }
}

/// Puts medians and most frequent categories in place of missing cells.
fn impute(
    loaded: &mut Loaded,
    source: &Source,
    schema: &Schema,
    which: Which<'_>,
    progress: &dyn Progress,
) -> Result<()> {
    let Some(missing) = loaded.missing.take() else {
        return Ok(());
    };
    let numeric: Vec<bool> = schema.numeric().map(|c| c.missing > 0).collect();
    let medians = match which {
        Which::All => (0..numeric.len())
            .map(|j| {
                if numeric[j] {
                    median_of(loaded, &missing, j)
                } else {
                    0.0
                }
            })
            .collect(),
        Which::Classes(_) => medians(source, schema, progress)?,
    };
    let usual: Vec<u32> = schema.categorical().map(|c| c.most_frequent()).collect();
    for row in 0..loaded.rows.len() {
        let numbers = &mut loaded.numbers[row * loaded.width..][..loaded.width];
        for (j, number) in numbers.iter_mut().enumerate() {
            if numeric[j] && missing.is_missing(row, j) {
                *number = medians[j];
            }
        }
        let codes = &mut loaded.codes[row * loaded.categories..][..loaded.categories];
        for (j, code) in codes.iter_mut().enumerate() {
            if missing.is_missing(row, loaded.width + j) {
                *code = usual[j];
            }
        }
    }
    Ok(())
}

/// The median of a numeric column of which every row is loaded.
fn median_of(loaded: &Loaded, missing: &MissingCells, j: usize) -> f64 {
    let there = (0..loaded.rows.len()).filter(|&row| !missing.is_missing(row, j));
    let mut numbers: Vec<f64> = there
        .map(|row| loaded.numbers[row * loaded.width + j])
        .collect();
    quantile(&mut numbers, 0.5)
}

impl Target {
    /// The place of the cell among all cells of a row: numbers first.
    pub fn cell(&self, width: usize) -> usize {
        match self {
            Self::Number(j) => *j,
            Self::Code(j, _) => width + j,
        }
    }
}
