//! The one door from a schedule to a scheduler: past it, settings cannot fail.

use super::clock::Clock;
use super::curve_check::check_number;
use super::scheduler::Scheduler;
use super::settings::Schedule;
use super::sites;
use super::task::{Task, TaskKind};
use crate::error::{Error, Result};
use crate::plan::Site;

impl Schedule {
    /// Checks the schedule against a model's sites and a run.
    ///
    /// A schedule may be off (a constant probability of 0: `none` and `smoothing` are); any other must mix some step.
    ///
    /// # Errors
    /// [`Error::Setting`] for a number out of range, [`Error::NoSite`] for a site the model lacks, [`Error::Conflict`]
    /// for a class rule on a task without single classes or smoothing on a regression, [`Error::NeverMixes`].
    pub fn check(self, sites: &[Site], task: &Task) -> Result<Scheduler> {
        check_task(task)?;
        self.weight.check("weight", task.epochs)?;
        self.partner.check()?;
        self.label.check()?;
        self.probability
            .check("probability", 0.0..=1.0, task.epochs)?;
        self.check_smoothing(task)?;
        self.check_classes(task)?;
        let sites = match self.sites.as_slice() {
            [] if self.is_off() => Vec::new(),
            choices => sites::resolve(choices, sites, task)?,
        };
        if !self.is_off() && !self.ever_mixes(task) {
            return Err(Error::NeverMixes {
                name: self.name,
                steps: task.steps,
                epochs: task.epochs,
            });
        }
        Ok(Scheduler::new(self, sites, task))
    }

    fn check_smoothing(&self, task: &Task) -> Result<()> {
        check_number("smoothing", self.smoothing, &(0.0..=1.0))?;
        if self.smoothing == 1.0 {
            return Err(Error::setting("smoothing", "at least 0 and below 1", 1));
        }
        if self.smoothing > 0.0 && task.kind == TaskKind::Regression {
            let smoothing = self.smoothing;
            return Err(Error::Conflict(format!(
                "label smoothing ({smoothing}) is for classes, not for a regression"
            )));
        }
        Ok(())
    }

    fn check_classes(&self, task: &Task) -> Result<()> {
        let rule = match (self.partner.needs_classes(), self.label.needs_classes()) {
            (true, _) => format!("the pairing {}", written(&self.partner)),
            (_, true) => format!("the label rule {}", written(&self.label)),
            _ => return Ok(()),
        };
        if task.kind != TaskKind::SingleLabel || task.class_counts.is_empty() {
            return Err(Error::Conflict(format!(
                "{rule} needs one class a row, which this task does not have"
            )));
        }
        Ok(())
    }

    /// Looks at every step until one mixes.
    fn ever_mixes(&self, task: &Task) -> bool {
        let steps_per_epoch = task.steps.div_ceil(u64::from(task.epochs));
        let mixes = |step| {
            // The task's own number of epochs, to which the rounded epoch length need not lead back.
            let clock = Clock {
                epochs: task.epochs,
                ..Clock::at(step, task.steps, steps_per_epoch)
            };
            self.probability.value(clock) > 0.0 && self.weight.alpha(clock) != Some(0.0)
        };
        !self.weight.keeps_rows(self.fold) && (0..task.steps).any(mixes)
    }
}

fn check_task(task: &Task) -> Result<()> {
    if task.rows == 0 {
        return Err(Error::setting("training rows", "at least 1", 0));
    }
    if task.epochs == 0 || task.steps < u64::from(task.epochs) {
        let expected = format!("within 1..={}, the steps of the run", task.steps);
        return Err(Error::setting("epochs", expected, task.epochs));
    }
    if task.kind == TaskKind::Regression && !task.class_counts.is_empty() {
        return Err(Error::Conflict("a regression has no class counts".into()));
    }
    for count in &task.class_counts {
        check_number("class count", *count, &(0.0..=f64::MAX))?;
    }
    Ok(())
}

fn written(rule: &impl serde::Serialize) -> String {
    serde_json::to_string(rule).expect("a rule is plain data")
}
