//! What the steps of a run read, made ahead of them on a thread of its own.
//!
//! A plan and a batch are functions of (seed, clock, rows) alone, so they can be made before the step before them is
//! done, and are the same whoever makes them and when.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::job::Job;
use super::labels::Labels;
use super::order;
use super::plans::Plans;
use super::prepared::Prepared;
use super::saliency::settle;
use super::settings::TrainSettings;
use crate::error::{Error, Result};
use crate::plan::{Blend, MixPlan};
use crate::schedule::{Clock, Scheduler};
use crate::source::{Asked, Fed, RowSource};
use crate::tap::Tapped;

/// Steps that are made ahead at most, besides the one in the making.
const AHEAD: usize = 1;

/// What one optimiser step reads.
pub(super) struct Step<I> {
    pub clock: Clock,
    /// Rows of all passes, as the clock counts them.
    pub rows: usize,
    pub passes: Vec<Pass<I>>,
}

/// What one forward pass of a run reads.
#[derive(Debug)]
pub struct Pass<I> {
    /// The schedule's clock, which counts passes.
    pub clock: Clock,
    /// Rows of the batch itself.
    pub rows: usize,
    /// The batch's own rows, by their places among the training rows.
    pub places: Vec<u32>,
    /// The incoming rows: the batch's own, and behind them those that the plan loads.
    pub incoming: Vec<u32>,
    /// How they are mixed; `None` for a plain pass.
    pub plan: Option<MixPlan>,
    /// Whether it was to be mixed but holds a lone row.
    pub skipped: bool,
    /// What the model reads; the plain batch as long as the model has not said where the plan's spans stand.
    pub fed: Fed<I>,
    /// The targets of the incoming rows, flat and unmixed.
    pub targets: Vec<f32>,
}

/// What the passes of step `step` of a run read: the very batches that [`train`](super::train()) takes, without training.
///
/// Spans by saliency stand where the model puts them as it is when asked.
///
/// # Errors
/// What the schedule, the model (where the schedule asks for points) and the source report.
pub fn passes<M, S>(job: &Job<'_, M, S>, step: u64) -> Result<Vec<Pass<S::Input>>>
where
    M: Tapped,
    S: RowSource<Input = M::Input>,
{
    let prepared = Prepared::of(job)?;
    let passes = Feeder::new(job, &prepared).step(step)?.passes;
    let settled = passes.into_iter().map(|p| settle(job, &prepared, p));
    settled.collect()
}

/// Makes the steps of one run.
pub(super) struct Feeder<'a, S> {
    source: &'a S,
    labels: &'a Labels,
    train: &'a [u32],
    scheduler: &'a Scheduler,
    neighbours: Option<&'a [Vec<u32>]>,
    replay: Option<&'a Plans>,
    settings: &'a TrainSettings,
    prepared: &'a Prepared,
    /// The batches of the epoch that was asked for last.
    batches: Option<(u32, Vec<Vec<u32>>)>,
}

impl<'a, S: RowSource> Feeder<'a, S> {
    pub fn new<M>(job: &Job<'a, M, S>, prepared: &'a Prepared) -> Self {
        Self {
            source: job.source,
            labels: job.labels,
            train: job.train,
            scheduler: job.scheduler,
            neighbours: job.neighbours,
            replay: job.replay,
            settings: job.settings,
            prepared,
            batches: None,
        }
    }

    /// What step number `step` reads.
    fn step(&mut self, step: u64) -> Result<Step<S::Input>> {
        let s = self.settings;
        let per_epoch = s.steps_per_epoch(self.train.len());
        let clock = Clock::at(step, s.steps(self.train.len()), per_epoch);
        let first = (clock.step % per_epoch) as usize * s.accumulate;
        let epoch = self.batches_of(clock.epoch);
        let group: Vec<Vec<u32>> = epoch
            .iter()
            .skip(first)
            .take(s.accumulate)
            .cloned()
            .collect();
        let passes = group.iter().enumerate().map(|(micro, places)| {
            let n = s.accumulate as u64;
            let clock = Clock {
                step: clock.step * n + micro as u64,
                steps: clock.steps * n,
                ..clock
            };
            self.pass(clock, places)
        });
        let passes = passes.collect::<Result<Vec<_>>>()?;
        if passes.is_empty() {
            return Err(Error::Data("a step without rows".into()));
        }
        Ok(Step {
            clock,
            rows: passes.iter().map(|pass| pass.rows).sum(),
            passes,
        })
    }

