//! `mixup compare text|image`: arms × seeds on the same rows, weights, order and dropout.

mod grid;
mod outcome;

use std::collections::HashSet;
use std::io::Write;
use std::time::Instant;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::compare::Comparison;
use candle_mixup::{Error, files, report};

use super::args::{OutputArgs, TrainingArgs};
use super::interrupt::Interrupt;
use super::progress::Bars;
use super::run_dir::{RunDir, pretty};
use super::settings;
use super::task::Task;
use super::training::Defaults;
use grid::Grid;

pub use outcome::metrics;

/// The file that an ended comparison has.
pub const RESULT: &str = "comparison.json";

/// What a comparison is asked for besides its rows and its model.
pub struct Asked<'a> {
    pub arms: &'a [String],
    pub seeds: u64,
    pub training: &'a TrainingArgs,
    pub output: &'a OutputArgs,
    pub defaults: Defaults,
    /// The head's learning rate, where it has one of its own.
    pub head_rate: Option<f64>,
}

/// Compares the arms on the task that `prepare` makes for a device.
pub fn run<T: Task>(asked: &Asked<'_>, prepare: impl FnOnce(Device) -> Result<T>) -> Result<()> {
    let started = Instant::now();
    let print = asked.output.print;
    let threads = settings::threads(asked.training.machine.threads)?;
    let grid = Grid::prepare(asked, prepare)?;
    let dir = RunDir::open(
        asked.output,
        &format!("compare-{}", T::NAME),
        &serde_json::to_value(&grid.settings)?,
        RESULT,
    )?;
    if dir.finished {
        return show(&dir, print.json);
    }
    let bars = Bars::new(print.quiet);
    if !print.quiet {
        grid.announce();
    }
    let interrupt = Interrupt::listen()?;
    files::create_folder(dir.file("cells"))?;
    let total = bars.bar(grid.cells().len() as u64, "runs", "all arms");
    let cells = candle_mixup::compare::grid(grid.cells(), threads, |cell| {
        let done = grid.cell(&dir, &cell, &bars, &interrupt)?;
        total.inc(1);
        Ok(done)
    });
    total.finish_and_clear();
    let cells = cells.map_err(|e| interrupted(e, &dir))?;
    grid.write(&dir, &cells, started.elapsed().as_secs_f64())?;
    grid.tell_left_alone(&cells);
    show(&dir, print.json)
}

pub fn interrupted(error: Error, dir: &RunDir) -> anyhow::Error {
    let path = dir.path().display();
    match error {
        Error::Interrupted => anyhow::Error::new(error).context(format!(
            "finished runs are kept; the same command with --out {path} --resume goes on"
        )),
        other => other.into(),
    }
}

/// Refuses a name that stands twice.
pub fn check_once<'a>(flag: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::Conflict(format!("{flag}: '{name}' stands twice")).into());
        }
    }
    Ok(())
}

/// The grid carries the library's errors.
pub fn into_library_error(error: anyhow::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(other) => Error::Data(format!("{other:#}")),
    }
}

fn show(dir: &RunDir, as_json: bool) -> Result<()> {
    let path = dir.file(RESULT);
    let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
    if as_json {
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| Error::file(&path, e))?;
        write!(std::io::stdout(), "{}", pretty(&value)?)?;
        return Ok(());
    }
    let comparison: Comparison = serde_json::from_str(&text).map_err(|e| Error::file(&path, e))?;
    writeln!(std::io::stdout(), "{}", report::compare_table(&comparison))?;
    writeln!(
        std::io::stdout(),
        "report {}",
        dir.file("report.html").display()
    )?;
    Ok(())
}
