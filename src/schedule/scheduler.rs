//! The scheduler: a pure function from (seed, clock, batch) to a plan.
//!
//! Each kind of draw has a key of its own, and the counter is the step. A plan therefore depends on nothing that was
//! drawn before it, and a step that is not mixed draws nothing that another could miss.

use super::choice::{Candidate, pick};
use super::clock::Clock;
use super::features::Features;
use super::kernel::KernelIndex;
use super::pairing::Pairing;
use super::settings::{Grain, Mode, Schedule};
use super::smoothing::ClassSmoothing;
use super::task::{Rows, Task};
use crate::error::Result;
use crate::plan::{MixPlan, Site};
use crate::random::{Purpose, Stream};

/// A checked schedule, made by [`Schedule::check`].
///
/// ```
/// use candle_mixup::Site;
/// use candle_mixup::schedule::{Clock, Domain, Rows, Schedule, Task, TaskKind};
///
/// let task = Task {
///     domain: Domain::Text,
///     kind: TaskKind::SingleLabel,
///     class_counts: vec![4.0, 4.0],
///     rows: 8,
///     steps: 10,
///     epochs: 5,
///     seed: 42,
///     features: None,
///     image: None,
/// };
/// let sites = [Site::Embedding, Site::Hidden(1), Site::Pooled];
/// let scheduler = Schedule::preset("mixup")?.check(&sites, &task)?;
/// let plan = scheduler.plan(Clock::at(0, 10, 2), Rows::new(&[5, 0, 3, 1]))?.expect("mixup mixes every step");
/// assert_eq!((plan.site, plan.pairs.len()), (Site::Embedding, 4));
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scheduler {
    schedule: Schedule,
    sites: Vec<Site>,
    blends: Vec<Candidate>,
    class_smoothing: Option<ClassSmoothing>,
    pub(super) features: Option<Features>,
    pub(super) class_counts: Vec<f64>,
    pub(super) training_rows: usize,
    steps: u64,
    seed: u64,
}

impl Scheduler {
    pub(super) fn new(
        schedule: Schedule,
        sites: Vec<Site>,
        blends: Vec<Candidate>,
        class_smoothing: Option<ClassSmoothing>,
        task: &Task,
    ) -> Self {
        Self {
            seed: schedule.seed.unwrap_or(task.seed),
            schedule,
            sites,
            blends,
            class_smoothing,
            features: task.features.clone(),
            class_counts: task.class_counts.clone(),
            training_rows: task.rows,
            steps: task.steps,
        }
    }

    /// The plan of one batch; `None` is a plain step.
    ///
    /// A step is plain if the draw or α says so, if no row would change or be added, and if the batch has one row that
    /// nothing could change. A row that is in the batch is named by its (first) place there; others
    /// are listed in [`MixPlan::loaded`], each once, in the order in which they are first needed; under the pairing
    /// `reordered` the batch's own rows are loaded once more.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) if what the schedule needs of the training rows (classes,
    /// neighbours, targets, points, tokens, words) is missing, [`Error::Shape`](crate::Error::Shape) if it does not cover a row,
    /// [`Error::Setting`](crate::Error::Setting) if a row has fewer neighbours than asked for.
    pub fn plan(&self, clock: Clock, rows: Rows<'_>) -> Result<Option<MixPlan>> {
        let n = rows.batch.len();
        if n == 0 || n == 1 && !self.schedule.mixes_alone() {
            return Ok(None);
        }
        match self.schedule.mode {
            Mode::Balance => self.plan_of(clock, rows, &self.added(clock, rows)?),
            _ => self.plan_of(clock, rows, rows.batch),
        }
    }

    /// Label smoothing, in [0, 1), of every step.
    pub fn smoothing(&self) -> f64 {
        self.schedule.smoothing
    }

    /// Label smoothing by class, of every step; `None` where the schedule asks for none.
    pub fn class_smoothing(&self) -> Option<&ClassSmoothing> {
        self.class_smoothing.as_ref()
    }

