//! `mixup train table`: one network, one run directory.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use candle_core::Device;
use candle_mixup::data::Source;
use candle_mixup::metrics::Scores;
use candle_mixup::report::{self, DataSummary, TrainReport};
use candle_mixup::schedule::Domain;
use candle_mixup::split::{self, Lone};
use candle_mixup::train::{Checkpoint, Outcome};
use candle_mixup::{Error, files};
use serde_json::json;

use super::args::TrainTableArgs;
use super::arm::{Arm, Treatment, balance};
use super::grid::DEFAULTS;
use super::like::{Told, read_like};
use super::network::Network;
use super::prepare::Prepared;
use super::saved::{Config, save};
use super::score::{Truth, score};
use super::settings::{Networks, TableData, TrainTableSettings};
use super::task::{Kind, TableTask};
use crate::cli::describe::{draws, per_class, report_points};
use crate::cli::interrupt::Interrupt;
use crate::cli::progress::{Bars, RunBar, WorkBar};
use crate::cli::run_dir::RunDir;
use crate::cli::settings::{self, HeldOut};
use crate::cli::task::{VALIDATION_FROM, VALIDATION_SHARE};
use crate::cli::train::{RESULT, already_finished, print_file};

pub fn run(args: TrainTableArgs) -> Result<()> {
    let started = Instant::now();
    let threads = settings::threads(args.training.machine.threads)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start threads")?;
    pool.install(|| train_table(&args, started))
}

fn train_table(args: &TrainTableArgs, started: Instant) -> Result<()> {
    let print = args.output.print;
    let bars = Bars::new(print.quiet);
    let interrupt = Interrupt::listen()?;
    let reading = WorkBar::new(&bars, interrupt.clone());
    let task = TableTask::read(
        TableData::of(&args.data, &args.columns, args.time.as_deref())?,
        &reading,
    )?;
    let ready = Ready::new(args, &task, &reading)?;
    reading.finish();
    let every = Duration::try_from_secs_f64(args.checkpoint_every).map_err(|_| {
        Error::setting(
            "--checkpoint-every",
            "0 or more seconds",
            args.checkpoint_every,
        )
    })?;
    let network = ready.network()?;
    let dir = RunDir::open(
        &args.output,
        "train-table",
        &serde_json::to_value(&ready.settings)?,
        RESULT,
    )?;
    if dir.finished {
        return already_finished(&dir, print.json);
    }
    if !print.quiet {
        ready.notes().iter().for_each(|n| eprintln!("note: {n}"));
    }
    let s = &ready.settings;
    let mut bar = RunBar::new(
        &bars,
        s.training.steps(ready.prepared.train.len()),
        &s.arm.name,
        interrupt,
    );
    let mut checkpoint = Checkpoint::new(dir.file("checkpoint.safetensors"), every);
    let trained = network.train(
        &s.training,
        &ready.validation,
        &mut bar,
        Some(&mut checkpoint),
    );
    let outcome = match trained {
        Err(e) if matches!(e.downcast_ref(), Some(Error::Interrupted)) => {
            let path = dir.path().display();
            return Err(e.context(format!(
                "saved in {path}; the same command with --out {path} --resume goes on"
            )));
        }
        outcome => outcome?,
    };
    drop(bar);
    let test = ready.score(&network)?;
    ready.write(
        &dir,
        &network,
        &outcome,
        &test,
        started.elapsed().as_secs_f64(),
    )?;
    checkpoint.delete()?;
    ready.finish(&dir, &outcome, &test, print.json)
}

/// A run that is ready to begin.
struct Ready<'a> {
    settings: TrainTableSettings,
    task: &'a TableTask,
    /// The rows of all files, encoded by the training rows.
    prepared: Prepared,
    /// Real training rows.
    real: usize,
    validation: Vec<u32>,
    test: Vec<u32>,
    truth: Truth,
    device: Device,
}

