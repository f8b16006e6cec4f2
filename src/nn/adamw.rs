//! AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019), in one pass over weight, gradient and moments.
//!
//! m ← β₁·m + (1-β₁)·g;  v ← β₂·v + (1-β₂)·g²;  p ← p·(1 - η·decay) - η·m̂/(√v̂ + ε)

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::adamw_moments::{Moments, entry};
use super::adamw_step::Factors;
use super::gradients::Gradients;
use super::parameter::Parameter;
use crate::error::{Error, Result};

const STEPS: &str = "adamw.steps";

/// Settings of [`AdamW`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamWSettings {
    /// β₁, 0.9 by default.
    pub beta1: f64,
    /// β₂, 0.999 by default.
    pub beta2: f64,
    /// ε, 1e-8 by default.
    pub eps: f64,
    /// Weight decay, 0.01 by default; applies to parameters with `decay`.
    pub weight_decay: f64,
    /// Gradients whose joint norm is above this are scaled down to it; `None` leaves them; 1 by default.
    pub clip: Option<f64>,
}

impl Default for AdamWSettings {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.01,
            clip: Some(1.0),
        }
    }
}

impl AdamWSettings {
    fn check(&self) -> Result<()> {
        let share = |field: &str, value: f64| {
            if (0.0..1.0).contains(&value) {
                return Ok(());
            }
            Err(Error::setting(field, "in [0, 1)", value))
        };
        let positive = |field: &str, value: f64| {
            if value.is_finite() && value > 0.0 {
                return Ok(());
            }
            Err(Error::setting(field, "positive and finite", value))
        };
        share("beta1", self.beta1)?;
        share("beta2", self.beta2)?;
        positive("eps", self.eps)?;
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            let expected = "0 or positive, and finite";
            return Err(Error::setting("weight_decay", expected, self.weight_decay));
        }
        self.clip.map_or(Ok(()), |clip| positive("clip", clip))
    }
}

/// The optimiser: settings, step count and moments of some parameters.
///
/// A parameter without a gradient in a step is left as it is, decay included. Embedding tables give their touched rows
/// only; the others get their decay when they are next read, with the bits of the dense update.
#[derive(Debug)]
pub struct AdamW {
    settings: AdamWSettings,
    steps: u64,
    slots: Vec<Slot>,
}

/// A parameter with its moments.
#[derive(Debug)]
struct Slot {
    parameter: Parameter,
    moments: Moments,
}

impl AdamW {
    /// The optimiser before its first step.
    ///
    /// # Errors
    /// [`Error::Setting`] if a setting is outside its range, and Candle's.
    pub fn new(parameters: Vec<Parameter>, settings: AdamWSettings) -> Result<Self> {
        settings.check()?;
        let slots = parameters.into_iter().map(|parameter| {
            let moments = Moments::zero(&parameter)?;
            Ok(Slot { parameter, moments })
        });
        Ok(Self {
            settings,
            steps: 0,
            slots: slots.collect::<Result<_>>()?,
        })
    }

    /// How many steps were done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// One step with learning rate `rate`.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if gradients are to be clipped and their norm is not finite (nothing has changed then),
    /// and Candle's.
    pub fn step(&mut self, gradients: &Gradients, rate: f64) -> Result<()> {
        let scale = self.clip(gradients)?;
        self.steps += 1;
        let t = self.steps as f64;
        let s = self.settings;
        for Slot { parameter, moments } in &mut self.slots {
            let Some(gradient) = gradients.of(&parameter.name) else {
                continue;
            };
            let rate = rate * parameter.rate;
            let decay = if parameter.decay { s.weight_decay } else { 0.0 };
            let factors = Factors {
                beta1: s.beta1,
                beta2: s.beta2,
                eps: s.eps,
                keep: 1.0 - rate * decay,
                rate: rate / (1.0 - s.beta1.powf(t)),
                root: (1.0 / (1.0 - s.beta2.powf(t))).sqrt(),
                scale,
            };
            moments.update(parameter, gradient, &factors)?;
        }
        Ok(())
    }

    /// What the gradients have to be multiplied by.
    fn clip(&self, gradients: &Gradients) -> Result<f64> {
        let Some(clip) = self.settings.clip else {
            return Ok(1.0);
        };
        let norm = gradients.norm()?;
        if !norm.is_finite() {
            return Err(Error::NotFinite {
                what: "the gradients' norm".into(),
                step: self.steps,
            });
        }
        Ok(if norm > clip { clip / norm } else { 1.0 })
    }

    /// Everything that [`AdamW::load_state`] needs to go on bit for bit: step count and moments, by parameter name.
    ///
    /// The weights themselves are not in it.
    ///
    /// # Errors
    /// Candle's.
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        let steps = Tensor::new(&[self.steps as i64], &Device::Cpu)?;
        let mut all = BTreeMap::from([(STEPS.to_string(), steps)]);
        for Slot { parameter, moments } in &self.slots {
            if let Some(rows) = &parameter.rows {
                rows.settle(&parameter.var)?; // so that no decay is pending beside the state
            }
            moments.save(parameter, &mut all)?;
        }
        Ok(all)
    }

    /// Goes back to a saved state; the weights are set by [`Weights::load`](super::Weights::load).
    ///
    /// # Errors
    /// [`Error::Shape`] if an entry is missing or has another shape.
    pub fn load_state(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        let loaded = self
            .slots
            .iter()
            .map(|slot| Moments::load(&slot.parameter, state))
            .collect::<Result<Vec<_>>>()?;
        self.steps = entry(state, STEPS, &[1])?.to_vec1::<i64>()?[0].max(0) as u64;
        for (slot, moments) in self.slots.iter_mut().zip(loaded) {
            slot.moments = moments;
        }
        Ok(())
    }
}
