//! The training loop.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::evaluate;
use super::history::{Point, Window};
use super::job::{Job, Outcome, StepEvent, Watcher};
use super::labels::TargetKind;
use super::measure::{class_weights, hits};
use super::order;
use super::prepared::Prepared;
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::metrics::{Metric, Scores};
use crate::nn::{self, AdamW, AdamWSettings, Gradients, Pretrained};
use crate::plan::{MixPlan, Site};
use crate::random::{Purpose, Stream};
use crate::schedule::Clock;
use crate::source::RowSource;
use crate::tap::{DropoutKeys, MixTap, Tapped};
use crate::targets::{mix_targets, smooth, smooth_by_class};

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
    mut checkpoint: Option<&mut Checkpoint>,
) -> Result<Outcome>
where
    M: Tapped,
    S: RowSource<Input = M::Input>,
{
    job.settings.check()?;
    let mut run = Run::new(&job)?;
    let resumed = run.take_up(checkpoint.as_deref())?;
    let per_epoch = job.settings.steps_per_epoch(job.train.len());
    let steps = job.settings.steps(job.train.len());
    let mut batches = (u32::MAX, Vec::new());
    while run.at.step < steps && !run.out_of_patience() {
        if watcher.stop() {
            run.save(checkpoint.as_deref_mut())?;
            return Err(Error::Interrupted);
        }
        let clock = Clock::at(run.at.step, steps, per_epoch);
        if batches.0 != clock.epoch {
            let size = |place: u32| job.source.size(job.train[place as usize]);
            let places: Vec<u32> = (0..job.train.len() as u32).collect();
            batches = (
                clock.epoch,
                order::batches(
                    job.settings.seed,
                    clock.epoch,
                    &places,
                    job.settings.batch,
                    size,
                ),
            );
        }
        let first = (clock.step % per_epoch) as usize * job.settings.accumulate;
        let group = batches.1.iter().skip(first).take(job.settings.accumulate);
        let event = run.step(clock, &group.map(Vec::as_slice).collect::<Vec<_>>())?;
        let epoch_ends = (clock.step + 1).is_multiple_of(per_epoch);
        run.record(clock, epoch_ends, per_epoch)?;
        if let Some(checkpoint) = checkpoint.as_deref_mut().filter(|c| c.is_due(epoch_ends)) {
            run.save(Some(checkpoint))?;
        }
        watcher.step(&event);
    }
    run.finish(resumed)
}

/// A run in progress.
struct Run<'a, M, S> {
    job: &'a Job<'a, M, S>,
    loss: Loss,
    class_weights: Option<Vec<f32>>,
    prepared: Prepared,
    clean: Vec<u32>,
    optimiser: AdamW,
    best: Option<BTreeMap<String, Tensor>>,
    at: Progress,
}

