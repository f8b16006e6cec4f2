//! The training loop.

use std::collections::BTreeMap;
use std::time::Instant;

use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::evaluate;
use super::feed::{Feeder, Pass, Step, Steps, feed};
use super::history::{Point, Window};
use super::job::{Job, Outcome, StepEvent, Watcher};
use super::labels::{TargetKind, rows_of};
use super::measure::{class_weights, hits, smoothed};
use super::prepared::Prepared;
use super::saliency::settle;
use super::tokens::loss_of;
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::metrics::{Metric, Scores};
use crate::nn::{self, AdamW, AdamWSettings, Gradients, Pretrained};
use crate::plan::Site;
use crate::random::{Purpose, Stream};
use crate::schedule::Clock;
use crate::source::{Readings, RowSource};
use crate::tap::{DropoutKeys, MixTap, Tapped};
use crate::targets::mix_targets;

/// History points of a run, and validations at most.
const POINTS: u64 = 50;
/// Training rows on which the unmixed loss is followed, and how often in a run.
const CLEAN_ROWS: usize = 64;
const CLEAN_POINTS: u64 = 10;

/// Where a run is: all that a checkpoint keeps besides tensors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    step: u64,
    window: Window,
    history: Vec<Point>,
    best: Option<(u64, f64)>,
    since_best: u32,
    skipped: u64,
    #[serde(default)]
    unspanned: u64,
    #[serde(default)]
    readings: Readings,
    silent: Vec<String>,
    /// The sum of the targets that were trained on, by output.
    #[serde(default)]
    taught: Vec<f64>,
}

/// Trains until the settings' length is reached, patience is lost or the watcher stops it.
///
/// Draws are keyed by (seed, step), so a run taken up from a checkpoint goes on bit for bit.
///
/// # Errors
/// [`Error::NoGradient`] at the first step, [`Error::NotFinite`], [`Error::Interrupted`] after a stop, and whatever
/// the model, the schedule and the checkpoint report.
pub fn train<M, S>(
    job: Job<'_, M, S>,
    watcher: &mut dyn Watcher,
    checkpoint: Option<&mut Checkpoint>,
) -> Result<Outcome>
where
    M: Tapped,
    S: RowSource<Input = M::Input>,
{
    job.settings.check()?;
    if let Some(plans) = job.replay {
        plans.check(&job.plan_header(), job.settings, &job.model.sites())?;
    }
    let prepared = Prepared::of(&job)?;
    let mut run = Run::new(&job, &prepared)?;
    let resumed = run.take_up(checkpoint.as_deref())?;
    let steps = run.at.step..job.settings.steps(job.train.len());
    let began = Instant::now();
    let (waited, busy) = feed(Feeder::new(&job, &prepared), steps, |steps| {
        run.go(steps, watcher, checkpoint)?;
        Ok(steps.waited())
    })?;
    let all = began.elapsed().as_secs_f64();
    let shares = (waited.as_secs_f64() / all, 1.0 - busy.as_secs_f64() / all);
    run.finish(resumed, shares)
}

/// A run in progress.
struct Run<'a, M, S> {
    job: &'a Job<'a, M, S>,
    prepared: &'a Prepared,
    loss: Loss,
    class_weights: Option<Vec<f32>>,
    clean: Vec<u32>,
    optimiser: AdamW,
    best: Option<BTreeMap<String, Tensor>>,
    at: Progress,
}

/// What one forward pass contributed.
struct Passed {
    gradients: Gradients,
    loss: f64,
    hits: Option<f64>,
    mixed: Option<Site>,
}

