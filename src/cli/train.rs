//! `mixup train text`: one model, one run directory.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use candle_mixup::metrics::Scores;
use candle_mixup::report::{self, TrainReport};
use candle_mixup::schedule::{Domain, Scheduler};
use candle_mixup::train::{Checkpoint, Job, Outcome, Watcher, train};
use candle_mixup::{Error, files};
use serde_json::json;

use super::args::TrainTextArgs;
use super::describe::{data_summary, draws, per_class, report_points, warnings};
use super::interrupt::Interrupt;
use super::model::Built;
use super::progress::{Bars, RunBar};
use super::run_dir::{RunDir, pretty};
use super::settings::{self, DataSettings, ModelSettings, RunSettings};
use super::task::{SeedRows, TextTask};
use super::training::{self, Defaults};

/// The file that an ended run has.
pub const RESULT: &str = "metrics.json";

pub fn run(args: TrainTextArgs) -> Result<()> {
    let started = Instant::now();
    let threads = settings::threads(args.training.machine.threads)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start threads")?;
    pool.install(|| train_text(&args, started))
}

fn train_text(args: &TrainTextArgs, started: Instant) -> Result<()> {
    let print = args.output.print;
    let prepared = Prepared::new(args)?;
    let every = training::checkpoint_every(args.checkpoint)?;
    let dir = RunDir::open(
        &args.output,
        "train-text",
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
    let mut bar = RunBar::new(
        &bars,
        steps,
        &prepared.settings.arms[0].0,
        Interrupt::listen()?,
    );
    let mut checkpoint = Checkpoint::new(dir.file("checkpoint.safetensors"), every);
    let outcome = match prepared.train(&mut bar, &mut checkpoint) {
        Err(e) if matches!(e.downcast_ref(), Some(Error::Interrupted)) => {
            let path = dir.path().display();
            return Err(e.context(format!(
                "saved in {path}; the same command with --out {path} --resume goes on"
            )));
        }
        outcome => outcome?,
    };
    drop(bar);
    let test = prepared
        .task
        .score(&prepared.built, &prepared.rows.tokens)?;
    prepared.write(&dir, &outcome, &test, started.elapsed().as_secs_f64())?;
    checkpoint.delete()?;
    finish(&dir, &prepared, &outcome, &test, print.json)
}

/// A run that is ready to begin.
struct Prepared {
    settings: RunSettings,
    task: TextTask,
    rows: SeedRows,
    built: Built,
    scheduler: Scheduler,
}

impl Prepared {
    fn new(args: &TrainTextArgs) -> Result<Self> {
        let (name, schedule) = settings::schedule(
            &args.mixing.mix,
            args.mixing.schedule.as_deref(),
            Some(Domain::Text),
        )?;
        let model = ModelSettings::of(&args.model)?;
        let kind = model.model.clone();
        let device = settings::device(&args.training.machine)?;
        let task = TextTask::prepare(DataSettings::of(&args.data)?, model, device)?;
        let rows = task.rows(args.training.seed)?;
        let head_rate = training::head_rate(&args.model)?;
        let defaults = Defaults::of_text(&kind);
        let training = training::settings(&args.training, defaults, rows.train.len())?;
        training::check_rows(&training, rows.train.len(), rows.validation.len())?;
        let built = task.build(&rows.tokens, training.seed, head_rate / training.rate)?;
        let scheduler = task.scheduler(&schedule, &built, &rows, &training)?;
        let settings = RunSettings {
            version: env!("CARGO_PKG_VERSION").into(),
            command: "train text".into(),
            data: task.settings.clone(),
            fingerprint: task.corpus.fingerprint(),
            model: task.model.clone(),
            arms: vec![(name, schedule)],
            seeds: 1,
            training,
            head_rate,
        };
        Ok(Self {
            settings,
            task,
            rows,
            built,
            scheduler,
        })
    }

    fn train(&self, watcher: &mut dyn Watcher, checkpoint: &mut Checkpoint) -> Result<Outcome> {
        let neighbours = self
            .task
            .neighbours(&self.built, &self.rows, &self.scheduler)?;
        let job = Job {
            model: &self.built.model,
            weights: &self.built.weights,
            parameters: self.built.parameters.clone(),
            source: &self.task.source(&self.rows.tokens),
            labels: &self.task.labels,
            train: &self.rows.train,
            validation: &self.rows.validation,
            scheduler: &self.scheduler,
            neighbours: neighbours.as_deref(),
            settings: &self.settings.training,
            device: &self.task.device,
        };
        Ok(train(job, watcher, Some(checkpoint))?)
    }

    /// Everything that the run leaves; `metrics.json` comes last, since it says that the run has ended.
    fn write(&self, dir: &RunDir, outcome: &Outcome, test: &Scores, seconds: f64) -> Result<()> {
        self.built.save(
            dir.path(),
            &self.rows.tokens.tokenizer,
            self.task.corpus.classes(),
            self.task.labels.kind(),
        )?;
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
            title: format!("{} on {}", self.settings.arms[0].0, self.settings.data.data),
            version: self.settings.version.clone(),
            settings: serde_json::to_value(&self.settings)?,
            data: data_summary(&self.task, &self.rows),
            history: report_points(&outcome.history),
            test: test.clone(),
            classes: self.task.corpus.classes().to_vec(),
            draws: draws(
                &self.scheduler,
                &self.settings.training,
                self.rows.train.len(),
            ),
            seconds,
        })?;
        files::write(dir.file("report.html"), page.as_bytes())?;
        dir.write_json(RESULT, &self.result(outcome, test, seconds)?)
    }

    /// The JSON of `mixup train`.
    fn result(&self, outcome: &Outcome, test: &Scores, seconds: f64) -> Result<serde_json::Value> {
        let history = outcome.history.iter().map(|point| {
            Ok(json!({
                "epoch": point.epoch, "step": point.step, "train_loss": point.train_loss,
                "mixed_accuracy": point.mixed_accuracy, "mixed": point.mixed, "clean_loss": point.clean_loss,
                "rate": point.rate, "validation": point.validation.as_ref().map(|s| &s.values),
            }))
        });
        Ok(json!({
            "settings": self.settings,
            "version": self.settings.version,
            "data": {
                "rows": self.task.corpus.len(), "fingerprint": self.settings.fingerprint,
                "training_rows": self.rows.train.len(), "validation_rows": self.rows.validation.len(),
                "test_rows": self.task.test.len(), "cut_texts": self.rows.tokens.texts.cut(),
                "skipped_rows": self.task.corpus.skipped(), "rows_in_training_and_test": self.rows.in_both,
            },
            "history": history.collect::<Result<Vec<_>>>()?,
            "test": test.values,
            "per_class": per_class(test, self.task.corpus.classes()),
            "best_step": outcome.best_step,
            "steps": outcome.steps,
            "batches_too_small_to_mix": outcome.skipped,
            "weights_without_gradient_at_first": outcome.silent,
            "linearity": null,
            "seconds": seconds,
        }))
    }
}

fn finish(
    dir: &RunDir,
    prepared: &Prepared,
    outcome: &Outcome,
    test: &Scores,
    as_json: bool,
) -> Result<()> {
    if as_json {
        return print_file(&dir.file(RESULT));
    }
    let rows = prepared.rows.train.len();
    writeln!(
        std::io::stdout(),
        "{rows} training rows, {} steps, {} test rows",
        outcome.steps,
        prepared.task.test.len()
    )?;
    if let Some(step) = outcome.best_step {
        writeln!(
            std::io::stdout(),
            "kept the weights of step {step}, the lowest log loss on {} validation rows",
            prepared.rows.validation.len()
        )?;
    }
    writeln!(std::io::stdout(), "\n{}", report::score_table(test))?;
    writeln!(
        std::io::stdout(),
        "{}",
        report::class_table(test, prepared.task.corpus.classes())
    )?;
    writeln!(std::io::stdout(), "run {}", dir.path().display())?;
    writeln!(
        std::io::stdout(),
        "report {}",
        dir.file("report.html").display()
    )?;
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
