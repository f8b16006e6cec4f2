//! A network on the rows of one run: built, trained by the arm's schedule, and asked.

use anyhow::Result;
use candle_core::{Device, Tensor};
use candle_mixup::nn::{Parameter, Weights};
use candle_mixup::oversample::{Rows, Settings};
use candle_mixup::schedule::{Domain, Features, Mode, Pairing, Schedule, Scheduler, Task};
use candle_mixup::split::Strata;
use candle_mixup::table::{TableModel, TableModelSettings, TableSource};
use candle_mixup::train::{
    Checkpoint, Job, Labels, Outcome, TargetKind, TrainSettings, Watcher, class_neighbours, logits,
    neighbours, probabilities, train,
};
use candle_mixup::{RecordTap, RowSource, Site, Tap, Tapped};

use super::prepare::{Prepared, Shift, in_words};
use super::score::Said;
use super::task::{Kind, TableTask};
use crate::cli::settings;

/// Rows of one forward pass.
const BATCH: usize = 256;

/// A network with its weights.
pub struct Network<'a> {
    pub model: TableModel,
    pub weights: Weights,
    pub scheduler: Scheduler,
    task: &'a TableTask,
    prepared: &'a Prepared,
    device: &'a Device,
}

impl<'a> Network<'a> {
    /// A network with the initial weights of the run's seed, and the arm's schedule checked against it.
    pub fn new(
        task: &'a TableTask,
        prepared: &'a Prepared,
        model: &TableModelSettings,
        schedule: &Schedule,
        training: &TrainSettings,
        device: &'a Device,
    ) -> Result<Self> {
        let weights = Weights::new(training.seed, device);
        let shape = prepared.encoder.shape();
        let model = TableModel::load(&weights, model, shape, task.outputs())?;
        let features = prepared.features(task, &model, schedule)?;
        settings::check_partners(schedule, training.batch, prepared.train.len())?;
        let run = run_of(&prepared.labels, &prepared.train, Some(features), training);
        Ok(Self {
            scheduler: schedule.clone().check(&model.sites(), &run)?,
            model,
            weights,
            task,
            prepared,
            device,
        })
    }

    /// Trains it.
    pub fn train(
        &self,
        training: &TrainSettings,
        validation: &[u32],
        watcher: &mut dyn Watcher,
        checkpoint: Option<&mut Checkpoint>,
    ) -> Result<Outcome> {
        let source = self.source();
        let neighbours = self.neighbours()?;
        let job = Job {
            model: &self.model,
            weights: &self.weights,
            parameters: self.weights.parameters(),
            source: &source,
            labels: &self.prepared.labels,
            train: &self.prepared.train,
            validation,
            scheduler: &self.scheduler,
            neighbours: neighbours.as_deref(),
            settings: training,
            device: self.device,
        };
        Ok(train(job, watcher, checkpoint)?)
    }

    /// The training rows' neighbours, where the schedule mixes with them.
    fn neighbours(&self) -> Result<Option<Vec<Vec<u32>>>> {
        let (rows, source) = (&self.prepared.train, self.source());
        Ok(match self.scheduler.schedule().partner {
            Pairing::Nearest { k, .. } => Some(neighbours(&self.model, &source, rows, k)?),
            Pairing::ClassNearest { k } => {
                let classes = self.prepared.labels.classes_of(rows).unwrap_or_default();
                Some(class_neighbours(&self.model, &source, rows, &classes, k)?)
            }
            _ => None,
        })
    }

    /// The shares of the classes that the schedule teaches and the real ones, where they differ.
    pub fn shift(&self) -> Option<Shift> {
        let schedule = self.scheduler.schedule();
        let balances = schedule.mode == Mode::Balance && !schedule.is_off();
        balances.then(|| {
            let counts = self.prepared.labels.counts(&self.prepared.train);
            let even = Shift::to_even(&counts);
            match &self.prepared.shift {
                Some(Shift { real, .. }) => Shift {
                    real: real.clone(),
                    ..even
                },
                None => even,
            }
        })
    }

    /// What it says of rows.
    pub fn say(&self, rows: &[u32]) -> Result<Said> {
        said(
            self.task.kind,
            &self.prepared.labels,
            &logits(&self.model, &self.source(), rows)?,
        )
    }

