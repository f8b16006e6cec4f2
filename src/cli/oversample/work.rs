//! Which rows are needed, cleaning, and the progress of both.

use std::sync::Mutex;

use anyhow::Result;
use candle_mixup::oversample::{Clean, Cleaning, Like, Progress, Rows, Scale, Settings};
use candle_mixup::split::Strata;
use candle_mixup::table;
use indicatif::ProgressBar;

use super::Run;
use super::args::{CleanArg, OversampleArgs};
use super::write::bounds;
use crate::cli::interrupt::Interrupt;
use crate::cli::progress::Bars;

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
pub fn clean(run: &Run, progress: &Bar) -> Result<Vec<u32>> {
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

/// A bar on stderr for each piece of work, and Ctrl-C.
pub struct Bar {
    bars: Bars,
    interrupt: Interrupt,
    bar: Mutex<ProgressBar>,
}

impl Bar {
    pub fn new(bars: &Bars, interrupt: Interrupt) -> Self {
        Self {
            bars: bars.clone(),
            interrupt,
            bar: Mutex::new(ProgressBar::hidden()),
        }
    }

    fn with(&self, work: impl FnOnce(&mut ProgressBar)) {
        // A thread that panicked while it moved a bar leaves nothing that matters behind.
        let mut bar = self
            .bar
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&mut bar);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.with(|bar| bar.finish_and_clear());
    }
}

impl Progress for Bar {
    fn begin(&self, work: &str, total: u64) {
        self.with(|bar| {
            bar.finish_and_clear();
            *bar = self.bars.bar(total, "rows", work);
        });
    }

    fn advance(&self, units: u64) {
        self.with(|bar| bar.inc(units));
    }

    fn stop(&self) -> bool {
        self.interrupt.asked()
    }
}