/// What one forward pass contributed.
struct Pass {
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
    fn new(job: &'a Job<'a, M, S>) -> Result<Self> {
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
            loss: job.labels.kind().loss(),
            class_weights: class_weights(job),
            prepared: Prepared::of(job)?,
            clean,
            optimiser: AdamW::new(job.parameters.clone(), settings)?,
            best: None,
            at: Progress::default(),
        })
    }

    /// One optimiser step over the microbatches of `group` (places among the training rows), each mixed on its own.
    fn step(&mut self, clock: Clock, group: &[&[u32]]) -> Result<StepEvent> {
        let total: usize = group.iter().map(|b| b.len()).sum();
        let mut sum: Option<Gradients> = None;
        let (mut loss, mut mixed) = (0.0, None);
        for (micro, places) in group.iter().enumerate() {
            let share = places.len() as f64 / total as f64;
            let pass = self.pass(self.micro_clock(clock, micro), places, share)?;
            self.at
                .window
                .add(pass.loss, pass.hits, places.len(), pass.mixed.is_some());
            loss += pass.loss * share;
            mixed = mixed.or(pass.mixed);
            match &mut sum {
                None => sum = Some(pass.gradients),
                Some(sum) => sum.add(&pass.gradients)?,
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
            rows: total,
        })
    }

    /// The schedule's clock counts forward passes.
    fn micro_clock(&self, clock: Clock, micro: usize) -> Clock {
        let n = self.job.settings.accumulate as u64;
        Clock {
            step: clock.step * n + micro as u64,
            steps: clock.steps * n,
            ..clock
        }
    }

    /// Forward and backward of one batch; its loss counts `share` in the step.
    fn pass(&mut self, clock: Clock, places: &[u32], share: f64) -> Result<Pass> {
        let job = self.job;
        let plan = self.plan(clock, places)?;
        let loaded = plan.iter().flat_map(|plan| &plan.loaded);
        let incoming: Vec<u32> = places
            .iter()
            .chain(loaded)
            .map(|&place| job.train[place as usize])
            .collect();
        let mut tap =
            MixTap::new(plan.as_ref()).training(DropoutKeys::new(job.settings.seed, clock.step));
        let logits = job.model.forward(&job.source.batch(&incoming)?, &mut tap)?;
        tap.finish(&job.model.sites())?;
        let own = job.labels.batch(&incoming, job.device)?;
        let mixed = plan
            .as_ref()
            .map_or(Ok(own.clone()), |plan| mix_targets(&own, &plan.pairs))?;
        self.note_taught(&mixed)?;
        let targets = self.smoothed(&mixed)?;
        let loss = self
            .loss
            .of(&logits, &targets, self.class_weights.as_deref())?;
        let value = loss.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        if !value.is_finite() {
            return Err(Error::NotFinite {
                what: "the training loss".into(),
                step: clock.step,
            });
        }
        let gradients = nn::backward(&(loss * share)?, &job.parameters)?;
        let hits = hits(&logits, &mixed, job.labels.kind())?.map(|h| h * places.len() as f64);
        Ok(Pass {
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
        self.at.taught.resize(mixed.dim(1)?, 0.0);
        for row in mixed.to_dtype(DType::F32)?.to_vec2::<f32>()? {
            let sums = self.at.taught.iter_mut().zip(row);
            sums.for_each(|(sum, target)| *sum += f64::from(target));
        }
        Ok(())
    }

    /// Targets with the schedule's smoothing, which is linear and so may come after mixing.
    fn smoothed(&self, mixed: &Tensor) -> Result<Tensor> {
        let scheduler = self.job.scheduler;
        if let Some(smoothing) = scheduler.class_smoothing() {
            return smooth_by_class(mixed, smoothing.epsilon());
        }
        match (scheduler.smoothing(), self.job.labels.kind()) {
            (s, TargetKind::SingleLabel) if s > 0.0 => smooth(mixed, s),
            (s, TargetKind::MultiLabel) if s > 0.0 => Ok(mixed.affine(1.0 - s, s / 2.0)?),
            _ => Ok(mixed.clone()),
        }
    }

    /// The schedule knows the training rows by their places, so that no partner can come from anywhere else.
    fn plan(&mut self, clock: Clock, places: &[u32]) -> Result<Option<MixPlan>> {
        let batch = self.prepared.rows(places, self.job.neighbours);
        let plan = self.job.scheduler.plan(clock, batch)?;
        if plan.is_none() && places.len() == 1 && self.job.scheduler.probability(clock) > 0.0 {
            self.at.skipped += 1;
        }
        Ok(plan)
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
            TargetKind::SingleLabel | TargetKind::MultiLabel => Metric::LogLoss,
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
        let loss = self.loss.of(&logits.detach(), &targets, None)?;
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
    fn finish(mut self, resumed: Option<u64>) -> Result<Outcome> {
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
            silent: self.at.silent,
            taught: shares(&self.at.taught),
            resumed,
        })
    }
}

/// Each number's share of the sum.
fn shares(sums: &[f64]) -> Vec<f64> {
    let all: f64 = sums.iter().sum();
    sums.iter().map(|sum| sum / all).collect()
}
