//! Mean and sample standard deviation over seeds.

use std::fmt;

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub fn deviation(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// Prints as `4.3 ± 0.2`, with as many decimals as the format says.
pub struct Spread(Vec<f64>);

impl Spread {
    /// One value of each run.
    pub fn of<T>(runs: &[T], value: impl Fn(&T) -> f64) -> Self {
        Self(runs.iter().map(value).collect())
    }

    pub fn mean(&self) -> f64 {
        mean(&self.0)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(1);
        write!(
            f,
            "{:.decimals$} ± {:.decimals$}",
            self.mean(),
            deviation(&self.0)
        )
    }
}
