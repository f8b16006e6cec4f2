//! The shares of the classes as a run is taught them and as they are.

use candle_mixup::schedule::{LabelRule, Mode, Pairing, Schedule};
use serde::{Deserialize, Serialize};

/// The classes' shares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// As a run is taught them.
    pub trained: Vec<f64>,
    /// As they are.
    pub real: Vec<f64>,
}

impl Shift {
    /// From what the classes weigh among the rows that a run is taught to the `real` shares; `None` where they are the
    /// same. With `weighted`, each class counts rows / (classes · rows of the class).
    pub fn new(taught: &[f64], weighted: Option<&[f64]>, real: &[f64]) -> Option<Self> {
        let weigh = |(class, mass): (usize, &f64)| match weighted.map(|counts| counts[class]) {
            Some(count) if count > 0.0 => mass / count,
            _ => *mass,
        };
        let trained = shares(&taught.iter().enumerate().map(weigh).collect::<Vec<_>>());
        let differs = trained.iter().zip(real).any(|(a, b)| (a - b).abs() > 1e-9);
        differs.then(|| Self {
            trained,
            real: real.to_vec(),
        })
    }
}

/// Each count's share of the sum.
pub fn shares(counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts.iter().sum();
    counts.iter().map(|n| n / total).collect()
}

/// Whether mixing by this schedule teaches other shares of the classes than the training rows have.
pub fn moves_shares(schedule: &Schedule) -> bool {
    !schedule.is_off()
        && (schedule.mode == Mode::Balance
            || matches!(schedule.partner, Pairing::ClassBalanced)
            || matches!(
                schedule.label,
                LabelRule::Remix { .. } | LabelRule::Mamix { .. }
            ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_even_out_what_they_are_taken_from() {
        let counts = [90.0, 10.0];
        let real = shares(&counts);
        assert_eq!(Shift::new(&counts, None, &real), None, "nothing was moved");
        let weighted = Shift::new(&counts, Some(&counts), &real).expect("moved");
        assert_eq!(weighted.trained, [0.5, 0.5]);
        assert_eq!(weighted.real, [0.9, 0.1]);
        let thinned = Shift::new(&[90.0, 5.0], None, &real).expect("other shares");
        assert!((thinned.trained[1] - 5.0 / 95.0).abs() < 1e-12);
    }
}
