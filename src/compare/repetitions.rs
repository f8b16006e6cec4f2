//! How often a comparison was repeated, counted and in words.

use std::collections::BTreeSet;

use super::comparison::{Comparison, Run};

impl Comparison {
    /// Number of runs of every arm.
    pub fn runs(&self) -> usize {
        self.first_runs().len()
    }

    /// Number of seeds of every arm.
    pub fn seeds(&self) -> usize {
        let seeds: BTreeSet<u64> = self.first_runs().iter().map(|r| r.seed).collect();
        seeds.len()
    }

    /// Number of folds of every arm; 0 where the runs share one test set.
    pub fn folds(&self) -> usize {
        let folds: BTreeSet<u32> = self.first_runs().iter().filter_map(|r| r.fold).collect();
        folds.len()
    }

    /// The runs of an arm in words: "3 seeds", "5 folds x 2 seeds", or "7 runs" where not every seed has every fold.
    pub fn repetitions(&self) -> String {
        let (runs, seeds, folds) = (self.runs(), self.seeds(), self.folds());
        match folds {
            0 => counted(seeds, "seed"),
            _ if folds * seeds != runs => counted(runs, "run"),
            _ => format!("{} x {}", counted(folds, "fold"), counted(seeds, "seed")),
        }
    }

    /// What tells two runs of an arm apart: "seed", or "seed and fold".
    pub fn paired_by(&self) -> &'static str {
        match self.folds() {
            0 => "seed",
            _ => "seed and fold",
        }
    }

    /// The name of the intervals of [`Versus`](super::Versus).
    pub fn interval_name(&self) -> &'static str {
        match self.test_share_ratio > 0.0 {
            true => "95 % t-interval, corrected for resampling (Nadeau and Bengio 2003)",
            false => "95 % t-interval",
        }
    }

    fn first_runs(&self) -> &[Run] {
        self.arms.first().map_or(&[], |a| a.runs.as_slice())
    }
}

fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        n => format!("{n} {thing}s"),
    }
}
