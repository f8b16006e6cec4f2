//! Count, least, greatest, mean and spread of numbers in one pass (Welford 1962), joined in pairs (Chan, Golub, LeVeque
//! 1979):
//!
//! ```text
//! mean += (x − mean)/n        square += (x − mean_before)·(x − mean_after)        deviation = √(square/n)
//! ```
//!
//! No large sums are subtracted from each other: a column of epoch seconds keeps its digits.

use super::kind::Summary;

/// Moments of the numbers seen so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    count: u64,
    min: f64,
    max: f64,
    mean: f64,
    square: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            count: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            mean: 0.0,
            square: 0.0,
        }
    }
}

impl Moments {
    pub fn add(&mut self, x: f64) {
        self.count += 1;
        self.min = self.min.min(x);
        self.max = self.max.max(x);
        let before = x - self.mean;
        self.mean += before / self.count as f64;
        self.square += before * (x - self.mean);
    }

    pub fn merge(&mut self, other: &Self) {
        if self.count == 0 || other.count == 0 {
            if self.count == 0 {
                *self = *other;
            }
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let apart = other.mean - self.mean;
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.mean += apart * (b / (a + b));
        self.square += other.square + apart * apart * (a * b / (a + b));
    }

    /// `None` where there was no number.
    pub fn summary(&self) -> Option<Summary> {
        (self.count > 0).then(|| Summary {
            min: self.min,
            max: self.max,
            mean: self.mean.clamp(self.min, self.max),
            deviation: (self.square / self.count as f64).sqrt(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[f64]) -> Moments {
        let mut moments = Moments::default();
        numbers.iter().for_each(|&x| moments.add(x));
        moments
    }

    #[test]
    fn keeps_the_spread_under_an_offset() {
        let near = |offset: f64| {
            let numbers: Vec<f64> = (0..1000).map(|i| offset + f64::from(i % 10)).collect();
            let (left, right) = numbers.split_at(333);
            let mut moments = of(left);
            moments.merge(&of(right));
            moments.summary().expect("there are numbers")
        };
        for offset in [0.0, 1.7e9] {
            let summary = near(offset);
            assert!(
                (summary.deviation - 8.25f64.sqrt()).abs() < 1e-7,
                "{summary:?}"
            );
            assert!((summary.mean - offset - 4.5).abs() < 1e-6, "{summary:?}");
            assert_eq!((summary.min - offset, summary.max - offset), (0.0, 9.0));
        }
    }

    #[test]
    fn equal_numbers_have_no_spread() {
        let mut moments = of(&[0.1; 7]);
        moments.merge(&of(&[0.1; 11]));
        let summary = moments.summary().expect("there are numbers");
        assert_eq!((summary.mean, summary.deviation), (0.1, 0.0));
        assert_eq!(of(&[]).summary(), None);
    }
}
