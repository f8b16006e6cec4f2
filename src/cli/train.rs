//! `mixup train text|image`: one model, one run directory.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use candle_core::Device;
use candle_mixup::linearity::Linearity;
use candle_mixup::metrics::Scores;
use candle_mixup::report::{self, TrainReport};
use candle_mixup::schedule::Scheduler;
use candle_mixup::train::{Checkpoint, Job, Outcome, PLANS, PlanHeader, Plans, train};
use candle_mixup::{Error, Tapped, files};
use serde_json::json;

use super::args::{CheckpointArgs, MixArgs, OutputArgs, PlanArgs, TrainingArgs};
use super::describe::{data_summary, draws, left_as_they_were, per_class, report_points, warnings};
use super::interrupt::Interrupt;
use super::plans::{Recorded, replay, replayed_from};
use super::progress::{Bars, RunBar};
use super::run_dir::{RunDir, pretty};
use super::settings::{self, RunSettings};
use super::task::{Built, Counted, SeedRows, Task};
use super::training::{self, Defaults};

/// The file that an ended run has.
pub const RESULT: &str = "metrics.json";

/// What a run is asked for besides its rows and its model.
pub struct Asked<'a> {
    pub mixing: &'a MixArgs,
    pub training: &'a TrainingArgs,
    pub output: &'a OutputArgs,
    pub checkpoint: CheckpointArgs,
    pub plans: &'a PlanArgs,
    pub defaults: Defaults,
    /// The head's learning rate, where it has one of its own.
    pub head_rate: Option<f64>,
}

/// Trains the model of the task that `prepare` makes for a device.
pub fn run<T: Task>(
    asked: &Asked<'_>,
    prepare: impl FnOnce(Device) -> Result<T> + Send,
) -> Result<()> {
    let started = Instant::now();
    let threads = settings::threads(asked.training.machine.threads)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start threads")?;
    pool.install(|| train_one(asked, prepare, started))
}

fn train_one<T: Task>(
    asked: &Asked<'_>,
    prepare: impl FnOnce(Device) -> Result<T>,
    started: Instant,
) -> Result<()> {
    let print = asked.output.print;
    let prepared = Prepared::new(asked, prepare)?;
    let every = training::checkpoint_every(asked.checkpoint)?;
    let dir = RunDir::open(
        asked.output,
        &format!("train-{}", T::NAME),
        &serde_json::to_value(&prepared.settings)?,
        RESULT,
    )?;
    if dir.finished {
        return already_finished(&dir, print.json);
    }
    let bars = Bars::new(print.quiet);
    if !print.quiet {
        warnings(&prepared.task, &prepared.rows)
            .iter()
            .for_each(|line| eprintln!("{line}"));
    }
    let steps = prepared.settings.training.steps(prepared.rows.train.len());
    let name = &prepared.settings.arms[0].0;
    let bar = RunBar::new(&bars, steps, name, Interrupt::listen()?);
    let mut watcher = Recorded::new(bar, asked.plans.save_plans.then(|| dir.file(PLANS)));
    let mut checkpoint = Checkpoint::new(dir.file("checkpoint.safetensors"), every);
    let outcome = match prepared.train(&mut watcher, &mut checkpoint) {
        Err(e) if matches!(e.downcast_ref(), Some(Error::Interrupted)) => {
            let path = dir.path().display();
            return Err(e.context(format!(
                "saved in {path}; the same command with --out {path} --resume goes on"
            )));
        }
        outcome => outcome?,
    };
    watcher.finish()?;
    let task = &prepared.task;
    let test = task.score(&prepared.built, &prepared.rows.kit, task.test())?;
    let linearity = task.linearity(&prepared.built, &prepared.rows)?;
    prepared.write(
        &dir,
        &outcome,
        (&test, &linearity),
        started.elapsed().as_secs_f64(),
    )?;
    checkpoint.delete()?;
    finish(&dir, &prepared, &outcome, (&test, &linearity), print.json)
}

