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
    /// The clock of `step` in a run of `steps` steps, `steps_per_epoch` to an epoch.
    ///
    /// The last epoch may be cut short: epochs = ⌈steps / steps_per_epoch⌉, and epoch e begins at step
    /// e·steps_per_epoch.
    ///
    /// ```
    /// use candle_mixup::schedule::Clock;
    ///
    /// let clock = Clock::at(6, 10, 3);
    /// assert_eq!((clock.epoch, clock.epochs), (2, 4));
    /// ```
    ///
    /// # Panics
    /// If `steps_per_epoch` is 0.
    pub fn at(step: u64, steps: u64, steps_per_epoch: u64) -> Self {
        assert!(steps_per_epoch > 0, "an epoch has at least one step");
        Self {
            step,
            steps,
            epoch: (step / steps_per_epoch) as u32,
            epochs: steps.div_ceil(steps_per_epoch) as u32,
        }
    }

    /// step / steps, in [0, 1).
    pub fn progress(&self) -> f64 {
        self.step as f64 / self.steps as f64
    }
}
