//! `mixup compare text`: arms × seeds on the same rows, weights, order and dropout.

use std::collections::HashSet;
use std::io::Write;
use std::time::Instant;

use anyhow::Result;
use candle_mixup::compare::{Comparison, Run};
use candle_mixup::metrics::{Metric, Scores};
use candle_mixup::report::{self, ArmDetail, CompareReport, History};
use candle_mixup::schedule::{Domain, Schedule};
use candle_mixup::train::{Job, TrainSettings, train};
use candle_mixup::{Error, files};
use serde_json::json;

use super::args::CompareTextArgs;
use super::cell::{Done, file_name, read_cell};
use super::describe::{data_summary, draws, report_points, values, warnings};
use super::interrupt::Interrupt;
use super::progress::{Bars, RunBar};
use super::run_dir::{RunDir, pretty};
use super::settings::{self, DataSettings, ModelSettings, RunSettings};
use super::task::{SeedRows, TextTask};
use super::training::{self, Defaults};

/// The file that an ended comparison has.
pub const RESULT: &str = "comparison.json";
/// The arm that shows what softer targets alone give.
const CONTROL: &str = "smoothing";
/// Training rows of a class when neither data nor their number were chosen: the case of few labels.
const FEW: usize = 10;

pub fn run(mut args: CompareTextArgs) -> Result<()> {
    let started = Instant::now();
    let d = &args.data;
    let chosen = d.per_class.is_some() || d.train_rows.is_some() || d.columns.label.is_some();
    if d.data.is_none() && !chosen {
        args.data.per_class = Some(FEW);
    }
    let threads = settings::threads(args.training.machine.threads)?;
    let grid = Grid::prepare(&args)?;
    let dir = RunDir::open(
        &args.output,
        "compare-text",
        &serde_json::to_value(&grid.settings)?,
        RESULT,
    )?;
    if dir.finished {
        return show(&dir, args.output.print.json);
    }
    let bars = Bars::new(args.output.print.quiet);
    if !args.output.print.quiet {
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
    show(&dir, args.output.print.json)
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
struct Grid {
    settings: RunSettings,
    task: TextTask,
    rows: Vec<SeedRows>,
}

/// One run of the grid.
#[derive(Debug, Clone, Copy)]
struct Cell {
    arm: usize,
    seed: usize,
}

impl Grid {
    /// Reads, splits and checks everything; nothing is trained or written.
    fn prepare(args: &CompareTextArgs) -> Result<Self> {
        let arms = arms(args)?;
        training::check_seeds(args.training.seed, args.seeds)?;
        let model = ModelSettings::of(&args.model)?;
        let kind = model.model.clone();
        let task = TextTask::prepare(
            DataSettings::of(&args.data)?,
            model,
            settings::device(&args.training.machine)?,
        )?;
        let first = args.training.seed;
        let rows = (first..first + args.seeds)
            .map(|seed| task.rows(seed))
            .collect::<Result<Vec<_>>>()?;
        let head_rate = training::head_rate(&args.model)?;
        let defaults = Defaults::of_text(&kind);
        let training = training::settings(&args.training, defaults, rows[0].train.len())?;
        for rows in &rows {
            training::check_rows(&training, rows.train.len(), rows.validation.len())?;
        }
        let settings = RunSettings {
            version: env!("CARGO_PKG_VERSION").into(),
            command: "compare text".into(),
            data: task.settings.clone(),
            fingerprint: task.corpus.fingerprint(),
            model: task.model.clone(),
            arms,
            seeds: args.seeds,
            training,
            head_rate,
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
        let built = self.task.build(&self.rows[0].tokens, training.seed, 1.0)?;
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
            self.settings.data.data,
            rows.train.len(),
            self.task.test.len(),
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
        let built = self.task.build(
            &rows.tokens,
            training.seed,
            self.settings.head_rate / training.rate,
        )?;
        let scheduler = self.task.scheduler(schedule, &built, rows, training)?;
        bar.set_length(training.steps(rows.train.len()));
        let neighbours = self.task.neighbours(&built, rows, &scheduler)?;
        let job = Job {
            model: &built.model,
            weights: &built.weights,
            parameters: built.parameters.clone(),
            source: &self.task.source(&rows.tokens),
            labels: &self.task.labels,
            train: &rows.train,
            validation: &rows.validation,
            scheduler: &scheduler,
            neighbours: neighbours.as_deref(),
            settings: training,
            device: &self.task.device,
        };
        let outcome = train(job, &mut bar, None)?;
        let test = self.task.score(&built, &rows.tokens)?;
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
            seconds,
        })
    }

    /// The comparison, in DESIGN's form, and the report.
    fn write(&self, dir: &RunDir, cells: &[Done], seconds: f64) -> Result<()> {
        let comparison = self.comparison(cells)?;
        let mut arms = Vec::new();
        for (name, schedule) in &self.settings.arms {
            let own: Vec<&Done> = cells.iter().filter(|c| c.arm == *name).collect();
            let training = self.training(0);
            let built = self.task.build(&self.rows[0].tokens, training.seed, 1.0)?;
            let scheduler = self
                .task
                .scheduler(schedule, &built, &self.rows[0], &training)?;
            let history = |c: &&Done| History {
                seed: c.seed,
                points: report_points(&c.history),
            };
            arms.push(ArmDetail {
                name: name.clone(),
                histories: own.iter().map(history).collect(),
                reliability: report::pool(
                    &own.iter()
                        .map(|c| c.test.reliability.clone())
                        .collect::<Vec<_>>(),
                ),
                draws: draws(&scheduler, &training, self.rows[0].train.len()),
            });
        }
        let page = report::compare_page(&CompareReport {
            title: format!("{} arms on {}", arms.len(), self.settings.data.data),
            version: self.settings.version.clone(),
            settings: serde_json::to_value(&self.settings)?,
            data: data_summary(&self.task, &self.rows[0]),
            comparison: comparison.clone(),
            arms,
            seconds,
        })?;
        files::write(dir.file("report.html"), page.as_bytes())?;
        let mut result = serde_json::to_value(&comparison)?;
        let extra = json!({
            "settings": self.settings,
            "version": self.settings.version,
            "data": {
                "rows": self.task.corpus.len(), "fingerprint": self.settings.fingerprint,
                "training_rows": self.rows[0].train.len(), "validation_rows": self.rows[0].validation.len(),
                "test_rows": self.task.test.len(), "cut_texts": self.rows[0].tokens.texts.cut(),
                "skipped_rows": self.task.corpus.skipped(),
                "rows_in_training_and_test": self.rows.iter().map(|r| r.in_both).collect::<Vec<_>>(),
            },
            "details": cells.iter().map(Done::details).collect::<Vec<_>>(),
            "summary": comparison.summary(),
            "seconds": seconds,
        });
        if let (Some(result), serde_json::Value::Object(extra)) = (result.as_object_mut(), extra) {
            result.extend(extra);
        }
        dir.write_json(RESULT, &result)
    }

    fn comparison(&self, cells: &[Done]) -> Result<Comparison> {
        let runs = |name: &String| {
            let own = cells.iter().filter(|c| c.arm == *name);
            own.map(|c| Run {
                seed: c.seed,
                fold: None,
                test: values(&c.test),
                linearity: None,
            })
            .collect::<Vec<_>>()
        };
        let arms = self
            .settings
            .arms
            .iter()
            .map(|(name, _)| (name.clone(), runs(name)))
            .collect();
        let metrics = metrics(self.task.main_metric(), &cells[0].test);
        Ok(Comparison::of(&metrics, arms)?.with_control(CONTROL))
    }
}

/// The arms asked for.
fn arms(args: &CompareTextArgs) -> Result<Vec<(String, Schedule)>> {
    let arms = args.arms.iter().map(|arm| settings::arm(arm, Domain::Text));
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
