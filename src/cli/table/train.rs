//! `mixup train table`: one network, one run directory.

use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result};
use candle_mixup::linearity::Linearity;
use candle_mixup::metrics::Scores;
use candle_mixup::report::{self, TrainReport};
use candle_mixup::train::{Checkpoint, Outcome, PLANS, Plans};
use candle_mixup::{Error, Tapped, files};
use serde_json::json;

use super::args::TrainTableArgs;
use super::network::Network;
use super::ready::Ready;
use super::saved::{Config, save};
use super::score::Scored;
use super::task::Kind;
use crate::cli::describe::{draws, per_class, report_points};
use crate::cli::interrupt::Interrupt;
use crate::cli::plans::{Recorded, replay};
use crate::cli::progress::{Bars, RunBar, WorkBar};
use crate::cli::run_dir::RunDir;
use crate::cli::settings;
use crate::cli::train::{RESULT, already_finished, print_file};
use crate::cli::training;

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
    let bars = Bars::new(args.output.print.quiet);
    let interrupt = Interrupt::listen()?;
    let reading = WorkBar::new(&bars, interrupt.clone());
    let every = training::checkpoint_every(args.checkpoint)?;
    let ready = Ready::new(args, &reading)?;
    reading.finish();
    let network = ready.network()?;
    let header = network.plan_header(&ready.settings.training);
    let sites = network.model.sites();
    let replay = replay(&args.plans, &header, &ready.settings.training, &sites)?;
    let settings = serde_json::to_value(&ready.settings)?;
    let dir = RunDir::open(&args.output, "train-table", &settings, RESULT)?;
    if dir.finished {
        return already_finished(&dir, args.output.print.json);
    }
    if !args.output.print.quiet {
        ready
            .task
            .columns()
            .iter()
            .for_each(|line| eprintln!("{line}"));
        ready.notes().iter().for_each(|n| eprintln!("note: {n}"));
    }
    let mut checkpoint = Checkpoint::new(dir.file("checkpoint.safetensors"), every);
    let bar = RunBar::new(
        &bars,
        ready.settings.training.steps(ready.prepared.train.len()),
        &ready.settings.arm.name,
        interrupt,
    );
    let log = args.plans.save_plans.then(|| dir.file(PLANS));
    let mut watcher = Recorded::new(bar, log);
    watcher.record(header);
    let outcome = ready.train(
        &network,
        replay.as_ref(),
        &mut watcher,
        &mut checkpoint,
        &dir,
    )?;
    watcher.finish()?;
    let test = ready.score(&network, &outcome)?;
    let linearity = network.linearity(&ready.test)?;
    let seconds = started.elapsed().as_secs_f64();
    ready.write(&dir, &network, &outcome, (&test, &linearity), seconds)?;
    checkpoint.delete()?;
    ready.finish(&dir, &outcome, (&test, &linearity), args.output.print.json)
}

impl Ready {
    fn train(
        &self,
        network: &Network<'_>,
        replay: Option<&Plans>,
        watcher: &mut Recorded,
        checkpoint: &mut Checkpoint,
        dir: &RunDir,
    ) -> Result<Outcome> {
        let training = &self.settings.training;
        match network.train(
            training,
            &self.validation,
            replay,
            watcher,
            Some(checkpoint),
        ) {
            Err(e) if matches!(e.downcast_ref(), Some(Error::Interrupted)) => {
                let path = dir.path().display();
                Err(e.context(format!(
                    "saved in {path}; the same command with --out {path} --resume goes on"
                )))
            }
            outcome => outcome,
        }
    }

    /// Everything that the run leaves; `metrics.json` comes last, since it says that the run has ended.
    fn write(
        &self,
        dir: &RunDir,
        network: &Network<'_>,
        outcome: &Outcome,
        (test, linearity): (&Scored, &Option<Linearity>),
        seconds: f64,
    ) -> Result<()> {
        let s = &self.settings;
        let model = s
            .networks
            .model(s.detector.network().expect("a network was trained"));
        let config = Config::of(network, model, network.shift(&s.training, outcome));
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
            test: Scores {
                reliability: test.answers.clone(),
                ..test.test.clone()
            },
            classes: self.task.class_names().to_vec(),
            draws: draws(&network.scheduler, &s.training, self.prepared.train.len()),
            linearity: linearity.clone(),
            seconds,
        })?;
        files::write(dir.file("report.html"), page.as_bytes())?;
        dir.write_json(RESULT, &self.result(outcome, (test, linearity), seconds))
    }

    /// The scores of each of several targets by name; `null` where there is one, or classes.
    fn per_target(&self, test: &Scored) -> serde_json::Value {
        if test.each.is_empty() {
            return serde_json::Value::Null;
        }
        let names = self.task.target_names().iter().cloned();
        let scores = test.each.iter().map(|s| json!(s.values));
        names.zip(scores).collect::<serde_json::Map<_, _>>().into()
    }

    /// The JSON of `mixup train`.
    fn result(
        &self,
        outcome: &Outcome,
        (test, linearity): (&Scored, &Option<Linearity>),
        seconds: f64,
    ) -> serde_json::Value {
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
            "test": test.test.values,
            "per_class": per_class(&test.test, self.task.class_names()),
            "per_target": self.per_target(test),
            "steps": outcome.steps,
            "best_step": outcome.best_step,
            "resumed_at": outcome.resumed,
            "waited_share": outcome.waited,
            "feeder_idle_share": outcome.idle,
            "batches_too_small_to_mix": outcome.skipped,
            "weights_without_gradient_at_first": outcome.silent,
            "linearity": linearity,
            "seconds": seconds,
        })
    }

    fn finish(
        &self,
        dir: &RunDir,
        outcome: &Outcome,
        (test, linearity): (&Scored, &Option<Linearity>),
        as_json: bool,
    ) -> Result<()> {
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
        writeln!(out, "\n{}", report::score_table(&test.test))?;
        for (name, scores) in self.task.target_names().iter().zip(&test.each) {
            writeln!(out, "{name}\n{}", report::score_table(scores))?;
        }
        if !test.test.per_class.is_empty() {
            writeln!(
                out,
                "{}",
                report::class_table(&test.test, self.task.class_names())
            )?;
        }
        if let Some(found) = linearity {
            writeln!(out, "{}", report::linearity_table(found))?;
        }
        writeln!(out, "run {}", dir.path().display())?;
        writeln!(out, "report {}", dir.file("report.html").display())?;
        Ok(())
    }
}
