//! The named weights of one model.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use candle_core::{DType, Device, Tensor, Var};

use super::init::Init;
use super::lazy_rows::LazyRows;
use super::parameter::Parameter;
use super::pretrained::Pretrained;
use super::scope::Scope;
use crate::error::{Error, Result};

type Freeze = dyn Fn(&str) -> bool + Send + Sync;

/// The named weights of one model, f32; clones share them.
///
/// A weight's initial value is a function of (seed, name) alone, so adding a layer moves no other.
#[derive(Clone)]
pub struct Weights {
    seed: u64,
    device: Device,
    pretrained: Option<Arc<Pretrained>>,
    freeze: Option<Arc<Freeze>>,
    entries: Arc<Mutex<BTreeMap<String, Entry>>>,
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weights")
            .field("seed", &self.seed)
            .field("names", &self.lock().keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// One weight: one variable, saved under one name a part.
#[derive(Debug, Clone)]
struct Entry {
    var: Var,
    frozen: bool,
    /// Names under which equal shares of the first dimension are saved.
    parts: Vec<String>,
    /// The shape of each part.
    shape: Vec<usize>,
    rows: Option<LazyRows>,
}

/// What a layer asks for.
pub(super) struct Request<'a> {
    /// Full names of the parts and how each starts.
    pub(super) parts: Vec<(String, Init)>,
    /// The name of the whole: the part's own where there is one.
    pub(super) name: String,
    /// The shape of each part.
    pub(super) shape: &'a [usize],
    /// Whether the parts must be in the pretrained file.
    pub(super) required: bool,
    /// What becomes of its gradient.
    pub(super) kept: Kept,
}

/// What becomes of a weight's gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is as large as the weight.
    Whole,
    /// It is kept by rows.
    ByRows,
    /// There is none: the weight is not trained.
    Still,
}

