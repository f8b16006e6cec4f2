//! The gradients of a loss, and the guard that finds weights which the loss does not reach.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};

use super::lazy_rows::RowGradient;
use super::parameter::Parameter;
use crate::error::{Error, Result};

/// Gradients by the names of their parameters.
#[derive(Debug, Clone, Default)]
pub struct Gradients(BTreeMap<String, Gradient>);

/// One parameter's gradient.
#[derive(Debug, Clone)]
pub(super) enum Gradient {
    Dense(Tensor),
    Rows { rows: RowGradient, count: usize },
}

/// The gradients of a scalar `loss` with respect to `parameters`.
///
/// # Errors
/// Candle's.
pub fn backward(loss: &Tensor, parameters: &[Parameter]) -> Result<Gradients> {
    for rows in parameters.iter().filter_map(|p| p.rows.as_ref()) {
        rows.take(); // what a failed or foreign backward pass may have left
    }
    let mut store = loss.backward()?;
    let mut all = BTreeMap::new();
    for parameter in parameters {
        let dense = store.remove(&parameter.var).map(Gradient::Dense);
        let rows = parameter.rows.as_ref().and_then(|rows| rows.take());
        let rows = rows.map(|rows| Gradient::Rows {
            rows,
            count: parameter.var.dims().first().copied().unwrap_or(0),
        });
        let gradient = match (dense, rows) {
            (Some(a), Some(b)) => Some(a.add(&b)?),
            (a, b) => a.or(b),
        };
        if let Some(gradient) = gradient {
            all.insert(parameter.name.clone(), gradient);
        }
    }
    Ok(Gradients(all))
}

impl Gradients {
    /// Adds another pass's gradients, to accumulate microbatches.
    ///
    /// # Errors
    /// Candle's, if the two are of different models.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        for (name, gradient) in &other.0 {
            let sum = match self.0.get(name) {
                Some(before) => before.add(gradient)?,
                None => gradient.clone(),
            };
            self.0.insert(name.clone(), sum);
        }
        Ok(())
    }

    /// The gradient of the parameter of this name, in the parameter's shape.
    ///
    /// # Errors
    /// Candle's.
    pub fn get(&self, name: &str) -> Result<Option<Tensor>> {
        self.0.get(name).map(Gradient::dense).transpose()
    }

    /// The Euclidean norm over all of them.
    ///
    /// # Errors
    /// Candle's.
    pub fn norm(&self) -> Result<f64> {
        let squares = self.0.values().map(Gradient::squares);
        Ok(squares.sum::<Result<f64>>()?.sqrt())
    }

    /// The guard: every parameter must have a gradient, and it must be finite.
    ///
    /// Returns the names of those whose gradient is 0 everywhere, which is suspicious but may be right. `step` is for
    /// the message.
    ///
    /// # Errors
    /// [`Error::NoGradient`] naming the parameters that the loss does not reach, [`Error::NotFinite`] naming the first
    /// whose gradient is not finite.
    pub fn check(&self, parameters: &[Parameter], step: u64) -> Result<Vec<String>> {
        let names = parameters.iter().map(|p| &p.name);
        let missing: Vec<String> = names
            .clone()
            .filter(|name| !self.0.contains_key(*name))
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(Error::NoGradient { names: missing });
        }
        let mut zero = Vec::new();
        for (name, gradient) in names.filter_map(|name| Some((name, self.0.get(name)?))) {
            let squares = gradient.squares()?;
            if !squares.is_finite() {
                let what = format!("the gradient of '{name}'");
                return Err(Error::NotFinite { what, step });
            }
            if squares == 0.0 {
                zero.push(name.clone());
            }
        }
        Ok(zero)
    }

    pub(super) fn of(&self, name: &str) -> Option<&Gradient> {
        self.0.get(name)
    }
}

impl Gradient {
    fn add(&self, other: &Self) -> Result<Self> {
        Ok(match (self, other) {
            (Self::Rows { rows, count }, Self::Rows { rows: more, .. }) => Self::Rows {
                rows: rows.merge(more),
                count: *count,
            },
            (a, b) => Self::Dense((a.dense()? + b.dense()?)?),
        })
    }

    /// In the parameter's shape.
    pub(super) fn dense(&self) -> Result<Tensor> {
        match self {
            Self::Dense(tensor) => Ok(tensor.clone()),
            Self::Rows { rows, count } => rows.dense(*count),
        }
    }

    /// The sum of squares.
    fn squares(&self) -> Result<f64> {
        let tensor = match self {
            Self::Dense(tensor) => tensor.clone(),
            Self::Rows { rows, .. } => {
                return Ok(rows.values.iter().map(|v| f64::from(*v).powi(2)).sum());
            }
        };
        Ok(tensor.to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar()?)
    }
}
