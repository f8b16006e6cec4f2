//! The rows of one run: encoded by its training rows, with the synthetic ones behind them.

use std::sync::Arc;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::oversample::{Balanced, Note, Rows, Settings};
use candle_mixup::schedule::{Basis, Features, Schedule};
use candle_mixup::split::Strata;
use candle_mixup::table::{
    EncodeSettings, EncodedRows, Encoder, FeatureCells, Seen, TableModel, Target, principal,
};
use candle_mixup::train::{Labels, TargetScale};
use serde::{Deserialize, Serialize};

use super::arm::{Arm, Treatment, suited};
use super::task::{Kind, TableTask};

/// What a run trains on and is tested on.
pub struct Prepared {
    pub encoder: Encoder,
    /// Every row of the table, then the synthetic ones.
    pub rows: EncodedRows,
    /// Their targets.
    pub labels: Labels,
    /// Training rows, synthetic ones last.
    pub train: Vec<u32>,
    /// How many of them are synthetic.
    pub synthetic: usize,
    /// The classes' shares that the run is taught and those of the real training rows, where they differ.
    pub shift: Option<Shift>,
    /// What was met in rows that the encoder was not fitted on.
    pub seen: Seen,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// The classes' shares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// As a run is taught them.
    pub trained: Vec<f64>,
    /// As they are.
    pub real: Vec<f64>,
}

impl Prepared {
    /// Encodes the table by `train` and balances these rows, if the arm says so. No other row has a part in either.
    pub fn new(
        task: &TableTask,
        encode: EncodeSettings,
        arm: &Arm,
        train: &[u32],
        seed: u64,
    ) -> Result<Self> {
        let encoder = Encoder::fit(encode, &task.data, train)?;
        let (rows, seen) = encoder.encode(&task.data)?;
        let mut prepared = Self {
            labels: labels(task, train)?,
            encoder,
            rows,
            train: train.to_vec(),
            synthetic: 0,
            shift: None,
            seen,
            notes: Vec::new(),
        };
        match &arm.treatment {
            Treatment::Oversample { settings, .. } => {
                prepared.balance(task, settings, train, seed)?
            }
            Treatment::Weights => {
                prepared.shift = Some(Shift::to_even(&as_f64(&task.counts(train))));
            }
            Treatment::Schedule(_) | Treatment::Latent(_) => {}
        }
        Ok(prepared)
    }

    /// What the features are at a model's sites, and what the training rows say of them; only what the schedule asks
    /// for is worked out.
    pub fn features(
        &self,
        task: &TableTask,
        model: &TableModel,
        schedule: &Schedule,
    ) -> Result<Features> {
        let FeatureCells {
            widths,
            tokens,
            token_width,
        } = model.features();
        let real = &self.train[..self.train.len() - self.synthetic];
        let needed = schedule.blend.needs_features();
        let basis = needed.then(|| principal(&self.rows, real)).transpose()?;
        Ok(Features {
            information: match needed {
                true => self.encoder.information(&task.data, real)?,
                false => vec![0.0; widths.len()],
            },
            basis: basis.map(|(directions, variances)| {
                Arc::new(Basis {
                    cells: self.rows.shape.cells(),
                    directions,
                    variances,
                })
            }),
            widths,
            tokens,
            token_width,
        })
    }

    fn balance(
        &mut self,
        task: &TableTask,
        settings: &Settings,
        train: &[u32],
        seed: u64,
    ) -> Result<()> {
        let (width, categories) = (task.data.numeric.len(), task.data.categorical.len());
        let (settings, note) = suited(settings, width, categories).map_err(Error::Conflict)?;
        self.notes.extend(note);
        let (numbers, codes) = self.encoder.imputed(&task.data, train)?;
        let classes: Vec<u32> = train.iter().map(|&r| task.classes()[r as usize]).collect();
        let strata = Strata {
            classes: &classes,
            names: task.class_names(),
        };
        let real = Rows::mixed(&numbers, width, &codes, categories)?;
        let balanced = Settings { seed, ..settings }.check()?.run(&real, strata)?;
        self.notes.extend(balanced.notes.iter().map(in_words));
        let own: Vec<u32> = owners(&balanced).map(|i| train[i as usize]).collect();
        let made = self.encoder.encode_synthetic(
            &task.data,
            &balanced.numbers(&real)?,
            &balanced.codes(&real)?,
            &own,
        )?;
        let before = task.counts(train);
        self.shift = Some(Shift::between(&before, &balanced, strata)?);
        self.synthetic = made.len;
        let first = self.rows.len as u32;
        self.rows.append(&made)?;
        self.train.extend(first..first + made.len as u32);
        let targets = balanced.targets(strata)?;
        self.labels = self.labels.with_more(&as_f32(&targets))?;
        Ok(())
    }
}

impl Shift {
    /// From the shares of these counts to the same share for all classes that there are.
    pub fn to_even(counts: &[f64]) -> Self {
        let classes = counts.iter().filter(|n| **n > 0.0).count().max(1) as f64;
        Self {
            trained: counts
                .iter()
                .map(|&n| f64::from(u8::from(n > 0.0)) / classes)
                .collect(),
            real: shares(counts),
        }
    }

    /// By the synthetic rows behind the real ones.
    pub fn between(before: &[usize], made: &Balanced, strata: Strata<'_>) -> Result<Self> {
        let mut after = as_f64(before);
        for row in made.targets(strata)?.chunks(before.len().max(1)) {
            after.iter_mut().zip(row).for_each(|(n, share)| *n += share);
        }
        Ok(Self {
            trained: shares(&after),
            real: shares(&as_f64(before)),
        })
    }
}

fn shares(counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts.iter().sum();
    counts.iter().map(|n| n / total).collect()
}

fn as_f64(counts: &[usize]) -> Vec<f64> {
    counts.iter().map(|&n| n as f64).collect()
}

fn as_f32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}

/// The row from which each synthetic row starts.
fn owners(balanced: &Balanced) -> impl Iterator<Item = u32> + '_ {
    let recipes = balanced.made.iter();
    recipes.flat_map(|made| made.recipe.pairs.own().iter().copied())
}

/// The targets of every row; numbers are scaled by the training rows.
pub fn labels(task: &TableTask, train: &[u32]) -> Result<Labels> {
    Ok(match &task.data.target {
        Target::Values { values, names } => {
            let scale = TargetScale::fit(values, names.len(), train)?;
            Labels::standardised(values, scale)?
        }
        Target::Classes { classes, names } => one_hot(classes, names.len())?,
        Target::Nothing { .. } => one_hot(&[], 1)?,
    })
}

fn one_hot(classes: &[u32], outputs: usize) -> Result<Labels> {
    let mut values = vec![0f32; classes.len() * outputs];
    for (row, &class) in classes.iter().enumerate() {
        values[row * outputs + class as usize] = 1.0;
    }
    Ok(Labels::new(Kind::Classes.target(), values, outputs)?)
}

/// What a policy did, in words.
pub fn in_words(note: &Note) -> String {
    match note {
        Note::Shrunk { class, rows, k } => {
            format!(
                "class {class} has {rows} rows: k is {} instead of {k}",
                rows - 1
            )
        }
        Note::Duplicated { class } => format!("the only row of class {class} was duplicated"),
        Note::Missed { class, asked, made } => {
            format!("class {class}: {made} rows made of {asked}")
        }
        Note::FellBack { class, reason } => {
            format!("class {class} was balanced by SMOTE: {reason}")
        }
        _ => "a policy of the oversampler was applied".into(),
    }
}