    fn source(&self) -> TableSource<'_> {
        TableSource::new(&self.prepared.rows, self.device.clone())
    }

    /// Balances the pooled vectors of the training rows and trains the head again on all of them.
    pub fn rebalance_head(
        &self,
        settings: &Settings,
        training: &TrainSettings,
        watcher: &mut dyn Watcher,
    ) -> Result<(Outcome, Shift, Vec<String>)> {
        let train_rows = &self.prepared.train;
        let (mut states, width) = self.pooled(train_rows)?;
        let task = self.task;
        let of_row = |r: &u32| task.classes()[*r as usize];
        let classes: Vec<u32> = train_rows.iter().map(of_row).collect();
        let strata = Strata {
            classes: &classes,
            names: task.class_names(),
        };
        let real = Rows::numeric(&states, width)?;
        let seed = training.seed;
        let balanced = Settings {
            seed,
            ..settings.clone()
        }
        .check()?
        .run(&real, strata)?;
        let made = balanced.numbers(&real)?;
        states.extend(made);
        let targets: Vec<f32> = balanced
            .targets(strata)?
            .iter()
            .map(|&t| t as f32)
            .collect();
        let labels = Labels::new(
            task.kind.target(),
            [self.prepared.labels.gather(train_rows), targets].concat(),
            task.outputs(),
        )?;
        let rows: Vec<u32> = (0..labels.len() as u32).collect();
        let outcome = self.train_head(
            &States {
                values: states,
                width,
                device: self.device,
            },
            &labels,
            &rows,
            training,
            watcher,
        )?;
        let shift = Shift::between(&task.counts(train_rows), &balanced, strata)?;
        Ok((
            outcome,
            shift,
            balanced.notes.iter().map(in_words).collect(),
        ))
    }

    fn train_head(
        &self,
        states: &States<'_>,
        labels: &Labels,
        rows: &[u32],
        training: &TrainSettings,
        watcher: &mut dyn Watcher,
    ) -> Result<Outcome> {
        let head = Head(&self.model);
        let names = self.model.head_names();
        let own = |p: &Parameter| names.contains(&p.name.as_str());
        let schedule = Schedule::preset("none")?;
        let run = run_of(labels, rows, None, training);
        let job = Job {
            model: &head,
            weights: &self.weights,
            parameters: self.weights.parameters().into_iter().filter(own).collect(),
            source: states,
            labels,
            train: rows,
            validation: &[],
            scheduler: &schedule.check(&[Site::Pooled], &run)?,
            neighbours: None,
            settings: training,
            device: self.device,
        };
        Ok(train(job, watcher, None)?)
    }

    /// The pooled vectors of rows, one behind the other, and their width.
    fn pooled(&self, rows: &[u32]) -> Result<(Vec<f32>, usize)> {
        let source = self.source();
        let (mut states, mut width) = (Vec::new(), 0);
        for batch in rows.chunks(BATCH) {
            let mut tap = RecordTap::new(&[Site::Pooled]);
            self.model.forward(&source.batch(batch)?, &mut tap)?;
            for (_, flow) in tap.flows() {
                width = flow.x.dim(1)?;
                states.extend(flow.x.flatten_all()?.to_vec1::<f32>()?);
            }
        }
        Ok((states, width))
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

/// The head of a network as a model of its own.
struct Head<'a>(&'a TableModel);

impl Tapped for Head<'_> {
    type Input = Tensor;

    fn sites(&self) -> Vec<Site> {
        vec![Site::Pooled]
    }

    fn forward(&self, pooled: &Tensor, _: &mut dyn Tap) -> candle_mixup::Result<Tensor> {
        self.0.head(pooled)
    }
}

/// Pooled vectors as rows.
struct States<'a> {
    values: Vec<f32>,
    width: usize,
    device: &'a Device,
}

impl RowSource for States<'_> {
    type Input = Tensor;

    fn len(&self) -> usize {
        self.values.len() / self.width
    }

    fn batch(&self, rows: &[u32]) -> candle_mixup::Result<Tensor> {
        let row = |r: &u32| &self.values[*r as usize * self.width..][..self.width];
        let values: Vec<f32> = rows.iter().flat_map(row).copied().collect();
        Ok(Tensor::from_vec(
            values,
            (rows.len(), self.width),
            self.device,
        )?)
    }
}

/// The run that a schedule is checked against.
fn run_of(
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
    }
}