impl<'a> Ready<'a> {
    fn new(args: &TrainTableArgs, task: &'a TableTask, progress: &WorkBar) -> Result<Self> {
        let test = HeldOut::of("--test", args.test.as_deref())?;
        let validation = HeldOut::of("--validation", args.validation.as_deref())?;
        let own = task.test_split(&test)?;
        let seed = args.training.seed;
        let chosen = match args.train_rows {
            None => own.rest,
            Some(n) => split::in_all(&own.rest, task.strata(), n, seed)?,
        };
        let (train, mut validation_rows) = validation_split(task, chosen, &validation, seed)?;
        let arm = arm(args)?;
        if task.kind == Kind::Values && arm.is_for_classes() {
            let problem = "--oversample balances classes, and the label is a number";
            return Err(Error::Conflict(problem.into()).into());
        }
        let networks = Networks::of(&args.network);
        let mut prepared = Prepared::new(task, networks.encode, &arm, &train, seed)?;
        let mut test_rows = own.held_out;
        let mut truth = Truth::of(task, &test_rows);
        if let HeldOut::File(file) = &test {
            (test_rows, truth) = prepared.append(task, file, progress)?;
        }
        if let HeldOut::File(file) = &validation {
            (validation_rows, _) = prepared.append(task, file, progress)?;
        }
        let training = settings::training(&args.training, DEFAULTS, prepared.train.len())?;
        settings::check_rows(&training, prepared.train.len(), validation_rows.len())?;
        Ok(Self {
            settings: TrainTableSettings {
                version: env!("CARGO_PKG_VERSION").into(),
                command: "train table".into(),
                table: task.table.clone(),
                fingerprint: task.fingerprint.clone(),
                test,
                validation,
                train_rows: args.train_rows,
                detector: args.model.into(),
                arm,
                prior: args.prior.into(),
                networks,
                training,
            },
            task,
            prepared,
            real: train.len(),
            validation: validation_rows,
            test: test_rows,
            truth,
            device: settings::device(&args.training.machine)?,
        })
    }

    fn network(&self) -> Result<Network<'_>> {
        let s = &self.settings;
        let network = s.detector.network().expect("train takes networks only");
        Network::new(
            self.task,
            &self.prepared,
            &s.networks.model(network),
            &s.arm.training_schedule(),
            &s.training,
            &self.device,
        )
    }

    fn score(&self, network: &Network<'_>) -> Result<Scores> {
        let shift = network.shift().or_else(|| self.prepared.shift.clone());
        let said = network.say(&self.test)?;
        Ok(score(&self.truth, &said, shift.as_ref(), self.settings.prior)?.test)
    }

    /// Everything that the run leaves; `metrics.json` comes last, since it says that the run has ended.
    fn write(
        &self,
        dir: &RunDir,
        network: &Network<'_>,
        outcome: &Outcome,
        test: &Scores,
        seconds: f64,
    ) -> Result<()> {
        let s = &self.settings;
        let model = s
            .networks
            .model(s.detector.network().expect("a network was trained"));
        let config = Config::of(self.task, &self.prepared, network, model);
        save(
            dir.path(),
            &config,
            &self.prepared.encoder,
            &network.weights,
        )?;
        let history = outcome.history.iter().map(serde_json::to_string);
        let history: Vec<String> = history.collect::<Result<_, _>>()?;
        files::write(
            dir.file("history.jsonl"),
            (history.join("\n") + "\n").as_bytes(),
        )?;
        let page = report::train_page(&TrainReport {
            title: format!(
                "{} {} on {}",
                s.detector.name(),
                s.arm.name,
                self.task.name()
            ),
            version: s.version.clone(),
            settings: serde_json::to_value(s)?,
            data: self.summary(),
            history: report_points(&outcome.history),
            test: test.clone(),
            classes: self.task.class_names().to_vec(),
            draws: draws(&network.scheduler, &s.training, self.prepared.train.len()),
            seconds,
        })?;
        files::write(dir.file("report.html"), page.as_bytes())?;
        dir.write_json(RESULT, &self.result(outcome, test, seconds))
    }

    fn summary(&self) -> DataSummary {
        let counts = self.task.counts(&self.prepared.train[..self.real]);
        let classes = self.task.class_names().iter().cloned();
        DataSummary {
            source: self.settings.table.data.clone(),
            training_rows: self.prepared.train.len(),
            validation_rows: self.validation.len(),
            test_rows: self.test.len(),
            classes: classes.zip(counts).collect(),
            cut_texts: None,
            shared_rows: 0,
            fingerprint: self.settings.fingerprint.clone(),
            notes: self.notes(),
        }
    }

    /// What a reader should know.
    fn notes(&self) -> Vec<String> {
        let mut notes = self.task.notes();
        notes.extend(self.prepared.notes.iter().cloned());
        if self.prepared.synthetic > 0 {
            let (made, real) = (self.prepared.synthetic, self.real);
            notes.push(format!(
                "{made} synthetic rows stand behind the {real} training rows"
            ));
        }
        notes.extend(self.prepared.seen.notes());
        notes
    }

    /// The JSON of `mixup train`.
    fn result(&self, outcome: &Outcome, test: &Scores, seconds: f64) -> serde_json::Value {
        let history = outcome.history.iter().map(|point| {
            json!({
                "epoch": point.epoch, "step": point.step, "train_loss": point.train_loss,
                "mixed_accuracy": point.mixed_accuracy, "mixed": point.mixed, "clean_loss": point.clean_loss,
                "rate": point.rate, "validation": point.validation.as_ref().map(|s| &s.values),
            })
        });
        json!({
            "settings": self.settings,
            "version": self.settings.version,
            "data": {
                "rows": self.task.data.len(), "fingerprint": self.settings.fingerprint,
                "training_rows": self.real, "synthetic_rows": self.prepared.synthetic,
                "validation_rows": self.validation.len(), "test_rows": self.test.len(),
                "notes": self.notes(),
            },
            "history": history.collect::<Vec<_>>(),
            "test": test.values,
            "per_class": per_class(test, self.task.class_names()),
            "steps": outcome.steps,
            "best_step": outcome.best_step,
            "resumed_at": outcome.resumed,
            "batches_too_small_to_mix": outcome.skipped,
            "weights_without_gradient_at_first": outcome.silent,
            "linearity": null,
            "seconds": seconds,
        })
    }

    fn finish(&self, dir: &RunDir, outcome: &Outcome, test: &Scores, as_json: bool) -> Result<()> {
        if as_json {
            return print_file(&dir.file(RESULT));
        }
        let mut out = std::io::stdout();
        writeln!(
            out,
            "{} training rows, {} steps, {} test rows",
            self.prepared.train.len(),
            outcome.steps,
            self.test.len()
        )?;
        if let Some(step) = outcome.best_step {
            let what = if self.task.kind == Kind::Values {
                "RMSE"
            } else {
                "log loss"
            };
            let rows = self.validation.len();
            writeln!(
                out,
                "kept the weights of step {step}, the lowest {what} on {rows} validation rows"
            )?;
        }
        writeln!(out, "\n{}", report::score_table(test))?;
        if !test.per_class.is_empty() {
            writeln!(
                out,
                "{}",
                report::class_table(test, self.task.class_names())
            )?;
        }
        writeln!(out, "run {}", dir.path().display())?;
        writeln!(out, "report {}", dir.file("report.html").display())?;
        Ok(())
    }
}

