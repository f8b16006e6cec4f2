//! Arms × seeds: prepared, checked and run.

use std::time::Instant;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::schedule::{Domain, Schedule};
use candle_mixup::train::{Job, TrainSettings, train};
use candle_mixup::{Error, files};

use super::{Asked, check_once, into_library_error};
use crate::cli::cell::{Done, file_name, read_cell};
use crate::cli::describe::warnings;
use crate::cli::interrupt::Interrupt;
use crate::cli::progress::{Bars, RunBar};
use crate::cli::run_dir::RunDir;
use crate::cli::settings::{self, RunSettings};
use crate::cli::task::{SeedRows, Task};
use crate::cli::training;

/// A comparison that is ready to begin.
pub struct Grid<T: Task> {
    pub settings: RunSettings<T::Data, T::Choice>,
    pub task: T,
    pub rows: Vec<SeedRows<T::Kit>>,
}

/// One run of the grid.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    arm: usize,
    seed: usize,
}

impl<T: Task> Grid<T> {
    /// Reads, splits and checks everything; nothing is trained or written.
    pub fn prepare(asked: &Asked<'_>, prepare: impl FnOnce(Device) -> Result<T>) -> Result<Self> {
        let arms = arms(asked.arms, T::DOMAIN)?;
        let first = asked.training.seed;
        training::check_seeds(first, asked.seeds)?;
        let task = prepare(settings::device(&asked.training.machine)?)?;
        let rows = (first..first + asked.seeds)
            .map(|seed| task.rows(seed))
            .collect::<Result<Vec<_>>>()?;
        let training = training::settings(asked.training, asked.defaults, rows[0].train.len())?;
        for rows in &rows {
            training::check_rows(&training, rows.train.len(), rows.validation.len())?;
        }
        let settings = RunSettings {
            version: env!("CARGO_PKG_VERSION").into(),
            command: format!("compare {}", T::NAME),
            data: task.data().clone(),
            fingerprint: task.fingerprint(),
            model: task.choice().clone(),
            arms,
            seeds: asked.seeds,
            training,
            head_rate: asked.head_rate,
            replay: None,
        };
        let grid = Self {
            settings,
            task,
            rows,
        };
        grid.check_arms()?;
        Ok(grid)
    }

    /// Refuses an arm that cannot run before the first one starts.
    fn check_arms(&self) -> Result<()> {
        let training = self.training(0);
        let built = self.task.build(&self.rows[0].kit, training.seed, 1.0)?;
        for (_, schedule) in &self.settings.arms {
            for rows in &self.rows {
                self.task.scheduler(schedule, &built, rows, &training)?;
            }
        }
        Ok(())
    }

    pub fn announce(&self) {
        let rows = &self.rows[0];
        let steps = self.settings.training.steps(rows.train.len());
        eprintln!(
            "{}: {} training rows a seed, {} test rows; {} arms x {} seeds x {steps} steps",
            self.task.name(),
            rows.train.len(),
            self.task.test().len(),
            self.settings.arms.len(),
            self.settings.seeds,
        );
        for (seed, rows) in (self.settings.training.seed..).zip(&self.rows) {
            let lines = warnings(&self.task, rows);
            lines
                .iter()
                .for_each(|line| eprintln!("seed {seed}: {line}"));
        }
    }

    pub fn training(&self, seed: usize) -> TrainSettings {
        let first = &self.settings.training;
        TrainSettings {
            seed: first.seed + seed as u64,
            ..first.clone()
        }
    }

    /// All runs, seed by seed.
    pub fn cells(&self) -> Vec<Cell> {
        let arms = self.settings.arms.len();
        (0..self.rows.len())
            .flat_map(|seed| (0..arms).map(move |arm| Cell { arm, seed }))
            .collect()
    }

    /// One run, or what it left when it was run before.
    pub fn cell(
        &self,
        dir: &RunDir,
        cell: &Cell,
        bars: &Bars,
        interrupt: &Interrupt,
    ) -> candle_mixup::Result<Done> {
        let (name, schedule) = &self.settings.arms[cell.arm];
        let training = self.training(cell.seed);
        let file = dir.file(&format!(
            "cells/{}-{}-{}.json",
            cell.arm,
            file_name(name),
            training.seed
        ));
        if let Some(done) = read_cell(&file)? {
            return Ok(done);
        }
        let label = format!("{name}, seed {}", training.seed);
        let done = self.train(
            name,
            schedule,
            cell.seed,
            &training,
            RunBar::new(bars, 0, &label, interrupt.clone()),
        );
        let done = done.map_err(into_library_error)?;
        let text = serde_json::to_string(&done).map_err(|e| Error::file(&file, e))?;
        files::write(&file, text.as_bytes())?;
        Ok(done)
    }

    fn train(
        &self,
        name: &str,
        schedule: &Schedule,
        seed: usize,
        training: &TrainSettings,
        mut bar: RunBar,
    ) -> Result<Done> {
        let started = Instant::now();
        let rows = &self.rows[seed];
        let head = self.settings.head_rate;
        let factor = head.map_or(1.0, |head| head / training.rate);
        let built = self.task.build(&rows.kit, training.seed, factor)?;
        let scheduler = self.task.scheduler(schedule, &built, rows, training)?;
        bar.set_length(training.steps(rows.train.len()));
        let neighbours = self.task.neighbours(&built, rows, &scheduler)?;
        let job = Job {
            model: &built.model,
            weights: &built.weights,
            parameters: built.parameters.clone(),
            source: &self.task.training_source(rows, schedule)?,
            labels: self.task.labels(),
            train: &rows.train,
            validation: &rows.validation,
            scheduler: &scheduler,
            neighbours: neighbours.as_deref(),
            replay: None,
            settings: training,
            device: self.task.device(),
        };
        let outcome = train(job, &mut bar, None)?;
        let test = self.task.score(&built, &rows.kit, self.task.test())?;
        let linearity = self.task.linearity(&built, rows)?;
        let seconds = started.elapsed().as_secs_f64();
        Ok(Done {
            arm: name.into(),
            seed: training.seed,
            test,
            history: outcome.history,
            steps: outcome.steps,
            best_step: outcome.best_step,
            skipped: outcome.skipped,
            unspanned: outcome.unspanned,
            readings: outcome.readings,
            silent: outcome.silent,
            linearity,
            seconds,
        })
    }
}

/// The arms asked for.
fn arms(names: &[String], domain: Domain) -> Result<Vec<(String, Schedule)>> {
    let arms = names.iter().map(|arm| settings::arm(arm, domain));
    let arms = arms.collect::<Result<Vec<_>>>()?;
    check_once("--arms", arms.iter().map(|(name, _)| name.as_str()))?;
    Ok(arms)
}
