//! Precision, recall and F1 of each class.

use serde::{Deserialize, Serialize};

use super::ratio;

/// How well one class is found. A ratio of nothing to nothing is 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassScores {
    /// The class, from 0.
    pub class: usize,
    /// Share of the rows predicted to be of it that are.
    pub precision: f64,
    /// Share of its rows that are predicted to be of it.
    pub recall: f64,
    /// 2·precision·recall/(precision + recall).
    pub f1: f64,
    /// Rows of it.
    pub support: usize,
}

/// Right and wrong predictions of one class.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) hit: usize,
    pub(super) false_alarm: usize,
    pub(super) miss: usize,
}

impl Counts {
    /// Counts one prediction of whether a row is of the class.
    pub(super) fn add(&mut self, predicted: bool, is: bool) {
        match (predicted, is) {
            (true, true) => self.hit += 1,
            (true, false) => self.false_alarm += 1,
            (false, true) => self.miss += 1,
            (false, false) => {}
        }
    }

    /// F1, by 2·hits/(2·hits + false alarms + misses).
    pub(super) fn f1(&self) -> f64 {
        let twice = 2.0 * self.hit as f64;
        ratio(twice, twice + (self.false_alarm + self.miss) as f64)
    }

    fn stands_nowhere(&self) -> bool {
        self.hit + self.false_alarm + self.miss == 0
    }
}

/// All classes counted together.
pub(super) fn total(counts: &[Counts]) -> Counts {
    counts.iter().fold(Counts::default(), |sum, c| Counts {
        hit: sum.hit + c.hit,
        false_alarm: sum.false_alarm + c.false_alarm,
        miss: sum.miss + c.miss,
    })
}

/// The mean F1 of the classes that stand in the targets or in the predictions.
pub(super) fn macro_f1(counts: &[Counts]) -> f64 {
    let seen = counts.iter().filter(|c| !c.stands_nowhere());
    let (sum, n) = seen.fold((0.0, 0.0), |(sum, n), c| (sum + c.f1(), n + 1.0));
    ratio(sum, n)
}

/// One entry a class.
pub(super) fn per_class(counts: &[Counts]) -> Vec<ClassScores> {
    let scores = |(class, c): (usize, &Counts)| ClassScores {
        class,
        precision: ratio(c.hit as f64, (c.hit + c.false_alarm) as f64),
        recall: ratio(c.hit as f64, (c.hit + c.miss) as f64),
        f1: c.f1(),
        support: c.hit + c.miss,
    };
    counts.iter().enumerate().map(scores).collect()
}