/// A run that is ready to begin.
struct Prepared<T: Task> {
    settings: RunSettings<T::Data, T::Choice>,
    task: T,
    rows: SeedRows<T::Kit>,
    built: Built<T::Model>,
    scheduler: Scheduler,
    replay: Option<Plans>,
}

impl<T: Task> Prepared<T> {
    fn new(asked: &Asked<'_>, prepare: impl FnOnce(Device) -> Result<T>) -> Result<Self> {
        let file = asked.mixing.schedule.as_deref();
        let (name, schedule) = settings::schedule(&asked.mixing.mix, file, Some(T::DOMAIN))?;
        let task = prepare(settings::device(&asked.training.machine)?)?;
        let rows = task.rows(asked.training.seed)?;
        let training = training::settings(asked.training, asked.defaults, rows.train.len())?;
        training::check_rows(&training, rows.train.len(), rows.validation.len())?;
        let factor = asked.head_rate.map_or(1.0, |head| head / training.rate);
        let built = task.build(&rows.kit, training.seed, factor)?;
        let scheduler = task.scheduler(&schedule, &built, &rows, &training)?;
        let header = PlanHeader::new(scheduler.schedule(), &training, rows.train.len());
        let replay = replay(asked.plans, &header, &training, &built.model.sites())?;
        let settings = RunSettings {
            version: env!("CARGO_PKG_VERSION").into(),
            command: format!("train {}", T::NAME),
            data: task.data().clone(),
            fingerprint: task.fingerprint(),
            model: task.choice().clone(),
            arms: vec![(name, schedule)],
            seeds: 1,
            training,
            head_rate: asked.head_rate,
            replay: replayed_from(asked.plans)?,
        };
        Ok(Self {
            settings,
            task,
            rows,
            built,
            scheduler,
            replay,
        })
    }

    fn train(&self, watcher: &mut Recorded, checkpoint: &mut Checkpoint) -> Result<Outcome> {
        let neighbours = self
            .task
            .neighbours(&self.built, &self.rows, &self.scheduler)?;
        let job = Job {
            model: &self.built.model,
            weights: &self.built.weights,
            parameters: self.built.parameters.clone(),
            source: &self
                .task
                .training_source(&self.rows, self.scheduler.schedule())?,
            labels: self.task.labels(),
            train: &self.rows.train,
            validation: &self.rows.validation,
            scheduler: &self.scheduler,
            neighbours: neighbours.as_deref(),
            replay: self.replay.as_ref(),
            settings: &self.settings.training,
            device: self.task.device(),
        };
        watcher.record(job.plan_header());
        Ok(train(job, watcher, Some(checkpoint))?)
    }

    /// Everything that the run leaves; `metrics.json` comes last, since it says that the run has ended.
    fn write(
        &self,
        dir: &RunDir,
        outcome: &Outcome,
        (test, linearity): (&Scores, &Option<Linearity>),
        seconds: f64,
    ) -> Result<()> {
        self.task.save(&self.built, &self.rows.kit, dir.path())?;
        let history: Vec<String> = outcome
            .history
            .iter()
            .map(serde_json::to_string)
            .collect::<Result<_, _>>()?;
        files::write(
            dir.file("history.jsonl"),
            (history.join("\n") + "\n").as_bytes(),
        )?;
        let page = report::train_page(&TrainReport {
            title: format!("{} on {}", self.settings.arms[0].0, self.task.name()),
            version: self.settings.version.clone(),
            settings: serde_json::to_value(&self.settings)?,
            data: data_summary(&self.task, &self.rows),
            history: report_points(&outcome.history),
            test: test.clone(),
            classes: self.task.classes().to_vec(),
            draws: draws(
                &self.scheduler,
                &self.settings.training,
                self.rows.train.len(),
            ),
            linearity: linearity.clone(),
            seconds,
        })?;
        files::write(dir.file("report.html"), page.as_bytes())?;
        dir.write_json(RESULT, &self.result(outcome, (test, linearity), seconds)?)
    }

