//! The gradients of a loss, and the guard that finds weights which the loss does not reach.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};
use rayon::prelude::*;

use super::cpu;
use super::lazy_rows::RowGradient;
use super::parameter::Parameter;
use super::simd::kernels;
use crate::error::{Error, Result};

/// Values a parallel task takes.
const CHUNK: usize = 1 << 14;

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
        match self {
            Self::Rows { rows, .. } => Ok(squares(&rows.values)),
            Self::Dense(tensor) if cpu::fits(&[tensor]) => {
                let tensor = tensor.contiguous()?;
                Ok(squares(&cpu::view(&tensor)?))
            }
            Self::Dense(tensor) => {
                let squares = tensor.to_dtype(DType::F64)?.sqr()?.sum_all()?;
                Ok(squares.to_scalar()?)
            }
        }
    }
}

/// The sum of squares, in f64 and in a fixed order.
fn squares(values: &[f32]) -> f64 {
    let parts = values.par_chunks(CHUNK).map(|values| {
        let mut sum = 0.0;
        add_squares(values, &mut sum);
        sum
    });
    parts.collect::<Vec<f64>>().iter().sum()
}

kernels! {
    /// Adds the squares to `sum`.
    fn add_squares(values: &[f32], sum: &mut f64) {
        let mut lanes = [0f64; 16];
        let (whole, rest) = values.as_chunks::<16>();
        for values in whole {
            for (lane, v) in lanes.iter_mut().zip(values) {
                *lane += f64::from(*v) * f64::from(*v);
            }
        }
        let rest = rest.iter().map(|v| f64::from(*v) * f64::from(*v));
        *sum += lanes.iter().sum::<f64>() + rest.sum::<f64>();
    }
}
