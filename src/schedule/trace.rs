//! A schedule unrolled over a run: what will be drawn at each step.

use serde::Serialize;

use super::clock::Clock;
use super::scheduler::Scheduler;
use super::settings::Grain;
use crate::plan::Site;

/// What one step draws, whatever rows its batch will hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TracePoint {
    /// The step, from 0.
    pub step: u64,
    /// The epoch, from 0.
    pub epoch: u32,
    /// The probability that a batch (or row) is mixed.
    pub probability: f64,
    /// α; absent for laws without one.
    pub alpha: Option<f64>,
    /// The share of the batch's rows that the draw mixes, in [0, 1]; 0 is a plain step.
    pub mixed: f64,
    /// The site of a mixed step.
    pub site: Option<Site>,
    /// The mean λ of the mixed rows, as drawn.
    pub weight: Option<f64>,
}

/// How often a site is drawn, as shares of all steps of the run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SiteShare {
    /// The site.
    pub site: Site,
    /// The share that the probabilities say.
    pub expected: f64,
    /// The share that the seed gives.
    pub realised: f64,
}

impl Scheduler {
    /// Every step of the run, for batches of `batch` rows.
    ///
    /// Batches that are smaller than that, partners that happen to be the row itself, and how many rows balancing adds
    /// are not foreseen.
    ///
    /// # Panics
    /// If `steps_per_epoch` is 0.
    pub fn trace(&self, steps_per_epoch: u64, batch: usize) -> Vec<TracePoint> {
        (0..self.steps())
            .map(|step| self.trace_step(Clock::at(step, self.steps(), steps_per_epoch), batch))
            .collect()
    }

    /// The shares of the sites over a trace made with batches of `batch` rows, in forward order.
    pub fn site_shares(&self, trace: &[TracePoint], batch: usize) -> Vec<SiteShare> {
        let steps = trace.len().max(1) as f64;
        let mixing = trace.iter().map(|point| match self.schedule().apply {
            _ if point.alpha == Some(0.0) => 0.0,
            Grain::Batch => point.probability,
            Grain::Pair => 1.0 - (1.0 - point.probability).powi(batch.div_ceil(2) as i32),
            Grain::Row => 1.0 - (1.0 - point.probability).powi(batch as i32),
        });
        let expected = mixing.sum::<f64>() / steps / self.sites().len().max(1) as f64;
        let drawn = |site| trace.iter().filter(|p| p.site == Some(site)).count();
        let share = |&site| SiteShare {
            site,
            expected,
            realised: drawn(site) as f64 / steps,
        };
        self.sites().iter().map(share).collect()
    }

    fn trace_step(&self, clock: Clock, batch: usize) -> TracePoint {
        let drawn = self.applied(clock, batch).zip(self.weights(clock, batch));
        let mixed: Option<Vec<f64>> = drawn.map(|(applied, weights)| {
            let both = applied.into_iter().zip(weights);
            both.filter_map(|(on, weight)| on.then_some(weight))
                .collect()
        });
        let count = mixed.as_ref().map_or(0, Vec::len) as f64;
        TracePoint {
            step: clock.step,
            epoch: clock.epoch,
            probability: self.probability(clock),
            alpha: self.alpha(clock),
            mixed: count / batch.max(1) as f64,
            site: mixed.as_ref().map(|_| self.site(clock)),
            weight: mixed.map(|weights| weights.iter().sum::<f64>() / count),
        }
    }
}
