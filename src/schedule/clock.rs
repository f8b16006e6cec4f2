//! When: a step and an epoch, and how many of each the run has.

use serde::{Deserialize, Serialize};

/// A moment of a run. An argument of every schedule, never a field of one.
///
/// A step is one forward pass: under gradient accumulation every microbatch is a step of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The step, from 0.
    pub step: u64,
    /// Steps of the run.
    pub steps: u64,
    /// The epoch, from 0.
    pub epoch: u32,
    /// Epochs of the run, the last one possibly cut short.
    pub epochs: u32,
}

impl Clock {
    /// step / steps, in [0, 1).
    pub fn progress(&self) -> f64 {
        self.step as f64 / self.steps as f64
    }
}