impl<'a, M, S> Run<'a, M, S>
where
    M: Tapped,
    S: RowSource<Input = M::Input>,
{
    fn new(job: &'a Job<'a, M, S>, prepared: &'a Prepared) -> Result<Self> {
        if job.train.is_empty() {
            return Err(Error::Data("there are no training rows".into()));
        }
        let s = job.settings;
        let settings = AdamWSettings {
            weight_decay: s.weight_decay,
            clip: s.clip,
            ..AdamWSettings::default()
        };
        let mut clean = job.train.to_vec();
        Stream::new(s.seed, Purpose::Split, u64::MAX).shuffle(&mut clean);
        clean.truncate(CLEAN_ROWS);
        Ok(Self {
            job,
            prepared,
            loss: job.labels.kind().loss(),
            class_weights: class_weights(job),
            clean,
            optimiser: AdamW::new(job.parameters.clone(), settings)?,
            best: None,
            at: Progress::default(),
        })
    }

    /// Takes steps until there are no more, patience is lost or the watcher stops it.
    fn go(
        &mut self,
        steps: &mut Steps<S::Input>,
        watcher: &mut dyn Watcher,
        mut checkpoint: Option<&mut Checkpoint>,
    ) -> Result<()> {
        let per_epoch = self.job.settings.steps_per_epoch(self.job.train.len());
        while !self.out_of_patience() {
            if watcher.stop() && self.at.step < self.job.settings.steps(self.job.train.len()) {
                watcher.saving()?;
                self.save(checkpoint)?;
                return Err(Error::Interrupted);
            }
            let Some(step) = steps.next()? else {
                return Ok(());
            };
            let step = self.settled(step)?;
            for pass in &step.passes {
                watcher.plan(pass.clock.step, pass.plan.as_ref())?;
            }
            let event = self.step(step)?;
            let clock = event.clock;
            let epoch_ends = (clock.step + 1).is_multiple_of(per_epoch);
            self.record(clock, epoch_ends, per_epoch)?;
            if let Some(checkpoint) = checkpoint.as_deref_mut().filter(|c| c.is_due(epoch_ends)) {
                watcher.saving()?;
                self.save(Some(checkpoint))?;
            }
            watcher.step(&event);
        }
        Ok(())
    }

    /// The step with the plans that are carried out, where they are for the model to settle.
    fn settled(&self, step: Step<S::Input>) -> Result<Step<S::Input>> {
        let passes = step.passes.into_iter();
        let passes = passes.map(|pass| settle(self.job, self.prepared, pass));
        Ok(Step {
            passes: passes.collect::<Result<_>>()?,
            ..step
        })
    }

    /// One optimiser step over the passes of a group, each mixed on its own.
    fn step(&mut self, step: Step<S::Input>) -> Result<StepEvent> {
        let Step {
            clock,
            rows,
            passes,
        } = step;
        let mut sum: Option<Gradients> = None;
        let (mut loss, mut mixed) = (0.0, None);
        for pass in passes {
            let count = pass.rows;
            let share = count as f64 / rows as f64;
            let passed = self.pass(pass, share)?;
            self.at
                .window
                .add(passed.loss, passed.hits, count, passed.mixed.is_some());
            loss += passed.loss * share;
            mixed = mixed.or(passed.mixed);
            match &mut sum {
                None => sum = Some(passed.gradients),
                Some(sum) => sum.add(&passed.gradients)?,
            }
        }
        let gradients = sum.ok_or_else(|| Error::Data("a step without rows".into()))?;
        if clock.step == 0 {
            self.at.silent = gradients.check(&self.job.parameters, clock.step)?;
        }
        let rate = self.job.settings.rate * self.job.settings.curve.value(clock);
        self.optimiser.step(&gradients, rate)?;
        self.at.step += 1;
        Ok(StepEvent {
            clock,
            loss,
            mixed,
            rows,
        })
    }

    /// Forward and backward of one batch; its loss counts `share` in the step.
    fn pass(&mut self, pass: Pass<S::Input>, share: f64) -> Result<Passed> {
        let (job, plan) = (self.job, pass.plan);
        self.at.skipped += u64::from(pass.skipped);
        self.at.readings.add(&pass.fed.readings);
        self.at.unspanned += plan.as_ref().map_or(0, |plan| plan.unspanned() as u64);
        let keys = DropoutKeys::new(job.settings.seed, pass.clock.step);
        let mut tap = MixTap::new(plan.as_ref())
            .training(keys)
            .input_is_mixed(pass.fed.mixed);
        let logits = job.model.forward(&pass.fed.input, &mut tap);
        let logits = logits.map_err(|e| match job.replay {
            Some(plans) => plans.at_step(pass.clock.step, e),
            None => e,
        })?;
        tap.finish(&job.model.sites())?;
        let own = rows_of(pass.targets, pass.incoming.len(), job.device)?;
        let mixed = match &plan {
            Some(plan) => mix_targets(&own, &plan.pairs)?,
            None => own,
        };
        self.note_taught(&mixed)?;
        let targets = smoothed(job, &mixed)?;
        let (kind, weights) = (job.labels.kind(), self.class_weights.as_deref());
        let loss = loss_of(self.loss, kind, (&logits, &targets), weights)?;
        let value = loss.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        if !value.is_finite() {
            return Err(Error::NotFinite {
                what: "the training loss".into(),
                step: pass.clock.step,
            });
        }
        let gradients = nn::backward(&(loss * share)?, &job.parameters)?;
        let hits = hits(&logits, &mixed, job.labels)?.map(|h| h * pass.rows as f64);
        Ok(Passed {
            gradients,
            loss: value,
            hits,
            mixed: plan.map(|p| p.site),
        })
    }

    /// Adds what the classes weigh among the targets.
    fn note_taught(&mut self, mixed: &Tensor) -> Result<()> {
        if self.job.labels.kind() == TargetKind::Regression {
            return Ok(());
        }
        let outputs = self.job.labels.outputs();
        self.at.taught.resize(outputs, 0.0);
        let targets = mixed.to_dtype(DType::F32)?.flatten_all()?;
        for row in targets.to_vec1::<f32>()?.chunks(outputs) {
            let sums = self.at.taught.iter_mut().zip(row);
            sums.for_each(|(sum, &target)| *sum += f64::from(target));
        }
        Ok(())
    }

    /// Writes a history point and validates, where either is due.
    fn record(&mut self, clock: Clock, epoch_ends: bool, per_epoch: u64) -> Result<()> {
        let last = self.at.step == clock.steps;
        let epochs = clock.steps.div_ceil(per_epoch);
        let validates = !self.job.validation.is_empty()
            && (last
                || epoch_ends
                    && (u64::from(clock.epoch) + 1).is_multiple_of(epochs.div_ceil(POINTS)));
        if !(last || validates || self.at.step.is_multiple_of(clock.steps.div_ceil(POINTS))) {
            return Ok(());
        }
        // Every tenth of the run: at the first point that comes after it.
        let tenth = |step: u64| step * CLEAN_POINTS / clock.steps;
        let before = self.at.history.last().map_or(0, |p| p.step);
        let clean = last || tenth(self.at.step) > tenth(before);
        let window = std::mem::take(&mut self.at.window);
        let validation = validates.then(|| self.validate()).transpose()?;
        self.at.history.push(Point {
            epoch: clock.epoch,
            step: self.at.step,
            train_loss: window.loss / window.rows,
            mixed_accuracy: window.hits.map(|hits| hits / window.rows),
            mixed: window.mixed as f64 / window.passes as f64,
            clean_loss: clean.then(|| self.clean_loss()).transpose()?,
            rate: self.job.settings.rate * self.job.settings.curve.value(clock),
            validation,
        });
        Ok(())
    }

    /// Scores the validation rows and keeps the weights if their log loss (for numbers, their RMSE) is the lowest so far.
    fn validate(&mut self) -> Result<Scores> {
        let job = self.job;
        let scores = evaluate::scores(job.model, job.source, job.labels, job.validation)?;
        let metric = match job.labels.kind() {
            TargetKind::Regression => Metric::Rmse,
            TargetKind::SingleLabel | TargetKind::MultiLabel | TargetKind::Tags => Metric::LogLoss,
        };
        let loss = scores.get(metric).unwrap_or(f64::INFINITY);
        if self.at.best.is_none_or(|(_, best)| loss < best) {
            self.at.best = Some((self.at.step, loss));
            self.at.since_best = 0;
            self.best = Some(job.weights.tensors()?);
        } else {
            self.at.since_best += 1;
        }
        Ok(scores)
    }

    fn clean_loss(&self) -> Result<f64> {
        let logits = self
            .job
            .model
            .forward(&self.job.source.batch(&self.clean)?, &mut ())?;
        let targets = self.job.labels.batch(&self.clean, self.job.device)?;
        let kind = self.job.labels.kind();
        let loss = loss_of(self.loss, kind, (&logits.detach(), &targets), None)?;
        Ok(loss.to_dtype(DType::F64)?.to_scalar::<f64>()?)
    }

    fn out_of_patience(&self) -> bool {
        self.job
            .settings
            .patience
            .is_some_and(|patience| self.at.since_best >= patience)
    }

    fn save(&self, checkpoint: Option<&mut Checkpoint>) -> Result<()> {
        match checkpoint {
            None => Ok(()),
            Some(c) => c.save(
                &self.at,
                self.job.weights,
                &self.optimiser,
                self.best.as_ref(),
            ),
        }
    }

    fn take_up(&mut self, checkpoint: Option<&Checkpoint>) -> Result<Option<u64>> {
        let Some(saved) = checkpoint.map(Checkpoint::load).transpose()?.flatten() else {
            return Ok(None);
        };
        self.job.weights.load(&saved.weights)?;
        self.optimiser.load_state(&saved.optimiser)?;
        self.best = saved.best;
        self.at = saved.progress;
        Ok(Some(self.at.step))
    }

    /// Sets the best weights, where validation chose some, and sums the run up.
    fn finish(mut self, resumed: Option<u64>, (waited, idle): (f64, f64)) -> Result<Outcome> {
        if let Some(best) = self.best.take() {
            self.job
                .weights
                .load(&Pretrained::from_map("best", best)?)?;
        }
        Ok(Outcome {
            history: self.at.history,
            steps: self.at.step,
            best_step: self.at.best.map(|(step, _)| step),
            skipped: self.at.skipped,
            unspanned: self.at.unspanned,
            readings: self.at.readings,
            silent: self.at.silent,
            taught: shares(&self.at.taught),
            resumed,
            waited,
            idle,
        })
    }
}

/// Each number's share of the sum.
fn shares(sums: &[f64]) -> Vec<f64> {
    let all: f64 = sums.iter().sum();
    sums.iter().map(|sum| sum / all).collect()
}
