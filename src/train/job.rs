//! What a run is given, what it tells while it goes on, and what it leaves.

use candle_core::Device;

use super::history::Point;
use super::labels::Labels;
use super::plans::{PlanHeader, Plans};
use super::settings::TrainSettings;
use crate::error::Result;
use crate::nn::{Parameter, Weights};
use crate::plan::{MixPlan, Site};
use crate::schedule::{Clock, Scheduler};
use crate::source::Readings;

/// Everything one run needs.
#[derive(Debug)]
pub struct Job<'a, M, S> {
    /// The model; it reads `weights`.
    pub model: &'a M,
    /// The model's weights.
    pub weights: &'a Weights,
    /// Those to train, with their learning-rate factors.
    pub parameters: Vec<Parameter>,
    /// The rows' inputs.
    pub source: &'a S,
    /// The rows' targets.
    pub labels: &'a Labels,
    /// Training rows.
    pub train: &'a [u32],
    /// Validation rows; empty means that the last step's weights are kept.
    pub validation: &'a [u32],
    /// When and how rows are mixed.
    pub scheduler: &'a Scheduler,
    /// The nearest training rows of every training row, by place, where the schedule mixes with neighbours (see
    /// [`neighbours`](super::neighbours()) and [`class_neighbours`](super::class_neighbours())).
    pub neighbours: Option<&'a [Vec<u32>]>,
    /// Saved plans to be carried out in place of those that the schedule would draw.
    pub replay: Option<&'a Plans>,
    /// The settings.
    pub settings: &'a TrainSettings,
    /// Where the model lives.
    pub device: &'a Device,
}

impl<M, S> Job<'_, M, S> {
    /// What the run's plans are saved under.
    pub fn plan_header(&self) -> PlanHeader {
        PlanHeader::new(self.scheduler.schedule(), self.settings, self.train.len())
    }
}

/// What a watcher hears after every optimiser step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepEvent {
    /// The step just done, from 0.
    pub clock: Clock,
    /// Its training loss.
    pub loss: f64,
    /// Where it mixed, if it did.
    pub mixed: Option<Site>,
    /// Rows it saw.
    pub rows: usize,
}

/// Follows a run and may stop it.
pub trait Watcher {
    /// After every optimiser step.
    fn step(&mut self, _event: &StepEvent) {}

    /// The plan of every pass before it is carried out, by the schedule's step; `None` for a plain pass.
    ///
    /// # Errors
    /// Whatever the watcher's own work reports; it ends the run.
    fn plan(&mut self, _step: u64, _plan: Option<&MixPlan>) -> Result<()> {
        Ok(())
    }

    /// Before a checkpoint is written.
    ///
    /// # Errors
    /// As of [`plan`](Self::plan).
    fn saving(&mut self) -> Result<()> {
        Ok(())
    }

    /// Whether the run shall write a checkpoint and stop.
    fn stop(&self) -> bool {
        false
    }
}

impl Watcher for () {}

/// What a run leaves behind besides the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The history.
    pub history: Vec<Point>,
    /// Optimiser steps done.
    pub steps: u64,
    /// The step whose weights were kept, where validation chose.
    pub best_step: Option<u64>,
    /// Batches that were to be mixed but held a single row.
    pub skipped: u64,
    /// Rows that were to take a span from their partner, where one of the two texts was too short.
    pub unspanned: u64,
    /// What became of the texts that were to be changed when they were read.
    pub readings: Readings,
    /// Weights whose gradient was all zero at the first step: reported, not refused.
    pub silent: Vec<String>,
    /// Each class's share of the targets that were trained on, mixed as they were; empty for numbers.
    pub taught: Vec<f64>,
    /// The step at which a checkpoint was taken up.
    pub resumed: Option<u64>,
    /// The share of the run's time, in [0, 1], in which it waited for a batch.
    pub waited: f64,
    /// The share in which the thread that makes batches had nothing to do.
    pub idle: f64,
}
