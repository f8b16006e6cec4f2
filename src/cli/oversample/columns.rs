//! What the columns are, in words, and whether the method takes them.

use candle_mixup::oversample::{Method, Metric, Scale, Settings, Takes};
use candle_mixup::table::{Column, Role, Schema, Summary};
use candle_mixup::{Error, Result};

/// A column outweighs the others from this many times their spread on.
const OUTWEIGHS: f64 = 1000.0;

/// Refuses columns that the method does not take, by their names.
pub fn check(method: &Method, schema: &Schema) -> Result<()> {
    let (numbers, categories) = (names(schema.numeric()), names(schema.categorical()));
    let name = method.name();
    let text = match (method.takes(), numbers.is_empty(), categories.is_empty()) {
        (_, true, true) => "there is no column besides the label and those ignored".into(),
        (Takes::Numbers, _, false) => format!(
            "{name} takes numbers only, and these columns are categorical: {categories} (smotenc takes both, smoten \
             categories alone, random anything; or --ignore them)"
        ),
        (Takes::Categories, false, _) => format!(
            "{name} takes categories only, and these columns are numeric: {numbers} (smotenc takes both; or say \
             --categorical)"
        ),
        (Takes::Both, true, _) => {
            format!("{name} needs a numeric column; smoten takes categories alone")
        }
        (Takes::Both, _, true) => {
            format!("{name} needs a categorical column; smote takes numbers alone")
        }
        _ => return Ok(()),
    };
    Err(Error::Conflict(text))
}

/// Names of columns, ten at most.
pub fn names<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    let all: Vec<&str> = columns.map(|c| c.name.as_str()).collect();
    match all.len() {
        0..=10 => all.join(", "),
        n => format!("{}, ... ({n} in all)", all[..10].join(", ")),
    }
}

/// The ignored columns.
pub fn ignored(schema: &Schema) -> impl Iterator<Item = &Column> {
    schema.columns.iter().filter(|c| c.role == Role::Ignored)
}

/// Says so where, unscaled, one column's spread makes the others count for nothing.
pub fn outweighed(settings: &Settings, schema: &Schema) -> Option<String> {
    let measured = matches!(
        settings.method.name(),
        "random" | "rose" | "star" | "mixup" | "smoten"
    );
    if settings.scale != Scale::None || settings.metric == Metric::Cosine || measured {
        return None;
    }
    let mut spread: Vec<(f64, &str)> = schema
        .numeric()
        .filter_map(|c| {
            Some((
                c.summary.as_ref().map(|s: &Summary| s.deviation)?,
                c.name.as_str(),
            ))
        })
        .filter(|(sd, _)| *sd > 0.0)
        .collect();
    spread.sort_by(|a, b| b.0.total_cmp(&a.0));
    let ((widest, name), others) = spread.split_first()?;
    let middle = others.get(others.len() / 2)?.0;
    (*widest >= OUTWEIGHS * middle).then(|| {
        format!(
            "the spread of '{name}' ({widest:.3}) is {:.0} times that of the other columns ({middle:.3} in the middle): \
             distances are those of '{name}' alone; --scale standard counts every column alike",
            widest / middle
        )
    })
}
