//! What a training run is told.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::schedule::Curve;

/// How long a run lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Length {
    /// This many optimiser steps.
    Steps(u64),
    /// This many passes over the training rows.
    Epochs(u32),
}

/// How much the classes count in the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// All the same.
    #[default]
    None,
    /// rows / (classes · rows of the class), over the training rows.
    Balanced,
}

/// The settings of a run, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// Steps or epochs; 150 steps by default.
    pub length: Length,
    /// Rows of one forward pass; default 32.
    pub batch: usize,
    /// Forward passes whose gradients make one optimiser step, each mixed on its own; default 1.
    pub accumulate: usize,
    /// Peak learning rate; default 5e-5.
    pub rate: f64,
    /// The learning rate's course, as a factor of the peak; by default 10 % warm-up, then linear decay to 0.
    pub curve: Curve,
    /// Decoupled weight decay on matrices; default 0.01.
    pub weight_decay: f64,
    /// Largest global norm of the gradient; default 1. `None` does not clip.
    pub clip: Option<f64>,
    /// Class weights; default none.
    pub class_weights: ClassWeights,
    /// Stop after this many validations without a lower loss; default never.
    pub patience: Option<u32>,
    /// Seed of order, dropout and plans; default 0.
    pub seed: u64,
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            length: Length::Steps(150),
            batch: 32,
            accumulate: 1,
            rate: 5e-5,
            curve: Curve::warm_up_then_linear(0.1),
            weight_decay: 0.01,
            clip: Some(1.0),
            class_weights: ClassWeights::None,
            patience: None,
            seed: 0,
        }
    }
}

impl TrainSettings {
    /// Refuses settings outside their ranges.
    ///
    /// # Errors
    /// [`Error::Setting`] with the setting's range and value.
    pub fn check(&self) -> Result<()> {
        let positive = |field: &str, v: f64| match v.is_finite() && v > 0.0 {
            true => Ok(()),
            false => Err(Error::setting(field, "positive and finite", v)),
        };
        let at_least_one = |field: &str, v: u64| match v {
            0 => Err(Error::setting(field, "at least 1", v)),
            _ => Ok(()),
        };
        positive("lr", self.rate)?;
        self.clip.map_or(Ok(()), |clip| positive("clip", clip))?;
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return Err(Error::setting(
                "weight-decay",
                "0 or more and finite",
                self.weight_decay,
            ));
        }
        at_least_one("batch", self.batch as u64)?;
        at_least_one("accumulate", self.accumulate as u64)?;
        at_least_one("patience", u64::from(self.patience.unwrap_or(1)))?;
        match self.length {
            Length::Steps(n) => at_least_one("steps", n)?,
            Length::Epochs(n) => at_least_one("epochs", u64::from(n))?,
        }
        self.curve.check("lr curve", 0.0..=1.0, u32::MAX)
    }

    /// Optimiser steps of one epoch over `rows` training rows; the last, smaller batch is kept.
    pub fn steps_per_epoch(&self, rows: usize) -> u64 {
        rows.div_ceil(self.batch).div_ceil(self.accumulate) as u64
    }

    /// Optimiser steps of the whole run.
    pub fn steps(&self, rows: usize) -> u64 {
        match self.length {
            Length::Steps(n) => n,
            Length::Epochs(n) => u64::from(n) * self.steps_per_epoch(rows),
        }
    }
}
