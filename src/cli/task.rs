//! What training and comparing need of rows and a model, be they texts or images.

use std::path::Path;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::linearity::Linearity;
use candle_mixup::metrics::{Metric, Scores};
use candle_mixup::nn::{Parameter, Weights};
use candle_mixup::schedule::{Domain, Pairing, Schedule, Scheduler, Task as Run};
use candle_mixup::train::{Labels, TrainSettings, class_neighbours, neighbours};
use candle_mixup::{Frame, RowSource, Tapped};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::linearity::{brief, fit_rows};
use super::training;

/// Settings that a run keeps.
pub trait Kept: Clone + PartialEq + Serialize + DeserializeOwned + Sync {}

impl<T: Clone + PartialEq + Serialize + DeserializeOwned + Sync> Kept for T {}

/// Rows, read and split once; and for each seed its training rows, what they decide, and a model.
pub trait Task: Sync {
    /// Which rows.
    type Data: Kept;
    /// Which model.
    type Choice: Kept;
    type Model: Tapped;
    type Source: RowSource<Input = <Self::Model as Tapped>::Input>;
    /// What the training rows decide beside themselves: a vocabulary, a scale.
    type Kit: Sync;

    /// What the commands call such rows.
    const NAME: &'static str;
    const DOMAIN: Domain;
    /// What two rows share that count as one: "have the text" of another.
    const TWIN: &'static str;

    fn data(&self) -> &Self::Data;
    fn choice(&self) -> &Self::Choice;
    /// `--data`.
    fn name(&self) -> &str;
    fn fingerprint(&self) -> String;
    /// Rows in all.
    fn len(&self) -> usize;
    fn classes(&self) -> &[String];
    /// How much each class weighs among these rows, in the order of [`classes`](Self::classes).
    fn class_counts(&self, rows: &[u32]) -> Vec<f64> {
        self.labels().counts(rows)
    }
    /// Targets to train on.
    fn labels(&self) -> &Labels;
    fn test(&self) -> &[u32];
    fn device(&self) -> &Device;
    /// Height and width of images.
    fn frame(&self) -> Option<Frame> {
        None
    }
    /// The training and validation rows of a seed.
    fn rows(&self, seed: u64) -> Result<SeedRows<Self::Kit>>;
    /// A fresh model with the initial weights of a seed; the head's learning rate is `head_factor` times the others'.
    fn build(&self, kit: &Self::Kit, seed: u64, head_factor: f64) -> Result<Built<Self::Model>>;
    /// The rows as a model reads them.
    fn source(&self, kit: &Self::Kit) -> Result<Self::Source>;
    /// The rows as a training pass under this schedule reads them.
    fn training_source(&self, rows: &SeedRows<Self::Kit>, _: &Schedule) -> Result<Self::Source> {
        self.source(&rows.kit)
    }
    /// The scores of some rows.
    fn score(&self, built: &Built<Self::Model>, kit: &Self::Kit, rows: &[u32]) -> Result<Scores>;
    /// The metric that decides, first in every table.
    fn main_metric(&self) -> Metric;
    /// What was counted while reading, with words that follow the count.
    fn counted(&self, kit: &Self::Kit) -> Vec<Counted>;
    /// Writes the model as a folder that `evaluate` and `predict` can read.
    fn save(&self, built: &Built<Self::Model>, kit: &Self::Kit, folder: &Path) -> Result<()>;

    /// How far a trained model is from linear, and how well it fits.
    fn linearity(
        &self,
        built: &Built<Self::Model>,
        rows: &SeedRows<Self::Kit>,
    ) -> Result<Option<Linearity>> {
        let fitted = self.score(built, &rows.kit, &fit_rows(&rows.train))?;
        let fit = fitted.get(self.main_metric());
        let source = self.source(&rows.kit)?;
        let kind = self.labels().kind();
        brief(&built.model, &source, kind, self.test(), fit)
    }

    /// A schedule checked against a model's sites and a run of `rows` training rows.
    fn scheduler(
        &self,
        schedule: &Schedule,
        built: &Built<Self::Model>,
        rows: &SeedRows<Self::Kit>,
        run: &TrainSettings,
    ) -> Result<Scheduler> {
        let n = rows.train.len();
        let (steps, per_epoch) = (run.steps(n), run.steps_per_epoch(n));
        let task = Run {
            domain: Self::DOMAIN,
            kind: self.labels().kind().task(),
            class_counts: self.labels().counts(&rows.train),
            rows: n,
            steps: steps * run.accumulate as u64,
            epochs: steps.div_ceil(per_epoch) as u32,
            seed: run.seed,
            features: None,
            image: self.frame(),
        };
        training::check_partners(schedule, run.batch, n)?;
        Ok(schedule.clone().check(&built.model.sites(), &task)?)
    }

    /// The training rows' neighbours, where the schedule mixes with them.
    fn neighbours(
        &self,
        built: &Built<Self::Model>,
        rows: &SeedRows<Self::Kit>,
        scheduler: &Scheduler,
    ) -> Result<Option<Vec<Vec<u32>>>> {
        let (model, train) = (&built.model, &rows.train);
        Ok(match scheduler.schedule().partner {
            Pairing::Nearest { k, .. } => {
                Some(neighbours(model, &self.source(&rows.kit)?, train, k)?)
            }
            Pairing::ClassNearest { k } => {
                let classes = self.labels().classes_of(train).unwrap_or_default();
                let source = self.source(&rows.kit)?;
                Some(class_neighbours(model, &source, train, &classes, k)?)
            }
            _ => None,
        })
    }
}

/// What one seed draws.
pub struct SeedRows<K> {
    pub train: Vec<u32>,
    pub validation: Vec<u32>,
    pub kit: K,
    /// Test rows that are also training rows, by what they hold.
    pub in_both: usize,
    /// Validation rows that are also test rows: where weights are chosen by them, the test is not blind.
    pub validated_on_test: usize,
    /// Classes without a training row.
    pub unseen: Vec<String>,
}

/// A model with its weights.
pub struct Built<M> {
    pub model: M,
    pub weights: Weights,
    pub parameters: Vec<Parameter>,
}

/// Something counted, with its name in JSON and the words that follow the number.
pub struct Counted {
    pub name: &'static str,
    pub count: usize,
    pub words: String,
}

impl Counted {
    pub fn json(all: &[Self]) -> impl Iterator<Item = (String, Value)> {
        all.iter().map(|c| (c.name.to_string(), c.count.into()))
    }
}
