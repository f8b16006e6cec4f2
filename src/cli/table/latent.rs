//! Oversampling in a latent space: the pooled vectors of the training rows are balanced, and the head is trained again.

use anyhow::Result;
use candle_core::{Device, Tensor};
use candle_mixup::nn::Parameter;
use candle_mixup::oversample::{Rows, Settings};
use candle_mixup::schedule::Schedule;
use candle_mixup::table::TableModel;
use candle_mixup::train::{Job, Labels, Outcome, TrainSettings, Watcher, states, train};
use candle_mixup::{RowSource, Site, Tap, Tapped};

use super::balance::balance;
use super::network::{Network, run_of};
use super::shift::Shift;

/// What the second training left.
pub struct Rebalanced {
    pub outcome: Outcome,
    pub shift: Option<Shift>,
    pub notes: Vec<String>,
}

impl Network<'_> {
    /// Balances the pooled vectors of the training rows and trains the head again on all of them.
    pub fn rebalance_head(
        &self,
        settings: &Settings,
        training: &TrainSettings,
        watcher: &mut dyn Watcher,
    ) -> Result<Rebalanced> {
        let train_rows = &self.prepared.train;
        let (mut values, width) = states(&self.model, &self.source(), train_rows, Site::Pooled)?;
        let real = Rows::numeric(&values, width)?;
        let made = balance(self.task, settings, train_rows, &real, training.seed)?;
        let synthetic = made.balanced.numbers(&real)?;
        values.extend(synthetic);
        let targets = made.targets(self.task, train_rows)?;
        let labels = Labels::new(
            self.task.kind.target(),
            [self.prepared.labels.gather(train_rows), targets].concat(),
            self.task.outputs(),
        )?;
        let states = States {
            values,
            width,
            device: self.device,
        };
        let rows: Vec<u32> = (0..labels.len() as u32).collect();
        Ok(Rebalanced {
            outcome: self.train_head(&states, &labels, &rows, training, watcher)?,
            shift: Shift::new(&labels.counts(&rows), None, &self.prepared.real),
            notes: made.notes,
        })
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
        let run = run_of(labels, rows, None, training);
        let job = Job {
            model: &head,
            weights: &self.weights,
            parameters: self.weights.parameters().into_iter().filter(own).collect(),
            source: states,
            labels,
            train: rows,
            validation: &[],
            scheduler: &Schedule::preset("none")?.check(&[Site::Pooled], &run)?,
            neighbours: None,
            replay: None,
            settings: training,
            device: self.device,
        };
        Ok(train(job, watcher, None)?)
    }
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