    /// The index of the training targets `[rows, outputs]` that the pairing draws from; `None` where it needs none.
    ///
    /// Targets are in their own units, as is the bandwidth.
    ///
    /// # Errors
    /// Those of [`KernelIndex::new`].
    pub fn kernel_index(&self, targets: &[f32], outputs: usize) -> Result<Option<KernelIndex>> {
        let Pairing::Kernel { bandwidth, .. } = self.schedule.partner else {
            return Ok(None);
        };
        KernelIndex::new(targets, outputs, bandwidth.of(targets, outputs)?).map(Some)
    }

    /// Whether plans draw training rows by their class, for which a [`ClassIndex`](super::ClassIndex) saves time.
    pub fn draws_by_class(&self) -> bool {
        self.schedule.mode == Mode::Balance
            || matches!(self.schedule.partner, Pairing::ClassBalanced)
    }

    /// The probability that a batch (or row) is mixed.
    pub fn probability(&self, clock: Clock) -> f64 {
        self.schedule.probability.value(clock)
    }

    /// α, the smaller shape of the Beta law of the moment's blend; `None` for other laws.
    pub fn alpha(&self, clock: Clock) -> Option<f64> {
        self.blend(clock).weight.alpha(clock)
    }

    /// The model's sites among which a step's site is drawn, in forward order; none where mixing is off.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The schedule that was checked.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Steps of the run.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// Which of n rows are mixed; `None` if none is.
    pub(super) fn applied(&self, clock: Clock, n: usize) -> Option<Vec<bool>> {
        let p = self.probability(clock);
        let mut stream = self.stream(Purpose::Apply, clock);
        let leaders = self.leaders(self.schedule.apply, n);
        let applied = shared(&leaders, || stream.unit() < p);
        applied.contains(&true).then_some(applied)
    }

    /// λ of n rows; `None` where α is 0.
    pub(super) fn weights(&self, clock: Clock, n: usize) -> Option<Vec<f64>> {
        let sampler = self.blend(clock).weight.sampler(clock)?;
        let mut stream = self.stream(Purpose::Weight, clock);
        let leaders = self.leaders(self.schedule.grain, n);
        Some(shared(&leaders, || match sampler.draw(&mut stream) {
            weight if self.schedule.fold => weight.max(1.0 - weight),
            weight => weight,
        }))
    }

    /// The step's blend.
    pub(super) fn blend(&self, clock: Clock) -> &Candidate {
        match self.blends.as_slice() {
            [one] => one,
            several => pick(several, self.stream(Purpose::Blend, clock).unit()),
        }
    }

    /// For each of n rows the first row with which it shares a draw.
    pub(super) fn leaders(&self, grain: Grain, n: usize) -> Vec<usize> {
        let mate = |r: usize| match self.schedule.partner {
            Pairing::Flip => n - 1 - r,
            Pairing::Halves if r < n / 2 * 2 => (r + n / 2) % (n / 2 * 2),
            _ => r,
        };
        let leader = |r: usize| match grain {
            Grain::Batch => 0,
            Grain::Pair => r.min(mate(r)),
            Grain::Row => r,
        };
        (0..n).map(leader).collect()
    }

    /// The step's site, uniform among the sites.
    pub(super) fn site(&self, clock: Clock) -> Site {
        self.sites[self.stream(Purpose::Site, clock).below(self.sites.len())]
    }

    pub(super) fn stream(&self, purpose: Purpose, clock: Clock) -> Stream {
        Stream::new(self.seed, purpose, clock.step)
    }

    /// A stream of its own within the purpose; key 0 is that of [`stream`](Self::stream).
    pub(super) fn keyed(&self, purpose: Purpose, key: u64, clock: Clock) -> Stream {
        Stream::keyed(self.seed, purpose, key, clock.step)
    }
}

/// A draw for each leader, and the leader's for those that follow it.
fn shared<T: Copy>(leaders: &[usize], mut draw: impl FnMut() -> T) -> Vec<T> {
    let mut drawn = Vec::with_capacity(leaders.len());
    for (r, &leader) in leaders.iter().enumerate() {
        let own = (leader == r).then(&mut draw);
        drawn.push(own.unwrap_or_else(|| drawn[leader]));
    }
    drawn
}