/// The one arm of a training run.
fn arm(args: &TrainTableArgs) -> Result<Arm> {
    let (name, schedule) =
        settings::schedule(&args.mix, args.schedule.as_deref(), Some(Domain::Table))?;
    let schedule = Box::new(schedule);
    let Some(method) = &args.oversample else {
        let treatment = Treatment::Schedule(schedule);
        return Ok(Arm { name, treatment });
    };
    let settings = Box::new(balance(method)?);
    Ok(Arm {
        name: format!("{method}+{name}"),
        treatment: Treatment::Oversample {
            settings,
            then: schedule,
        },
    })
}

/// Training and validation rows of one file.
fn validation_split(
    task: &TableTask,
    rows: Vec<u32>,
    validation: &HeldOut,
    seed: u64,
) -> Result<(Vec<u32>, Vec<u32>)> {
    let share = match validation {
        HeldOut::File(_) => return Ok((rows, Vec::new())),
        HeldOut::Default if rows.len() < VALIDATION_FROM => return Ok((rows, Vec::new())),
        HeldOut::Default => VALIDATION_SHARE,
        HeldOut::Share(share) => *share,
    };
    let split = task.split(&rows, share, usize::MAX, Lone::Stay, seed)?;
    Ok((split.rest, split.held_out))
}

impl Prepared {
    /// Encodes the rows of another file behind these: their row numbers, and what is true of them.
    fn append(
        &mut self,
        task: &TableTask,
        file: &str,
        progress: &WorkBar,
    ) -> Result<(Vec<u32>, Truth)> {
        let source = Source::parse(file)?;
        let (columns, encoder) = (&task.table.columns, &self.encoder);
        let data = read_like(
            &source,
            columns,
            encoder,
            &task.in_file,
            Told::Yes,
            progress,
        )?;
        let truth = Truth::of_target(task.kind, task.outputs(), &data.target);
        let (rows, seen) = self.encoder.encode(&data)?;
        self.seen.add(&seen);
        let first = self.rows.len as u32;
        self.rows.append(&rows)?;
        self.labels = self.labels.with_more(&truth.inside(&self.labels))?;
        Ok(((first..first + rows.len as u32).collect(), truth))
    }
}
