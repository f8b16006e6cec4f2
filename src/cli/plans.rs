//! `--save-plans` and `--replay` of a run.

use std::path::PathBuf;

use anyhow::Result;
use candle_mixup::train::{PlanHeader, PlanLog, Plans, StepEvent, TrainSettings, Watcher};
use candle_mixup::{MixPlan, Site};

use super::args::PlanArgs;
use super::progress::RunBar;
use super::settings::absolute;

/// Shows steps, and saves plans.
pub struct Recorded {
    bar: RunBar,
    file: Option<PathBuf>,
    log: Option<PlanLog>,
}

impl Recorded {
    /// Shows steps, and saves plans to `file` if there is one.
    pub fn new(bar: RunBar, file: Option<PathBuf>) -> Self {
        Self {
            bar,
            file,
            log: None,
        }
    }

    /// Says what the plans belong to; before the run.
    pub fn record(&mut self, header: PlanHeader) {
        self.log = self.file.take().map(|file| PlanLog::new(file, header));
    }

    /// Gives the file of plans its name; after the run.
    pub fn finish(self) -> Result<()> {
        match self.log {
            Some(log) => Ok(log.finish()?),
            None => Ok(()),
        }
    }
}

impl Watcher for Recorded {
    fn step(&mut self, event: &StepEvent) {
        self.bar.step(event);
    }

    fn plan(&mut self, step: u64, plan: Option<&MixPlan>) -> candle_mixup::Result<()> {
        match &mut self.log {
            Some(log) => log.add(step, plan),
            None => Ok(()),
        }
    }

    fn saving(&mut self) -> candle_mixup::Result<()> {
        match &mut self.log {
            Some(log) => log.sync(),
            None => Ok(()),
        }
    }

    fn stop(&self) -> bool {
        self.bar.stop()
    }
}

/// The plans to carry out, read and held against the run.
pub fn replay(
    args: &PlanArgs,
    run: &PlanHeader,
    training: &TrainSettings,
    sites: &[Site],
) -> Result<Option<Plans>> {
    let plans = args.replay.as_deref().map(Plans::read).transpose()?;
    if let Some(plans) = &plans {
        plans.check(run, training, sites)?;
    }
    Ok(plans)
}

/// Where they come from, as settings keep it.
pub fn replayed_from(args: &PlanArgs) -> Result<Option<String>> {
    let path = args.replay.as_ref().map(|path| path.to_string_lossy());
    path.map(|path| absolute(&path)).transpose()
}
