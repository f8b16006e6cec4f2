//! A network on the rows of one run: built, trained by the arm's schedule, and asked.

use anyhow::Result;
use candle_core::Device;
use candle_mixup::linearity::Linearity;
use candle_mixup::nn::Weights;
use candle_mixup::schedule::{Domain, Features, Pairing, Schedule, Scheduler, Task};
use candle_mixup::table::{TableModel, TableModelSettings, TableSource};
use candle_mixup::train::{
    Checkpoint, ClassWeights, Job, Labels, Outcome, PlanHeader, Plans, TargetKind, TrainSettings,
    Watcher, class_neighbours, logits, neighbours, probabilities, train,
};
use candle_mixup::{Error, Tapped};

use super::prepare::Prepared;
use super::score::{Said, Truth, score};
use super::settings::Prior;
use super::shift::{Shift, moves_shares};
use super::task::{Kind, TableTask};
use crate::cli::linearity::brief;
use crate::cli::training;

/// A network with its weights.
pub struct Network<'a> {
    pub model: TableModel,
    pub weights: Weights,
    pub scheduler: Scheduler,
    pub task: &'a TableTask,
    pub prepared: &'a Prepared,
    pub device: &'a Device,
    prior: Prior,
}

/// What all networks of a command share.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Where tensors live.
    pub device: &'a Device,
    /// What becomes of probabilities.
    pub prior: Prior,
}

impl<'a> Network<'a> {
    /// A network with the initial weights of the run's seed, and the arm's schedule checked against it.
    pub fn new(
        task: &'a TableTask,
        prepared: &'a Prepared,
        model: &TableModelSettings,
        schedule: &Schedule,
        training: &TrainSettings,
        place: Place<'a>,
    ) -> Result<Self> {
        let Place { device, prior } = place;
        let weights = Weights::new(training.seed, device);
        let shape = prepared.encoder.shape();
        let model = TableModel::load(&weights, model, shape, task.outputs())?;
        let features = prepared.features(task, &model, schedule)?;
        training::check_partners(schedule, training.batch, prepared.train.len())?;
        let run = run_of(&prepared.labels, &prepared.train, Some(features), training);
        Ok(Self {
            scheduler: schedule.clone().check(&model.sites(), &run)?,
            model,
            weights,
            task,
            prepared,
            device,
            prior,
        })
    }

    /// Trains it.
    pub fn train(
        &self,
        training: &TrainSettings,
        validation: &[u32],
        replay: Option<&Plans>,
        watcher: &mut dyn Watcher,
        checkpoint: Option<&mut Checkpoint>,
    ) -> Result<Outcome> {
        let source = self.source();
        let neighbours = self.neighbours()?;
        let labels = self.labels(training)?;
        let job = Job {
            model: &self.model,
            weights: &self.weights,
            parameters: self.weights.parameters(),
            source: &source,
            labels: &labels,
            train: &self.prepared.train,
            validation,
            scheduler: &self.scheduler,
            neighbours: neighbours.as_deref(),
            replay,
            settings: training,
            device: self.device,
        };
        Ok(train(job, watcher, checkpoint)?)
    }

    /// What the plans of a run are saved under.
    pub fn plan_header(&self, training: &TrainSettings) -> PlanHeader {
        PlanHeader::new(
            self.scheduler.schedule(),
            training,
            self.prepared.train.len(),
        )
    }

    /// Targets whose validation scores are those of probabilities with the real shares.
    fn labels(&self, training: &TrainSettings) -> Result<Labels> {
        let labels = self.prepared.labels.clone();
        Ok(match (self.prior, self.shift_before(training)) {
            (Prior::Correct, Some(Shift { trained, real })) => labels.with_prior(trained, real)?,
            _ => labels,
        })
    }

    /// The training rows' neighbours, where the schedule mixes with them.
    fn neighbours(&self) -> Result<Option<Vec<Vec<u32>>>> {
        let (rows, source) = (&self.prepared.train, self.source());
        Ok(match self.scheduler.schedule().partner {
            Pairing::Nearest { k, .. } => Some(neighbours(&self.model, &source, rows, k)?),
            Pairing::ClassNearest { k } => {
                let classes = self.prepared.labels.classes_of(rows);
                let classes = classes.ok_or_else(|| {
                    Error::Conflict("partners of a row's own class need classes".into())
                })?;
                Some(class_neighbours(&self.model, &source, rows, &classes, k)?)
            }
            _ => None,
        })
    }

    /// The shares of the classes that the run is taught and the real ones, where they differ and before mixing.
    fn shift_before(&self, training: &TrainSettings) -> Option<Shift> {
        let counts = self.prepared.labels.counts(&self.prepared.train);
        self.shifted(&counts, training)
    }

    /// The same after a run; what mixing taught is known only then.
    pub fn shift(&self, training: &TrainSettings, outcome: &Outcome) -> Option<Shift> {
        match moves_shares(self.scheduler.schedule()) {
            true => self.shifted(&outcome.taught, training),
            false => self.shift_before(training),
        }
    }

    fn shifted(&self, taught: &[f64], training: &TrainSettings) -> Option<Shift> {
        if self.task.kind == Kind::Values {
            return None;
        }
        let counts = self.prepared.labels.counts(&self.prepared.train);
        let weighted = training.class_weights == ClassWeights::Balanced;
        Shift::new(taught, weighted.then_some(&counts), &self.prepared.real)
    }

    /// What it says of rows.
    pub fn say(&self, rows: &[u32]) -> Result<Said> {
        said(
            self.task.kind,
            &self.prepared.labels,
            &logits(&self.model, &self.source(), rows)?,
        )
    }

    /// How far it is from linear between `test` rows, and how well it fits its training rows.
    ///
    /// The fit is that of the real training rows, by what the network learnt, without a correction of class shares.
    pub fn linearity(&self, test: &[u32]) -> Result<Option<Linearity>> {
        let real = self.prepared.train.len() - self.prepared.synthetic;
        let rows = &self.prepared.train[..real];
        let truth = Truth::of(self.task, rows);
        let fitted = score(&truth, &self.say(rows)?, None, Prior::Keep)?;
        let fit = fitted
            .test
            .get(self.task.kind.main_metric(self.task.outputs()));
        let kind = self.prepared.labels.kind();
        brief(&self.model, &self.source(), kind, test, fit)
    }

    /// The rows as the network reads them.
    pub fn source(&self) -> TableSource<'_> {
        TableSource::new(&self.prepared.rows, self.device.clone())
    }
}

/// Probabilities, or numbers in their own units.
pub fn said(kind: Kind, labels: &Labels, logits: &[f32]) -> Result<Said> {
    Ok(match kind {
        Kind::Values => Said::Values(labels.in_units(logits)),
        Kind::Detection | Kind::Classes => {
            Said::Probabilities(probabilities(logits, labels.outputs(), labels.kind()))
        }
    })
}

/// The run that a schedule is checked against.
pub fn run_of(
    labels: &Labels,
    rows: &[u32],
    features: Option<Features>,
    training: &TrainSettings,
) -> Task {
    let (steps, per_epoch) = (
        training.steps(rows.len()),
        training.steps_per_epoch(rows.len()),
    );
    Task {
        domain: Domain::Table,
        kind: labels.kind().task(),
        class_counts: match labels.kind() {
            TargetKind::Regression => Vec::new(),
            _ => labels.counts(rows),
        },
        rows: rows.len(),
        steps: steps * training.accumulate as u64,
        epochs: steps.div_ceil(per_epoch) as u32,
        seed: training.seed,
        features,
        image: None,
    }
}