    /// The epoch's batches, of places among the training rows.
    fn batches_of(&mut self, epoch: u32) -> &[Vec<u32>] {
        let made = self.batches.take().filter(|(of, _)| *of == epoch);
        let make = || {
            let places: Vec<u32> = (0..self.train.len() as u32).collect();
            let size = |place: u32| self.source.size(self.train[place as usize]);
            let (seed, batch) = (self.settings.seed, self.settings.batch);
            (epoch, order::batches(seed, epoch, &places, batch, size))
        };
        let made = made.unwrap_or_else(make);
        &self.batches.insert(made).1
    }

    /// The schedule knows the training rows by their places, so that no partner can come from anywhere else.
    fn pass(&self, clock: Clock, places: &[u32]) -> Result<Pass<S::Input>> {
        let plan = match self.replay {
            Some(plans) => plans.at(clock.step, places.len())?,
            None => {
                let batch = self.prepared.rows(places, self.neighbours);
                self.scheduler.plan(clock, batch)?
            }
        };
        let loaded = plan.iter().flat_map(|plan| &plan.loaded);
        let incoming: Vec<u32> = places
            .iter()
            .chain(loaded)
            .map(|&place| self.train[place as usize])
            .collect();
        // Until the model has said where its spans stand the plan cannot be carried out.
        let settled =
            |plan: &MixPlan| self.replay.is_some() || !self.scheduler.asks_saliency(clock, plan);
        let fed = self.source.training(&Asked {
            rows: &incoming,
            seed: self.settings.seed,
            epoch: clock.epoch,
            plan: plan.as_ref().filter(|plan| settled(plan)),
        });
        let fed = fed.map_err(|e| match self.replay {
            Some(plans) => plans.at_step(clock.step, e),
            None => e,
        })?;
        let reordered = plan.as_ref().and_then(|plan| match &plan.blend {
            Blend::Reordered(reordered) => Some(reordered),
            _ => None,
        });
        if reordered.is_some() && !self.source.reorders() {
            let problem = "the rows' source cannot load them with their words in another order";
            return Err(Error::Conflict(problem.into()));
        }
        let targets = match reordered {
            Some(reordered) => self.labels.gather_reordered(&incoming, reordered)?,
            None => self.labels.gather(&incoming),
        };
        let lone = plan.is_none() && places.len() == 1;
        Ok(Pass {
            clock,
            rows: places.len(),
            places: places.to_vec(),
            skipped: lone && self.scheduler.probability(clock) > 0.0,
            targets,
            incoming,
            plan,
            fed,
        })
    }
}

/// The steps as they come, and how long was waited for them.
pub(super) struct Steps<I> {
    queue: Receiver<Result<Step<I>>>,
    waited: Duration,
}

impl<I> Steps<I> {
    /// The next step; `None` after the last.
    pub fn next(&mut self) -> Result<Option<Step<I>>> {
        let asked = Instant::now();
        let next = self.queue.recv().ok();
        self.waited += asked.elapsed();
        next.transpose()
    }

    pub fn waited(&self) -> Duration {
        self.waited
    }
}

/// Runs `train` on the steps numbered `steps`, which are made meanwhile; also how long their making took.
///
/// Parallel work of the source runs on as many threads as the caller's. A panic of the source is the caller's.
pub(super) fn feed<S, T>(
    mut feeder: Feeder<'_, S>,
    steps: Range<u64>,
    train: impl FnOnce(&mut Steps<S::Input>) -> Result<T>,
) -> Result<(T, Duration)>
where
    S: RowSource,
{
    let threads = rayon::current_num_threads();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let pool = pool.build().map_err(Error::Threads)?;
    thread::scope(|scope| {
        let (sender, queue) = sync_channel(AHEAD);
        let making = scope.spawn(move || pool.install(|| make(&mut feeder, steps, &sender)));
        let mut steps = Steps {
            queue,
            waited: Duration::ZERO,
        };
        let trained = train(&mut steps);
        drop(steps); // a thread that still makes steps learns by this that none is wanted
        match making.join() {
            Ok(busy) => Ok((trained?, busy)),
            Err(panic) => resume_unwind(panic),
        }
    })
}

/// Makes steps until one fails or none is wanted any more; how long the making took.
fn make<S: RowSource>(
    feeder: &mut Feeder<'_, S>,
    steps: Range<u64>,
    sender: &SyncSender<Result<Step<S::Input>>>,
) -> Duration {
    let mut busy = Duration::ZERO;
    for step in steps {
        let began = Instant::now();
        let made = feeder.step(step);
        busy += began.elapsed();
        let failed = made.is_err();
        if sender.send(made).is_err() || failed {
            break;
        }
    }
    busy
}
