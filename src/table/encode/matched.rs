//! The columns of a table that an encoder knows, found by their names.

use std::collections::HashMap;

use super::super::data_set::{CodedColumn, DataSet};
use super::column::{CategoricalColumn, FIRST, MISSING, UNSEEN};
use super::encoder::Encoder;
use crate::error::{Error, Result};
use crate::oversample::Rows;

/// A table and where the encoder's columns stand in it.
#[derive(Debug)]
pub(super) struct Matched<'a> {
    pub data: &'a DataSet,
    /// The place of each of the encoder's numeric columns.
    pub numeric: Vec<usize>,
    /// The place of each of its categorical columns, and the index of each code of the table.
    pub categorical: Vec<(usize, Vec<u32>)>,
}

impl<'a> Matched<'a> {
    pub fn new(encoder: &Encoder, data: &'a DataSet) -> Result<Self> {
        check(data)?;
        let learnt = &encoder.learnt;
        let numeric = learnt.numeric.iter().map(|c| number_place(data, &c.name));
        let categorical = learnt.categorical.iter().map(|column| {
            let place = name_place(data, &column.name)?;
            Ok((place, indices(column, &data.categorical[place])))
        });
        Ok(Self {
            numeric: numeric.collect::<Result<_>>()?,
            categorical: categorical.collect::<Result<_>>()?,
            data,
        })
    }

    /// The columns of the table that the encoder does not know.
    pub fn others(&self) -> Vec<String> {
        let data = self.data;
        let numbers = data.numeric.iter().enumerate();
        let numbers = numbers.filter(|(j, _)| !self.numeric.contains(j));
        let names = data.categorical.iter().enumerate();
        let names = names.filter(|(j, _)| self.categorical.iter().all(|(place, _)| place != j));
        let numbers = numbers.map(|(_, name)| name.clone());
        numbers.chain(names.map(|(_, c)| c.name.clone())).collect()
    }
}

/// The index of each code.
fn indices(known: &CategoricalColumn, column: &CodedColumn) -> Vec<u32> {
    let known = known.categories.iter().map(String::as_str).zip(FIRST..);
    let known: HashMap<&str, u32> = known.collect();
    let index = |name: &String| known.get(name.as_str()).copied().unwrap_or(UNSEEN);
    column.categories.iter().map(index).collect()
}

/// The index of a code; the code behind the last one stands for a missing category.
pub(super) fn index_or_missing(indices: &[u32], code: u32) -> Option<u32> {
    match code as usize == indices.len() {
        true => Some(MISSING),
        false => indices.get(code as usize).copied(),
    }
}

fn number_place(data: &DataSet, name: &str) -> Result<usize> {
    if let Some(place) = data.numeric.iter().position(|n| n == name) {
        return Ok(place);
    }
    match data.categorical.iter().find(|c| c.name == name) {
        None => Err(no_column(data, name)),
        Some(column) => Err(Error::Data(format!(
            "column '{name}': expected numbers, as in the training rows, got text such as '{}'",
            column.categories.first().map_or("", String::as_str)
        ))),
    }
}

fn name_place(data: &DataSet, name: &str) -> Result<usize> {
    if let Some(place) = data.categorical.iter().position(|c| c.name == name) {
        return Ok(place);
    }
    match data.numeric.iter().any(|n| n == name) {
        false => Err(no_column(data, name)),
        true => Err(Error::Data(format!(
            "column '{name}': expected categories, as in the training rows, got numbers; it can be read as categorical"
        ))),
    }
}

fn no_column(data: &DataSet, name: &str) -> Error {
    let names = data.categorical.iter().map(|c| &c.name);
    Error::MissingColumn {
        path: "rows to encode".into(),
        column: name.into(),
        columns: data.numeric.iter().chain(names).cloned().collect(),
    }
}

/// Refuses a table whose parts do not fit together, and numbers that are not finite.
pub(super) fn check(data: &DataSet) -> Result<()> {
    let (width, categories) = (data.numeric.len(), data.categorical.len());
    let rows = Rows::mixed(&data.numbers, width, &data.codes, categories)?;
    if rows.len() != data.len() && width + categories > 0 {
        return Err(Error::Shape {
            what: "rows of a table".into(),
            expected: format!("{}, as there are targets", data.len()),
            got: rows.len().to_string(),
        });
    }
    Ok(())
}
