//! `mixup compare text|image`: arms × seeds on the same rows, weights, order and dropout.

use std::collections::HashSet;
use std::io::Write;
use std::time::Instant;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::compare::{Comparison, Run};
use candle_mixup::linearity::ArmsLinearity;
use candle_mixup::metrics::{Metric, Scores};
use candle_mixup::report::{self, ArmDetail, CompareReport, History};
use candle_mixup::schedule::{Domain, Schedule};
use candle_mixup::train::{Job, TrainSettings, train};
use candle_mixup::{Error, files};
use serde_json::json;

use super::args::{OutputArgs, TrainingArgs};
use super::cell::{Done, file_name, read_cell};
use super::describe::{data_summary, draws, report_points, values, warnings};
use super::interrupt::Interrupt;
use super::progress::{Bars, RunBar};
use super::run_dir::{RunDir, pretty};
use super::settings::{self, RunSettings};
use super::task::{Counted, SeedRows, Task};
use super::train::extend;
use super::training::{self, Defaults};

/// The file that an ended comparison has.
pub const RESULT: &str = "comparison.json";
/// The arm that shows what softer targets alone give.
const CONTROL: &str = "smoothing";

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

/// A comparison that is ready to begin.
struct Grid<T: Task> {
    settings: RunSettings<T::Data, T::Choice>,
    task: T,
    rows: Vec<SeedRows<T::Kit>>,
}

/// One run of the grid.
#[derive(Debug, Clone, Copy)]
struct Cell {
    arm: usize,
    seed: usize,
}

impl<T: Task> Grid<T> {
    /// Reads, splits and checks everything; nothing is trained or written.
    fn prepare(asked: &Asked<'_>, prepare: impl FnOnce(Device) -> Result<T>) -> Result<Self> {
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

    fn announce(&self) {
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

    fn training(&self, seed: usize) -> TrainSettings {
        let first = &self.settings.training;
        TrainSettings {
            seed: first.seed + seed as u64,
            ..first.clone()
        }
    }

    /// All runs, seed by seed.
    fn cells(&self) -> Vec<Cell> {
        let arms = self.settings.arms.len();
        (0..self.rows.len())
            .flat_map(|seed| (0..arms).map(move |arm| Cell { arm, seed }))
            .collect()
    }

    /// One run, or what it left when it was run before.
    fn cell(
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
            source: &self.task.source(&rows.kit)?,
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
            silent: outcome.silent,
            linearity,
            seconds,
        })
    }

    /// The comparison and the report; the comparison last, since it says that all has ended.
    fn write(&self, dir: &RunDir, cells: &[Done], seconds: f64) -> Result<()> {
        let comparison = self.comparison(cells)?;
        let arms = self.settings.arms.iter();
        let arms = arms
            .map(|(name, schedule)| self.detail(name, schedule, cells))
            .collect::<Result<Vec<_>>>()?;
        let page = report::compare_page(&CompareReport {
            title: format!("{} arms on {}", arms.len(), self.task.name()),
            version: self.settings.version.clone(),
            settings: serde_json::to_value(&self.settings)?,
            data: data_summary(&self.task, &self.rows[0]),
            comparison: comparison.clone(),
            arms,
            seconds,
        })?;
        files::write(dir.file("report.html"), page.as_bytes())?;
        let mut result = serde_json::to_value(&comparison)?;
        let more = json!({
            "settings": self.settings,
            "version": self.settings.version,
            "data": self.counts(),
            "details": cells.iter().map(Done::details).collect::<Vec<_>>(),
            "summary": comparison.summary(),
            "linearity": ArmsLinearity::of(&comparison),
            "seconds": seconds,
        });
        if let serde_json::Value::Object(more) = more {
            extend(&mut result, more.into_iter());
        }
        dir.write_json(RESULT, &result)
    }

    /// What the report shows of an arm's runs.
    fn detail(&self, name: &str, schedule: &Schedule, cells: &[Done]) -> Result<ArmDetail> {
        let own: Vec<&Done> = cells.iter().filter(|c| c.arm == name).collect();
        let (training, rows) = (self.training(0), &self.rows[0]);
        let built = self.task.build(&rows.kit, training.seed, 1.0)?;
        let scheduler = self.task.scheduler(schedule, &built, rows, &training)?;
        let history = |c: &&Done| History {
            seed: c.seed,
            points: report_points(&c.history),
        };
        let reliability: Vec<_> = own.iter().map(|c| c.test.reliability.clone()).collect();
        Ok(ArmDetail {
            name: name.into(),
            histories: own.iter().map(history).collect(),
            reliability: report::pool(&reliability),
            draws: draws(&scheduler, &training, rows.train.len()),
        })
    }

    /// What the rows are, for JSON.
    fn counts(&self) -> serde_json::Value {
        let first = &self.rows[0];
        let mut data = json!({
            "rows": self.task.len(), "fingerprint": self.settings.fingerprint,
            "training_rows": first.train.len(), "validation_rows": first.validation.len(),
            "test_rows": self.task.test().len(),
        });
        extend(&mut data, Counted::json(&self.task.counted(&first.kit)));
        let in_both: Vec<usize> = self.rows.iter().map(|r| r.in_both).collect();
        data["rows_in_training_and_test"] = in_both.into();
        data
    }

    fn comparison(&self, cells: &[Done]) -> Result<Comparison> {
        let runs = |name: &String| {
            let own = cells.iter().filter(|c| c.arm == *name);
            own.map(|c| {
                Ok(Run {
                    seed: c.seed,
                    fold: None,
                    test: values(&c.test),
                    linearity: c.linearity.as_ref().map(serde_json::to_value).transpose()?,
                })
            })
            .collect::<Result<Vec<_>>>()
        };
        let arms = self
            .settings
            .arms
            .iter()
            .map(|(name, _)| Ok((name.clone(), runs(name)?)))
            .collect::<Result<_>>()?;
        let metrics = metrics(self.task.main_metric(), &cells[0].test);
        Ok(Comparison::of(&metrics, arms)?.with_control(CONTROL))
    }
}

/// The arms asked for.
fn arms(names: &[String], domain: Domain) -> Result<Vec<(String, Schedule)>> {
    let arms = names.iter().map(|arm| settings::arm(arm, domain));
    let arms = arms.collect::<Result<Vec<_>>>()?;
    check_once("--arms", arms.iter().map(|(name, _)| name.as_str()))?;
    Ok(arms)
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

/// The metrics there are, the main one first.
pub fn metrics(main: Metric, scores: &Scores) -> Vec<Metric> {
    let others = scores.values.keys().copied().filter(|m| *m != main);
    std::iter::once(main).chain(others).collect()
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
