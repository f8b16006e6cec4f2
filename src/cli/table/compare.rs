//! `mixup compare table`: arms × detectors × folds × seeds, over label scarcity and several tables.

use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result};
use candle_mixup::report::{self, ExperimentReport};
use candle_mixup::{Error, files};
use serde::{Deserialize, Serialize};

use super::args::CompareTableArgs;
use super::grid::{Cell, Grid};
use super::outcome::{self, REPORT};
use super::run::{Bench, Left, run as run_once};
use crate::cli::cell::{file_name, read_cell};
use crate::cli::compare::{RESULT, interrupted, into_library_error};
use crate::cli::interrupt::Interrupt;
use crate::cli::progress::{Bars, RunBar, WorkBar};
use crate::cli::run_dir::RunDir;
use crate::cli::saved::read_json;
use crate::cli::settings;
use crate::cli::train::print_file;

/// What a run of the grid left in its file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    pub table: String,
    pub anomalies: Option<usize>,
    pub detector: String,
    pub arm: String,
    pub seed: u64,
    pub fold: u32,
    pub left: Left,
}

pub fn run(args: CompareTableArgs) -> Result<()> {
    let started = Instant::now();
    let threads = settings::threads(args.training.machine.threads)?;
    let bars = Bars::new(args.output.print.quiet);
    let interrupt = Interrupt::listen()?;
    let reading = WorkBar::new(&bars, interrupt.clone());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start threads")?;
    let grid = pool.install(|| Grid::prepare(&args, &reading))?;
    reading.finish();
    let dir = RunDir::open(
        &args.output,
        "compare-table",
        &serde_json::to_value(&grid.settings)?,
        RESULT,
    )?;
    if dir.finished {
        return show(&dir, args.output.print.json);
    }
    if !args.output.print.quiet {
        announce(&grid);
    }
    files::create_folder(dir.file("cells"))?;
    let total = bars.bar(grid.cells().len() as u64, "runs", "all runs");
    let done = candle_mixup::compare::grid(grid.cells(), threads, |cell| {
        let done = one(&grid, &dir, &cell, &bars, &interrupt)?;
        total.inc(1);
        Ok(done)
    });
    total.finish_and_clear();
    let done = done.map_err(|e| interrupted(e, &dir))?;
    let seconds = started.elapsed().as_secs_f64();
    pool.install(|| outcome::write(&grid, &dir, &done, seconds))?;
    show(&dir, args.output.print.json)
}

fn announce(grid: &Grid) {
    let s = &grid.settings;
    for task in &grid.tasks {
        let classes = task.class_names().iter().zip(task.counts(&all(task)));
        let classes: Vec<String> = classes.map(|(name, n)| format!("{name} {n}")).collect();
        eprintln!(
            "{}: {} rows, {} numeric and {} categorical columns; {}",
            task.name(),
            task.data.len(),
            task.data.numeric.len(),
            task.data.categorical.len(),
            if classes.is_empty() {
                "numbers to be told".into()
            } else {
                classes.join(", ")
            },
        );
        task.columns().iter().for_each(|line| eprintln!("{line}"));
        task.notes()
            .iter()
            .for_each(|note| eprintln!("note: {note}"));
    }
    eprintln!(
        "{} runs: {} detectors x {} arms x {} folds x {} seeds; {} arms that a detector does not take are left out",
        grid.cells().len(),
        s.detectors.len(),
        s.arms.len(),
        s.folds,
        s.seeds,
        grid.absent.len(),
    );
}

fn all(task: &super::task::TableTask) -> Vec<u32> {
    (0..task.data.len() as u32).collect()
}

/// One run, or what it left when it was run before.
fn one(
    grid: &Grid,
    dir: &RunDir,
    cell: &Cell,
    bars: &Bars,
    interrupt: &Interrupt,
) -> candle_mixup::Result<Done> {
    if interrupt.asked() {
        return Err(Error::Interrupted);
    }
    let (detector, arm) = grid.names(cell);
    let file = dir.file(&format!(
        "cells/{}-{}-{}-{}-{}-{}-{}.json",
        cell.table,
        cell.anomalies,
        grid.seed(cell),
        cell.fold,
        detector,
        cell.arm,
        file_name(arm)
    ));
    if let Some(done) = read_cell(&file)? {
        return Ok(done);
    }
    let label = format!("{detector} {arm}, fold {}", cell.fold);
    let bar = RunBar::new(bars, 0, &label, interrupt.clone());
    let left = train(grid, cell, bar).map_err(into_library_error)?;
    let done = Done {
        table: grid.tasks[cell.table].name(),
        anomalies: grid.settings.anomalies[cell.anomalies],
        detector: detector.into(),
        arm: arm.into(),
        seed: grid.seed(cell),
        fold: cell.fold as u32,
        left,
    };
    let text = serde_json::to_string(&done).map_err(|e| Error::file(&file, e))?;
    files::write(&file, text.as_bytes())?;
    Ok(done)
}

fn train(grid: &Grid, cell: &Cell, mut bar: RunBar) -> Result<Left> {
    let s = &grid.settings;
    let bench = Bench {
        networks: &s.networks,
        place: grid.place(),
    };
    let rows = grid.rows(cell)?;
    let training = grid.training(cell, rows.train.len());
    bar.set_length(training.steps(rows.train.len()));
    run_once(
        &bench,
        &grid.tasks[cell.table],
        &rows,
        (s.detectors[cell.detector], &s.arms[cell.arm]),
        &training,
        &mut bar,
    )
}

fn show(dir: &RunDir, as_json: bool) -> Result<()> {
    if as_json {
        return print_file(&dir.file(RESULT));
    }
    let report: ExperimentReport = read_json(&dir.file(REPORT))?;
    writeln!(std::io::stdout(), "{}", report::experiment_table(&report))?;
    writeln!(
        std::io::stdout(),
        "report {}",
        dir.file("report.html").display()
    )?;
    Ok(())
}
