//! Which columns of a scanned table are features and which are not, and their cells taken apart.

use super::data_columns::DataColumns;
use super::load::Loaded;
use super::options::find;
use super::schema::{Column, Schema};
use crate::error::{Error, Result};

/// Columns by their places in the file.
#[derive(Debug)]
pub(super) struct Parts {
    pub numeric: Vec<usize>,
    pub categorical: Vec<usize>,
    pub targets: Vec<usize>,
    pub group: Option<usize>,
    pub time: Option<usize>,
    /// Where the cells of each column stand in a loaded row: numbers first, then codes.
    cells: Vec<Option<usize>>,
}

/// The cells of one column.
#[derive(Debug, PartialEq)]
pub(super) enum Cells {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
}

impl Parts {
    pub fn new(schema: &Schema, columns: &DataColumns) -> Result<Self> {
        let names: Vec<String> = schema.columns.iter().map(|c| c.name.clone()).collect();
        let place = |name: &String| find(&schema.path, &names, name);
        let targets = columns
            .targets
            .iter()
            .map(place)
            .collect::<Result<Vec<_>>>()?;
        let group = columns.group.as_ref().map(place).transpose()?;
        let time = columns.time.as_ref().map(place).transpose()?;
        let taken: Vec<usize> = targets.iter().copied().chain(group).chain(time).collect();
        check_once(schema, &taken)?;
        let feature = |c: &&Column| !taken.contains(&(c.number - 1));
        let places = |c: &Column| c.number - 1;
        let parts = Self {
            numeric: schema.numeric().filter(feature).map(places).collect(),
            categorical: schema.categorical().filter(feature).map(places).collect(),
            targets,
            group,
            time,
            cells: cells(schema),
        };
        parts.check(schema)?;
        Ok(parts)
    }

    /// Whether columns other than features were loaded.
    pub fn takes_any(&self) -> bool {
        !self.targets.is_empty() || self.group.is_some() || self.time.is_some()
    }

    /// The features' places in the file, numeric ones first.
    pub fn features(&self) -> impl Iterator<Item = usize> {
        self.numeric.iter().chain(&self.categorical).copied()
    }

    /// Where the features stand in a loaded row.
    pub fn feature_cells(&self) -> Vec<usize> {
        self.features().filter_map(|i| self.cells[i]).collect()
    }

    /// The cells of the column at a place in the file.
    pub fn column(&self, loaded: &Loaded, place: usize) -> Cells {
        let cell = self.cells[place].unwrap_or(usize::MAX);
        let of = |width: usize, j: usize| (0..loaded.len()).map(move |row| row * width + j);
        match cell.checked_sub(loaded.width) {
            None => Cells::Numbers(of(loaded.width, cell).map(|i| loaded.numbers[i]).collect()),
            Some(j) => Cells::Codes(of(loaded.categories, j).map(|i| loaded.codes[i]).collect()),
        }
    }

    /// Drops what are no features from the loaded rows.
    pub fn keep_features(&self, loaded: &mut Loaded) {
        let of = |columns: &[usize]| -> Vec<usize> {
            columns.iter().filter_map(|&i| self.cells[i]).collect()
        };
        let codes = of(&self.categorical).into_iter().map(|c| c - loaded.width);
        let (numeric, codes) = (of(&self.numeric), codes.collect::<Vec<_>>());
        keep(&mut loaded.numbers, loaded.width, &numeric);
        keep(&mut loaded.codes, loaded.categories, &codes);
        (loaded.width, loaded.categories) = (numeric.len(), codes.len());
        let cells = self.feature_cells();
        loaded.missing = loaded.missing.take().map(|m| m.only(&cells));
    }

    fn check(&self, schema: &Schema) -> Result<()> {
        let targets = self.targets.iter().map(|&i| (i, "a number to predict"));
        let group = self.group.into_iter().map(|i| (i, "a group"));
        let time = self.time.into_iter().map(|i| (i, "a time"));
        for (i, expected) in targets.chain(group).chain(time) {
            let column = &schema.columns[i];
            if let Some(first) = &column.first_missing {
                let counted = schema.counted;
                return Err(counted.wrong(&schema.path, first.at, &column.name, expected, ""));
            }
        }
        match self.features().next() {
            Some(_) => Ok(()),
            None => Err(Error::file(
                &schema.path,
                "has no features: no column is left to predict from",
            )),
        }
    }
}

/// Refuses a column that stands in two roles under different spellings.
fn check_once(schema: &Schema, taken: &[usize]) -> Result<()> {
    for (n, &i) in taken.iter().enumerate() {
        let column = &schema.columns[i];
        if taken[..n].contains(&i) || !(column.is_numeric() || column.is_coded()) {
            return Err(Error::Conflict(format!(
                "column '{}' is named for two things",
                column.name
            )));
        }
    }
    Ok(())
}

/// Where the cells of each column stand in a loaded row.
fn cells(schema: &Schema) -> Vec<Option<usize>> {
    let mut cells = vec![None; schema.columns.len()];
    let features = schema.numeric().chain(schema.categorical());
    for (cell, column) in features.enumerate() {
        cells[column.number - 1] = Some(cell);
    }
    cells
}

/// Keeps these places of every row, in place.
fn keep<T: Copy>(cells: &mut Vec<T>, width: usize, places: &[usize]) {
    if places.len() == width {
        return;
    }
    let mut end = 0;
    for row in 0..cells.len() / width.max(1) {
        for &place in places {
            cells[end] = cells[row * width + place];
            end += 1;
        }
    }
    cells.truncate(end);
    cells.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_kept_in_place() {
        let mut cells = vec![1, 2, 3, 4, 5, 6];
        keep(&mut cells, 3, &[0, 2]);
        assert_eq!(cells, [1, 3, 4, 6]);
        keep(&mut cells, 2, &[]);
        assert!(cells.is_empty());
    }
}
