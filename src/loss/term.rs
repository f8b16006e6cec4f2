//! Each loss and its derivative for one row, in f64 and in the log domain.

use super::Loss;

/// One row: its logits and targets, and a weight a column.
pub(super) struct Row<'a, T> {
    pub(super) logits: &'a [T],
    pub(super) targets: &'a [T],
    pub(super) weights: &'a [f64],
}

impl<T: Copy + Into<f64>> Row<'_, T> {
    /// Logit, target and weight of each column.
    fn columns(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let values = self.logits.iter().zip(self.targets);
        values
            .zip(self.weights)
            .map(|((&z, &t), &k)| (z.into(), t.into(), k))
    }

    /// Whether every target is 0: the row's logits then count for nothing, whatever they are.
    fn asks_nothing(&self) -> bool {
        self.targets.iter().all(|&t| t.into() == 0.0)
    }

    /// logΣexp of the logits, their largest taken out first.
    fn log_sum_exp(&self) -> f64 {
        let largest = self
            .columns()
            .fold(f64::NEG_INFINITY, |m, (z, ..)| m.max(z));
        let sum: f64 = self.columns().map(|(z, ..)| (z - largest).exp()).sum();
        largest + sum.ln()
    }
}

impl Loss {
    /// The sum over the columns of one row.
    pub(super) fn value<T: Copy + Into<f64>>(self, row: &Row<'_, T>) -> f64 {
        match self {
            Self::CrossEntropy if row.asks_nothing() => 0.0,
            Self::CrossEntropy => {
                let log_sum = row.log_sum_exp();
                row.columns().map(|(z, t, k)| k * t * (log_sum - z)).sum()
            }
            _ => row.columns().map(|(z, t, k)| k * self.cell(z, t)).sum(),
        }
    }

    /// Writes its derivative by each logit, times `scale`.
    pub(super) fn gradient<T: Copy + Into<f64>>(
        self,
        row: &Row<'_, T>,
        scale: f64,
        mut write: impl FnMut(f64),
    ) {
        if self == Self::CrossEntropy && row.asks_nothing() {
            row.logits.iter().for_each(|_| write(0.0));
            return;
        }
        let (log_sum, total) = match self {
            Self::CrossEntropy => (
                row.log_sum_exp(),
                row.columns().map(|(_, t, k)| k * t).sum(),
            ),
            _ => (0.0, 0.0),
        };
        for (z, t, k) in row.columns() {
            write(scale * self.slope(z, t, k, log_sum, total));
        }
    }

    /// The derivative by one logit. Cross-entropy's looks at the whole row: `total` is Σ k·t.
    fn slope(self, z: f64, t: f64, k: f64, log_sum: f64, total: f64) -> f64 {
        match self {
            Self::CrossEntropy => total * (z - log_sum).exp() - k * t,
            Self::BinaryCrossEntropy => k * (sigmoid(z) - t),
            Self::SquaredError => k * 2.0 * (z - t),
            Self::Huber { delta, .. } => k * (z - t).clamp(-delta, delta),
        }
    }

    /// One column of a loss that has no use for the others.
    fn cell(self, z: f64, t: f64) -> f64 {
        match self {
            Self::CrossEntropy => unreachable!("cross-entropy is taken of whole rows"),
            Self::BinaryCrossEntropy => z.max(0.0) - z * t + (-z.abs()).exp().ln_1p(),
            Self::SquaredError => (z - t) * (z - t),
            Self::Huber { delta, .. } => {
                let distance = (z - t).abs();
                let quadratic = distance.min(delta);
                quadratic * (distance - 0.5 * quadratic)
            }
        }
    }
}

/// The logistic function, without overflow on either side.
fn sigmoid(z: f64) -> f64 {
    let e = (-z.abs()).exp();
    if z < 0.0 {
        e / (1.0 + e)
    } else {
        1.0 / (1.0 + e)
    }
}
