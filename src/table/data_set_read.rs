//! A table from disk into a data set: features, targets, groups and the order in time, each taken from its columns.

use super::data_columns::DataColumns;
use super::data_set::{CodedColumn, DataSet, Target};
use super::data_set_parts::{Cells, Parts};
use super::load::{Loaded, Which, load};
use super::missing::Missing;
use super::scan::scan;
use super::schema::{Column, Schema};
use crate::data::Source;
use crate::error::{Error, Result};
use crate::oversample::Progress;

/// What is known of a data set beside its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSetInfo {
    /// The features, numeric ones first, in the order of [`DataSet::numeric`] and [`DataSet::categorical`].
    pub features: Vec<Column>,
    /// The label column, or the target columns, or none.
    pub targets: Vec<Column>,
    /// Rows from the earliest to the latest, those of one time in the order of the file: by number where all times
    /// are numbers, else by text, which is right for ISO 8601 dates. `None` without a column of times.
    pub time_order: Option<Vec<u32>>,
}

impl DataSet {
    /// Reads a table to train on, in two passes over the file. Missing cells of features are marked.
    ///
    /// # Errors
    /// Those of [`scan`](super::scan) and [`load`](super::load); [`Error::Conflict`] for a column that is there for
    /// two things; [`Error::Cell`] or [`Error::File`] for a cell that is missing in the columns of targets, groups or
    /// times, or a target that is no number; [`Error::File`] where no feature is left; [`Error::Data`] where all rows
    /// have one class or one target value.
    ///
    /// ```
    /// use candle_mixup::{data::Source, table::{DataColumns, DataSet}};
    ///
    /// let columns = DataColumns { label: Some("anomaly".into()), ..DataColumns::default() };
    /// let (data, _) = DataSet::read(&Source::parse("@hypothyroid")?, &columns, &())?;
    /// assert_eq!((data.len(), data.numeric.len(), data.categorical.len()), (3163, 7, 18));
    /// # Ok::<(), candle_mixup::Error>(())
    /// ```
    pub fn read(
        source: &Source,
        columns: &DataColumns,
        progress: &dyn Progress,
    ) -> Result<(Self, DataSetInfo)> {
        let (data, info) = read(source, columns, progress)?;
        check_varies(source, &data, &info)?;
        Ok((data, info))
    }

    /// Reads more rows for a model that was trained on others: classes have their places among `classes`, the names
    /// that it was trained with, and all rows may have the same one, or the same value.
    ///
    /// # Errors
    /// As [`DataSet::read`], and [`Error::Unknown`] for a class that is not one of `classes`.
    pub fn read_more(
        source: &Source,
        columns: &DataColumns,
        classes: &[String],
        progress: &dyn Progress,
    ) -> Result<(Self, DataSetInfo)> {
        let (mut data, info) = read(source, columns, progress)?;
        if let Target::Classes {
            classes: own,
            names,
        } = &mut data.target
        {
            let place = |name: &String| {
                let place = classes.iter().position(|c| c == name);
                place.ok_or_else(|| Error::Unknown {
                    kind: "class",
                    name: name.clone(),
                    known: classes.to_vec(),
                })
            };
            let places = names.iter().map(place).collect::<Result<Vec<_>>>()?;
            own.iter_mut().for_each(|c| *c = places[*c as usize] as u32);
            *names = classes.to_vec();
        }
        Ok((data, info))
    }
}

fn read(
    source: &Source,
    columns: &DataColumns,
    progress: &dyn Progress,
) -> Result<(DataSet, DataSetInfo)> {
    let schema = scan(source, &columns.scan_options()?, progress)?;
    let parts = Parts::new(&schema, columns)?;
    let mut loaded = load(source, &schema, Which::All, Missing::Carry, progress)?;
    let target = target(&schema, &parts, &mut loaded);
    let of = |place| (&schema.columns[place], parts.column(&loaded, place));
    let groups = parts.group.map(of).map(groups);
    let time_order = parts.time.map(of);
    let time_order = time_order
        .map(|(column, cells)| time_order_of(source, column, cells))
        .transpose()?;
    if parts.takes_any() {
        parts.keep_features(&mut loaded);
    }
    let column = |place: usize| schema.columns[place].clone();
    let targets = parts.targets.iter().map(|&i| column(i));
    let info = DataSetInfo {
        features: parts.features().map(column).collect(),
        targets: schema.label().cloned().into_iter().chain(targets).collect(),
        time_order,
    };
    let categorical = parts.categorical.iter().map(|&i| &schema.columns[i]);
    let data = DataSet {
        numbers: loaded.numbers,
        numeric: parts.numeric.iter().map(|&i| column(i).name).collect(),
        codes: loaded.codes,
        categorical: categorical.map(coded).collect(),
        missing: loaded.missing,
        target,
        groups,
    };
    Ok((data, info))
}

