//! What the columns are, in words, and whether the method takes them.

use candle_mixup::oversample::{MEASURABLE, Method, Metric, Scale, Settings, Takes};
use candle_mixup::table::{Column, Role, Schema, Summary};
use candle_mixup::{Error, Result};

use super::args::OversampleArgs;

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

/// An error of the oversampler with the file, and what may be done.
pub fn advised(error: Error, file: &str) -> anyhow::Error {
    let advice = match &error {
        Error::ClassTooSmall { purpose, .. } => match purpose.contains("k = ") {
            true => {
                "a smaller --k, --small-class shrink-k or duplicate, or --strategy without the class"
            }
            false => "--small-class duplicate, or --strategy without the class",
        },
        Error::NoBase { .. } => "--fallback smote, or other settings of the method",
        _ => return error.into(),
    };
    anyhow::Error::from(error).context(format!(
        "{file}: a class cannot grow (what helps: {advice})"
    ))
}

/// Refuses distances that no method, cleaning step or report would measure, or that cannot be.
pub fn check_distances(args: &OversampleArgs, settings: &Settings, schema: &Schema) -> Result<()> {
    let looks = args.method.clean.is_some() || args.output.report.is_some();
    let measured = settings.method.measures() || looks;
    let name = settings.method.name();
    let asked = (settings.metric, settings.scale) != (Metric::Euclidean, Scale::None);
    if asked && !measured {
        return Err(Error::Conflict(format!(
            "{name} measures no distance by --metric and --scale: leave them out"
        )));
    }
    if args.method.clean.is_some()
        && settings.metric != Metric::Euclidean
        && schema.categorical().next().is_some()
    {
        return Err(Error::Conflict(format!(
            "--clean measures tables with categories by the Euclidean distance alone, and these columns are categorical: {}",
            names(schema.categorical())
        )));
    }
    let far = |c: &&Column| {
        c.summary
            .is_some_and(|s| s.min < -MEASURABLE || s.max > MEASURABLE)
    };
    match schema.numeric().find(far).filter(|_| measured) {
        None => Ok(()),
        Some(column) => Err(Error::file(
            &schema.path,
            format!(
                "column '{}' holds {:e}: expected numbers within ±{MEASURABLE:e}, since squares of larger ones overflow; \
                 --ignore it",
                column.name,
                column
                    .summary
                    .map_or(0.0, |s| if s.max > MEASURABLE { s.max } else { s.min })
            ),
        )),
    }
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
    if settings.scale != Scale::None
        || settings.metric == Metric::Cosine
        || !settings.method.measures()
    {
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
