//! The scheduler: a pure function from (seed, clock, batch) to a plan.
//!
//! Each kind of draw has a key of its own, and the counter is the step. A plan therefore depends on nothing that was
//! drawn before it, and a step that is not mixed draws nothing that another could miss.

use std::collections::HashMap;

use super::clock::Clock;
use super::label::LabelRule;
use super::pairing::{Pairing, Partner, class_of};
use super::settings::{Grain, Mode, Schedule};
use super::task::{Rows, Task};
use crate::error::{Error, Result};
use crate::pairs::Pairs;
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
    class_counts: Vec<f64>,
    training_rows: usize,
    steps: u64,
    seed: u64,
}

impl Scheduler {
    pub(super) fn new(schedule: Schedule, sites: Vec<Site>, task: &Task) -> Self {
        Self {
            seed: schedule.seed.unwrap_or(task.seed),
            schedule,
            sites,
            class_counts: task.class_counts.clone(),
            training_rows: task.rows,
            steps: task.steps,
        }
    }

    /// The plan of one batch; `None` is a plain step.
    ///
    /// A step is plain if the draw or α says so, if no row would change, and, in replace mode, if the batch has fewer
    /// than two rows. A partner that is in the batch is named by its (first) place there; others are listed in
    /// [`MixPlan::loaded`], each once, in the order in which they are first needed.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the classes or neighbours that the schedule needs are missing, [`Error::Shape`] if they
    /// do not cover a row, [`Error::Setting`] if a row has fewer neighbours than asked for.
    pub fn plan(&self, clock: Clock, rows: Rows<'_>) -> Result<Option<MixPlan>> {
        let n = rows.batch.len();
        if n == 0 || (n == 1 && self.schedule.mode == Mode::Replace) {
            return Ok(None);
        }
        let (Some(applied), Some(weights)) = (self.applied(clock, n), self.weights(clock, n))
        else {
            return Ok(None);
        };
        let (mixed, loaded) = self.pairs(clock, rows, &applied, weights)?;
        if mixed.is_plain() {
            return Ok(None);
        }
        Ok(Some(MixPlan {
            site: self.site(clock),
            pairs: match self.schedule.mode {
                Mode::Replace => mixed,
                Mode::AddTo => Pairs::identity(n).join(&mixed),
            },
            blend: self.schedule.blend.clone(),
            loaded,
        }))
    }

    /// Label smoothing, in [0, 1), of every step.
    pub fn smoothing(&self) -> f64 {
        self.schedule.smoothing
    }

    /// The probability that a batch (or row) is mixed.
    pub fn probability(&self, clock: Clock) -> f64 {
        self.schedule.probability.value(clock)
    }

    /// α, the smaller shape of a Beta law; `None` for other laws.
    pub fn alpha(&self, clock: Clock) -> Option<f64> {
        self.schedule.weight.alpha(clock)
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
        let applied: Vec<bool> = match self.schedule.apply {
            Grain::Batch => vec![stream.unit() < p; n],
            Grain::Row => (0..n).map(|_| stream.unit() < p).collect(),
        };
        applied.contains(&true).then_some(applied)
    }

    /// λ of n rows; `None` where α is 0.
    pub(super) fn weights(&self, clock: Clock, n: usize) -> Option<Vec<f64>> {
        let sampler = self.schedule.weight.sampler(clock)?;
        let mut stream = self.stream(Purpose::Weight, clock);
        let mut draw = || match sampler.draw(&mut stream) {
            weight if self.schedule.fold => weight.max(1.0 - weight),
            weight => weight,
        };
        Some(match self.schedule.grain {
            Grain::Batch => vec![draw(); n],
            Grain::Row => (0..n).map(|_| draw()).collect(),
        })
    }

    /// The step's site, uniform among the sites.
    pub(super) fn site(&self, clock: Clock) -> Site {
        self.sites[self.stream(Purpose::Site, clock).below(self.sites.len())]
    }

    fn stream(&self, purpose: Purpose, clock: Clock) -> Stream {
        Stream::new(self.seed, purpose, clock.step)
    }

    /// The mixed rows' pairs, and the training rows to load for them.
    fn pairs(
        &self,
        clock: Clock,
        rows: Rows<'_>,
        applied: &[bool],
        mut weight: Vec<f64>,
    ) -> Result<(Pairs, Vec<u32>)> {
        let mut stream = self.stream(Purpose::Partner, clock);
        let chosen = self
            .schedule
            .partner
            .partners(rows, self.training_rows, &mut stream)?;
        let n = rows.batch.len();
        let mut places = Places::of(rows.batch);
        let mut partner = Vec::with_capacity(n);
        let mut label_weight = Vec::with_capacity(n);
        for r in 0..n {
            if !applied[r] || self.stays_plain(r, n) {
                weight[r] = 1.0;
                partner.push(r as u32);
                label_weight.push(1.0);
                continue;
            }
            let row = match chosen[r] {
                Partner::Place(place) => rows.batch[place as usize],
                Partner::Row(row) => row,
            };
            partner.push(match chosen[r] {
                Partner::Place(place) => place,
                Partner::Row(row) => places.of_row(row),
            });
            label_weight.push(self.label_weight(weight[r], rows, rows.batch[r], row)?);
        }
        let pairs = Pairs::new((0..n as u32).collect(), partner, weight, label_weight)?;
        Ok((pairs, places.loaded))
    }

    /// Whether the pairing leaves this row out: the odd one of halves and mirrors.
    fn stays_plain(&self, r: usize, n: usize) -> bool {
        match self.schedule.partner {
            Pairing::Halves => n % 2 == 1 && r == n - 1,
            Pairing::Flip => n % 2 == 1 && r == n / 2,
            _ => false,
        }
    }

    fn label_weight(&self, weight: f64, rows: Rows<'_>, own: u32, partner: u32) -> Result<f64> {
        let rule = self.schedule.label;
        match rule {
            LabelRule::Same | LabelRule::Own => Ok(rule.weight(weight, 0.0, 0.0)),
            _ => Ok(rule.weight(
                weight,
                self.count_of(class_of(rows, own)?)?,
                self.count_of(class_of(rows, partner)?)?,
            )),
        }
    }

    fn count_of(&self, class: u32) -> Result<f64> {
        let count = self.class_counts.get(class as usize).copied();
        count.ok_or_else(|| Error::Shape {
            what: "class counts".into(),
            expected: format!("a count for class {class}"),
            got: format!("{} counts", self.class_counts.len()),
        })
    }
}

/// Places of training rows in the batch, or behind it among the loaded ones.
struct Places {
    batch: usize,
    place: HashMap<u32, u32>,
    loaded: Vec<u32>,
}

impl Places {
    fn of(batch: &[u32]) -> Self {
        // Backwards, so that the first place of a repeated row is the one that stays.
        let places = batch.iter().enumerate().rev();
        Self {
            batch: batch.len(),
            place: places.map(|(place, &row)| (row, place as u32)).collect(),
            loaded: Vec::new(),
        }
    }

    fn of_row(&mut self, row: u32) -> u32 {
        let next = (self.batch + self.loaded.len()) as u32;
        let loaded = &mut self.loaded;
        *self.place.entry(row).or_insert_with(|| {
            loaded.push(row);
            next
        })
    }
}
