//! Another file read as the one that a run was trained on: by names, with the kinds that its columns had.

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::{Header, Source};
use candle_mixup::oversample::Progress;
use candle_mixup::table::{DataColumns, DataSet, Encoder, column_names};

use super::task::InFile;

/// Whether the file must say what is true of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It must: rows are scored.
    Yes,
    /// It need not: rows are labelled.
    No,
}

/// Reads the rows of another file.
///
/// Columns that a model does not know are left out, and one that it knows and the file lacks is refused.
pub fn read_like(
    source: &Source,
    trained: &DataColumns,
    encoder: &Encoder,
    in_file: &InFile,
    told: Told,
    progress: &dyn Progress,
) -> Result<DataSet> {
    let names = column_names(source, trained.header)?;
    if let Some(column) = encoder
        .names()
        .iter()
        .find(|c| !names.iter().any(|n| n == *c))
    {
        return Err(Error::MissingColumn {
            path: source.path(),
            column: (*column).into(),
            columns: names,
        }
        .into());
    }
    let columns = columns(trained, encoder, &names, told);
    let read = DataSet::read_more(source, &columns, &in_file.names, progress);
    let (mut data, _) = read.map_err(|e| match e {
        Error::Unknown { kind, name, known } => Error::file(
            source.path(),
            format!(
                "unknown {kind} '{name}'; the run knows {}",
                known.join(", ")
            ),
        ),
        other => other,
    })?;
    in_file.apply(&mut data.target);
    Ok(data)
}

fn columns(trained: &DataColumns, encoder: &Encoder, names: &[String], told: Told) -> DataColumns {
    let owned = |known: Vec<&str>| -> Vec<String> { known.into_iter().map(String::from).collect() };
    let (label, targets) = match told {
        Told::Yes => (trained.label.clone(), trained.targets.clone()),
        Told::No => (None, Vec::new()),
    };
    let (numeric, categorical) = (owned(encoder.numeric()), owned(encoder.categorical()));
    let used = |name: &String| {
        numeric.contains(name)
            || categorical.contains(name)
            || label.as_ref() == Some(name)
            || targets.contains(name)
    };
    // A column without a name of its own may be given by number; those are named by number in the file as well.
    let by_number = |i: usize| {
        let number = (i + 1).to_string();
        [number.clone(), format!("#{number}")]
    };
    let told_by_number = |i: usize| {
        let numbers = by_number(i);
        numbers
            .iter()
            .any(|n| label.as_ref() == Some(n) || targets.contains(n))
    };
    let ignore = (0..names.len()).filter(|&i| !used(&names[i]) && !told_by_number(i));
    DataColumns {
        ignore: ignore.map(|i| format!("#{}", i + 1)).collect(),
        label,
        targets,
        group: None,
        time: None,
        numeric,
        categorical,
        na_values: trained.na_values.clone(),
        header: trained.header,
    }
}

/// The same columns with another header and another label.
pub fn with(trained: &DataColumns, label: Option<&str>, no_header: bool) -> DataColumns {
    DataColumns {
        label: label.map(String::from).or_else(|| trained.label.clone()),
        header: if no_header {
            Header::Absent
        } else {
            trained.header
        },
        ..trained.clone()
    }
}
