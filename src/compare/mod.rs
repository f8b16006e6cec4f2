//! Comparisons: a grid of runs, and what can and cannot be concluded from it.
//!
//! Knows nothing of models, domains or reports: a job is a closure, a result is named numbers.

mod comparison;
mod friedman;
mod grid;
pub(crate) mod number;
pub(crate) mod pairing;
mod repetitions;
mod stats;
mod values;
mod words;

pub use comparison::{Arm, Comparison, Linearity, Run, Verdict, Versus};
pub use friedman::{Ranks, ranks};
pub use grid::grid;
pub use stats::{LEVEL, POWER, Paired, detectable_factor, holm, mean, paired, standard_deviation};
pub use values::Values;
pub use words::Finding;
