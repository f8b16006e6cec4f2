//! Which rows are needed, cleaning, and the progress of both.

use anyhow::Result;
use candle_mixup::oversample::{Clean, Cleaning, Like, Rows, Scale, Settings};
use candle_mixup::split::Strata;
use candle_mixup::table;

use super::Run;
use super::args::{CleanArg, OversampleArgs};
use super::write::bounds;
use crate::cli::progress::WorkBar;

/// The classes whose rows have to be in memory; `None` for all.
pub fn classes_to_load(
    args: &OversampleArgs,
    settings: &Settings,
    to_make: &[usize],
) -> Option<Vec<u32>> {
    let all = settings.method.sees_all_rows()
        || settings.scale == Scale::Robust
        || settings.like == Like::Imblearn
        || args.method.clean.is_some();
    if all {
        return None;
    }
    let grows = |c: &u32| to_make[*c as usize] > 0;
    Some((0..to_make.len() as u32).filter(grows).collect())
}

/// The rows that the cleaning step takes away, ascending: those of the table by number, synthetic ones behind them.
pub fn clean(run: &Run, progress: &WorkBar) -> Result<Vec<u32>> {
    let Some(step) = run.args.method.clean else {
        return Ok(Vec::new());
    };
    let cleaner = Cleaning {
        step: Clean::named(match step {
            CleanArg::Tomek => "tomek",
            CleanArg::Enn => "enn",
        })?,
        metric: run.settings.metric,
        scale: run.settings.scale,
        mismatch: None,
        like: run.settings.like,
    }
    .check()?;
    let rows = run.table.rows()?;
    let mut numbers = run.table.numbers.clone();
    let mut made = run.balanced.numbers(&rows)?;
    table::fit(&run.schema, bounds(&run.args), &mut made);
    numbers.extend(made);
    let mut codes = run.table.codes.clone();
    codes.extend(run.balanced.codes(&rows)?);
    let mut classes = run.table.classes.clone();
    classes.extend(run.balanced.classes());
    let all = Rows::mixed(&numbers, rows.width(), &codes, rows.categories())?;
    let strata = Strata {
        classes: &classes,
        names: &run.names,
    };
    Ok(cleaner.removed(&all, strata, rows.len(), progress)?)
}

/// Says what the cleaning step did.
pub fn cleaned(run: &Run) -> Option<String> {
    let step = match run.args.method.clean? {
        CleanArg::Tomek => "tomek",
        CleanArg::Enn => "enn",
    };
    Some(format!(
        "cleaning by {step} removed {} rows of {}: classes are no longer of the size that was asked for",
        run.removed.len(),
        run.schema.rows + run.balanced.len()
    ))
    .filter(|_| !run.removed.is_empty())
}
