//! The units of numbers that are to be predicted.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Centre and spread of each output over the training rows: inside a model numbers are (value − centre) / spread.
///
/// ```
/// use candle_mixup::train::TargetScale;
///
/// let scale = TargetScale::fit(&[10.0, 14.0, 99.0], 1, &[0, 1])?;
/// assert_eq!((scale.inside(14.0, 0), scale.outside(&[0.5])), (1.0, vec![13.0]));
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetScale {
    centre: Vec<f64>,
    spread: Vec<f64>,
}

impl TargetScale {
    /// Mean and population standard deviation of `rows` of the values, `outputs` a row. A constant output has spread 1.
    ///
    /// # Errors
    /// [`Error::Shape`] for values that are not whole rows or a row that there is not, [`Error::Data`] without rows.
    pub fn fit(values: &[f64], outputs: usize, rows: &[u32]) -> Result<Self> {
        let there = values.len().checked_div(outputs).unwrap_or(0);
        if there * outputs != values.len() || rows.iter().any(|&r| r as usize >= there) {
            return Err(Error::Shape {
                what: "targets".into(),
                expected: format!("rows of {outputs} values, all fitted ones among them"),
                got: format!("{} values", values.len()),
            });
        }
        if rows.is_empty() {
            return Err(Error::Data("there are no rows to scale targets by".into()));
        }
        let n = rows.len() as f64;
        let of = |o: usize| rows.iter().map(move |&r| values[r as usize * outputs + o]);
        let centre: Vec<f64> = (0..outputs).map(|o| of(o).sum::<f64>() / n).collect();
        let spread = (0..outputs).map(|o| {
            let squares = of(o).map(|v| (v - centre[o]).powi(2)).sum::<f64>();
            match (squares / n).sqrt() {
                s if s > 0.0 && s.is_finite() => s,
                _ => 1.0,
            }
        });
        Ok(Self {
            spread: spread.collect(),
            centre,
        })
    }

    /// Values as they are.
    pub fn none(outputs: usize) -> Self {
        Self {
            centre: vec![0.0; outputs],
            spread: vec![1.0; outputs],
        }
    }

    /// Outputs a row.
    pub fn outputs(&self) -> usize {
        self.centre.len()
    }

    /// A value of an output as the model learns it.
    pub fn inside(&self, value: f64, output: usize) -> f32 {
        ((value - self.centre[output]) / self.spread[output]) as f32
    }

    /// Values of a model, `[rows, outputs]` flat, in their own units. These may need more than the 24 bits of f32: times
    /// in seconds, say.
    pub fn outside(&self, values: &[f32]) -> Vec<f64> {
        let outputs = self.outputs();
        let places = values.iter().enumerate();
        let own = places.map(|(i, &v)| {
            let output = i % outputs;
            f64::from(v) * self.spread[output] + self.centre[output]
        });
        own.collect()
    }

    /// Distances between values of a model, `[rows, outputs]` flat, in their own units: the same without the centre.
    pub fn spread_out(&self, values: &[f32]) -> Vec<f32> {
        let outputs = self.outputs();
        let places = values.iter().enumerate();
        let own = places.map(|(i, &v)| (f64::from(v) * self.spread[i % outputs]) as f32);
        own.collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_fitted_rows_count_and_there_is_a_way_back() {
        let values = [1.0, 100.0, 3.0, 100.0, 5.0, 100.0, 1e6, -7.0];
        let scale = TargetScale::fit(&values, 2, &[0, 1, 2]).unwrap();
        assert_eq!(scale.centre, [3.0, 100.0]);
        assert_eq!(
            scale.spread,
            [(8.0f64 / 3.0).sqrt(), 1.0],
            "a constant has spread 1"
        );
        let inside: Vec<f32> = (0..6).map(|i| scale.inside(values[i], i % 2)).collect();
        assert!(inside[0] < 0.0 && inside[2] == 0.0);
        let back = scale.outside(&inside);
        assert!(back.iter().zip(&values).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        assert!(matches!(
            TargetScale::fit(&[1.0], 2, &[0]),
            Err(Error::Shape { .. })
        ));
        assert!(matches!(
            TargetScale::fit(&[1.0], 1, &[1]),
            Err(Error::Shape { .. })
        ));
        assert!(matches!(
            TargetScale::fit(&[1.0], 1, &[]),
            Err(Error::Data(_))
        ));
    }
}