impl Weights {
    /// No weights yet; initial values will be drawn from `seed`.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self {
            seed,
            device: device.clone(),
            pretrained: None,
            freeze: None,
            entries: Arc::default(),
        }
    }

    /// Weights found in `pretrained` by name start from its values.
    pub fn with_pretrained(self, pretrained: Arc<Pretrained>) -> Self {
        Self {
            pretrained: Some(pretrained),
            ..self
        }
    }

    /// Weights whose full names match stay as they are: they are given out without a gradient.
    ///
    /// To be called before the model is built.
    pub fn freeze(self, matches: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self {
            freeze: Some(Arc::new(matches)),
            ..self
        }
    }

    /// Where layers get their weights.
    pub fn scope(&self) -> Scope {
        Scope::root(self.clone())
    }

    /// The device on which the weights are.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The trainable weights, in the order of their names.
    pub fn parameters(&self) -> Vec<Parameter> {
        self.lock()
            .iter()
            .filter(|(_, entry)| !entry.frozen)
            .map(|(name, entry)| Parameter {
                decay: entry.shape.len() >= 2,
                rows: entry.rows.clone(),
                ..Parameter::new(name, entry.var.clone())
            })
            .collect()
    }

    /// Brings every row of every embedding table up to date with weight decay.
    ///
    /// A forward pass does so for the rows it reads; to be called before several threads share the model.
    ///
    /// # Errors
    /// Candle's.
    pub fn settle(&self) -> Result<()> {
        for entry in self.lock().values() {
            if let Some(rows) = &entry.rows {
                rows.settle(&entry.var)?;
            }
        }
        Ok(())
    }

    /// Copies of all weights, under the names by which they are saved.
    ///
    /// # Errors
    /// Candle's.
    pub fn tensors(&self) -> Result<BTreeMap<String, Tensor>> {
        self.settle()?;
        let mut all = BTreeMap::new();
        for entry in self.lock().values() {
            let rows = entry.rows_a_part();
            for (i, part) in entry.parts.iter().enumerate() {
                let share = match rows {
                    Some(rows) => entry.var.narrow(0, i * rows, rows)?,
                    None => entry.var.as_tensor().clone(),
                };
                all.insert(part.clone(), share.detach().copy()?);
            }
        }
        Ok(all)
    }

    /// Sets every weight of the built model, frozen ones included, to the value of its name in `tensors`.
    ///
    /// # Errors
    /// [`Error::Weight`] if one is missing or has another shape; then nothing has been set.
    pub fn load(&self, tensors: &Pretrained) -> Result<()> {
        let entries = self.lock();
        let mut values = Vec::with_capacity(entries.len());
        for entry in entries.values() {
            let parts = entry.parts.iter().map(|name| {
                tensors
                    .shaped(name, &entry.shape)?
                    .cloned()
                    .ok_or_else(|| tensors.problem(name, "is missing"))
            });
            values.push(self.join(&parts.collect::<Result<Vec<_>>>()?)?);
        }
        for (entry, value) in entries.values().zip(values) {
            entry.var.set(&value)?;
            if let Some(rows) = &entry.rows {
                rows.level();
            }
        }
        Ok(())
    }

    /// The weight asked for: made on the first call, the same one on later calls.
    pub(super) fn get(&self, request: Request<'_>) -> Result<(Tensor, Option<LazyRows>)> {
        let mut entries = self.lock();
        if let Some(entry) = entries.get(&request.name) {
            if entry.shape == request.shape {
                return Ok(entry.given_out());
            }
            return Err(self.problem(
                &request.name,
                format!("asked for as {:?} and {:?}", entry.shape, request.shape),
            ));
        }
        let entry = self.make(&request)?;
        let given = entry.given_out();
        entries.insert(request.name, entry);
        Ok(given)
    }

    /// The variable of a weight that has been asked for, by its full name.
    pub(super) fn variable(&self, name: &str) -> Result<Var> {
        let found = self.lock().get(name).map(|entry| entry.var.clone());
        found.ok_or_else(|| self.problem(name, "was not asked for"))
    }

    fn make(&self, request: &Request<'_>) -> Result<Entry> {
        let parts = request.parts.iter();
        let values = parts
            .map(|(name, init)| self.value(name, *init, request))
            .collect::<Result<Vec<_>>>()?;
        let frozen = request.kept == Kept::Still || self.frozen(request)?;
        let sparse = request.kept == Kept::ByRows && !frozen && self.device.is_cpu();
        Ok(Entry {
            var: Var::from_tensor(&self.join(&values)?)?,
            frozen,
            parts: request.parts.iter().map(|(name, _)| name.clone()).collect(),
            shape: request.shape.to_vec(),
            rows: sparse.then(LazyRows::default),
        })
    }

    fn value(&self, name: &str, init: Init, request: &Request<'_>) -> Result<Tensor> {
        let found = match &self.pretrained {
            Some(pretrained) => pretrained.shaped(name, request.shape)?,
            None => None,
        };
        match found {
            Some(value) => Ok(value.clone()),
            None if request.required => Err(self.problem(name, "is missing")),
            None => {
                let count = request.shape.iter().product();
                let values = init.draw(self.seed, name, count);
                Ok(Tensor::from_vec(values, request.shape, &Device::Cpu)?)
            }
        }
    }

    /// Parts stacked into one tensor on the model's device.
    fn join(&self, parts: &[Tensor]) -> Result<Tensor> {
        let whole = match parts {
            [one] => one.clone(),
            several => Tensor::cat(several, 0)?,
        };
        Ok(whole.to_dtype(DType::F32)?.to_device(&self.device)?)
    }

    fn frozen(&self, request: &Request<'_>) -> Result<bool> {
        let Some(freeze) = &self.freeze else {
            return Ok(false);
        };
        let count = request
            .parts
            .iter()
            .filter(|(name, _)| freeze(name))
            .count();
        if count != 0 && count != request.parts.len() {
            return Err(Error::Conflict(format!(
                "{} is one weight and can only be frozen as a whole",
                request.name
            )));
        }
        Ok(count != 0)
    }

    fn problem(&self, name: &str, problem: impl Into<String>) -> Error {
        match &self.pretrained {
            Some(pretrained) => pretrained.problem(name, problem),
            None => Error::Weight {
                path: "(no pretrained model)".into(),
                name: name.into(),
                problem: problem.into(),
            },
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        // Entries are inserted whole, so a panic elsewhere leaves the map sound.
        self.entries.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Entry {
    fn given_out(&self) -> (Tensor, Option<LazyRows>) {
        let tensor = if self.frozen {
            self.var.as_detached_tensor()
        } else {
            self.var.as_tensor().clone()
        };
        (tensor, self.rows.clone())
    }

    /// How many rows of the whole each part has, `None` for a single part.
    fn rows_a_part(&self) -> Option<usize> {
        match self.parts.len() {
            1 => None,
            n => Some(self.var.dims().first().copied().unwrap_or(0) / n),
        }
    }
}