/// What is to be predicted: the classes, or the numbers of the target columns, row by row.
fn target(schema: &Schema, parts: &Parts, loaded: &mut Loaded) -> Target {
    if schema.label().is_some() {
        return Target::Classes {
            classes: std::mem::take(&mut loaded.classes),
            names: schema.class_names(),
        };
    }
    let (rows, width) = (loaded.len(), parts.targets.len());
    if width == 0 {
        return Target::Nothing { rows };
    }
    let mut values = vec![0.0; rows * width];
    for (j, &place) in parts.targets.iter().enumerate() {
        if let Cells::Numbers(numbers) = parts.column(loaded, place) {
            let own = values.iter_mut().skip(j).step_by(width);
            own.zip(numbers).for_each(|(value, x)| *value = x);
        }
    }
    let name = |&place: &usize| schema.columns[place].name.clone();
    Target::Values {
        values,
        names: parts.targets.iter().map(name).collect(),
    }
}

fn coded(column: &Column) -> CodedColumn {
    CodedColumn {
        name: column.name.clone(),
        categories: column.categories.iter().map(|c| c.name.clone()).collect(),
    }
}

fn groups((column, cells): (&Column, Cells)) -> Vec<String> {
    let name = |code: u32| column.categories[code as usize].name.clone();
    match cells {
        Cells::Codes(codes) => codes.into_iter().map(name).collect(),
        Cells::Numbers(numbers) => numbers.iter().map(f64::to_string).collect(),
    }
}

/// Rows from the earliest to the latest.
fn time_order_of(source: &Source, column: &Column, cells: Cells) -> Result<Vec<u32>> {
    let names = column.categories.iter();
    let parsed: Option<Vec<f64>> = names
        .clone()
        .map(|c| c.name.trim().parse().ok().filter(|x: &f64| x.is_finite()))
        .collect();
    let times: Vec<f64> = match (cells, parsed) {
        (Cells::Numbers(numbers), _) => numbers,
        (Cells::Codes(codes), Some(x)) => codes.iter().map(|&c| x[c as usize]).collect(),
        // Codes rise with the text, which is the order of ISO 8601 dates and of no others.
        (Cells::Codes(codes), None) => match names.clone().find(|c| !is_iso(&c.name)) {
            Some(other) => return Err(no_time(source, column, &other.name)),
            None => codes.into_iter().map(f64::from).collect(),
        },
    };
    let mut order: Vec<u32> = (0..times.len() as u32).collect();
    order.sort_by(|&a, &b| times[a as usize].total_cmp(&times[b as usize]));
    Ok(order)
}

/// Whether a text begins as a date of ISO 8601 does: 2024-02-29.
fn is_iso(text: &str) -> bool {
    let date = text.trim().as_bytes();
    date.len() >= 10
        && date[..10].iter().enumerate().all(|(i, byte)| match i {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

fn no_time(source: &Source, column: &Column, value: &str) -> Error {
    let problem = format!(
        "column '{}': expected times as numbers or as ISO 8601 dates (2024-02-29), which sort as text, got '{value}'",
        column.name
    );
    Error::file(source.path(), problem)
}

/// Refuses targets of which nothing can be learnt.
fn check_varies(source: &Source, data: &DataSet, info: &DataSetInfo) -> Result<()> {
    if let Target::Classes { names, .. } = &data.target
        && let [only] = names.as_slice()
    {
        return Err(Error::Data(format!(
            "{source}: all rows have the class '{only}'; at least two classes are needed"
        )));
    }
    let constant = |c: &&Column| c.summary.is_some_and(|s| s.min == s.max);
    match info.targets.iter().find(constant) {
        None => Ok(()),
        Some(column) => Err(Error::Data(format!(
            "{source}: the target '{}' is the same number in all rows",
            column.name
        ))),
    }
}