    /// The JSON of `mixup train`.
    fn result(
        &self,
        outcome: &Outcome,
        (test, linearity): (&Scores, &Option<Linearity>),
        seconds: f64,
    ) -> Result<serde_json::Value> {
        let history = outcome.history.iter().map(|point| {
            Ok(json!({
                "epoch": point.epoch, "step": point.step, "train_loss": point.train_loss,
                "mixed_accuracy": point.mixed_accuracy, "mixed": point.mixed, "clean_loss": point.clean_loss,
                "rate": point.rate, "validation": point.validation.as_ref().map(|s| &s.values),
            }))
        });
        let counted = self.task.counted(&self.rows.kit);
        let mut data = json!({
            "rows": self.task.len(), "fingerprint": self.settings.fingerprint,
            "training_rows": self.rows.train.len(), "validation_rows": self.rows.validation.len(),
            "test_rows": self.task.test().len(),
        });
        extend(&mut data, Counted::json(&counted));
        data["rows_in_training_and_test"] = self.rows.in_both.into();
        Ok(json!({
            "settings": self.settings,
            "version": self.settings.version,
            "data": data,
            "history": history.collect::<Result<Vec<_>>>()?,
            "test": test.values,
            "per_class": per_class(test, self.task.classes()),
            "best_step": outcome.best_step,
            "steps": outcome.steps,
            "batches_too_small_to_mix": outcome.skipped,
            "rows_too_short_for_a_span": outcome.unspanned,
            "texts_to_change": outcome.readings.texts,
            "texts_left_as_they_were": outcome.readings.unchanged,
            "weights_without_gradient_at_first": outcome.silent,
            "resumed_at": outcome.resumed,
            "waited_share": outcome.waited,
            "feeder_idle_share": outcome.idle,
            "linearity": linearity,
            "seconds": seconds,
        }))
    }
}

/// Adds fields to an object.
pub fn extend(
    object: &mut serde_json::Value,
    fields: impl Iterator<Item = (String, serde_json::Value)>,
) {
    if let Some(object) = object.as_object_mut() {
        object.extend(fields);
    }
}

fn finish<T: Task>(
    dir: &RunDir,
    prepared: &Prepared<T>,
    outcome: &Outcome,
    (test, linearity): (&Scores, &Option<Linearity>),
    as_json: bool,
) -> Result<()> {
    if as_json {
        return print_file(&dir.file(RESULT));
    }
    let (rows, steps) = (prepared.rows.train.len(), outcome.steps);
    let tested = prepared.task.test().len();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{rows} training rows, {steps} steps, {tested} test rows"
    )?;
    if let Some(step) = outcome.best_step {
        let rows = prepared.rows.validation.len();
        let what = format!("the lowest log loss on {rows} validation rows");
        writeln!(out, "kept the weights of step {step}, {what}")?;
    }
    let (waited, idle) = (100.0 * outcome.waited, 100.0 * outcome.idle);
    let thread = format!("the thread that makes them was idle {idle:.1} %");
    writeln!(
        out,
        "training waited for batches {waited:.1} % of the time; {thread}"
    )?;
    if let Some(told) = left_as_they_were(&outcome.readings) {
        writeln!(out, "{told}")?;
    }
    writeln!(out, "\n{}", report::score_table(test))?;
    let classes = prepared.task.classes();
    writeln!(out, "{}", report::class_table(test, classes))?;
    if let Some(found) = linearity {
        writeln!(out, "{}", report::linearity_table(found))?;
    }
    writeln!(out, "run {}", dir.path().display())?;
    writeln!(out, "report {}", dir.file("report.html").display())?;
    Ok(())
}

/// A result's file on stdout, as it is.
pub fn print_file(path: &Path) -> Result<()> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    Ok(write!(std::io::stdout(), "{text}")?)
}

pub fn already_finished(dir: &RunDir, as_json: bool) -> Result<()> {
    let path = dir.file(RESULT);
    let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
    if as_json {
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| Error::file(&path, e))?;
        write!(std::io::stdout(), "{}", pretty(&value)?)?;
    } else {
        writeln!(
            std::io::stdout(),
            "{}: the run has ended; nothing was changed",
            dir.path().display()
        )?;
    }
    Ok(())
}
