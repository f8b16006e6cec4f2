//! Trials that are read side by side: those of one table at one scarcity, which differ in their detector.

use super::input::{ExperimentReport, Trial};
use crate::compare::{Arm, Versus};
use crate::metrics::Metric;
#[cfg(feature = "cli")]
use crate::report::html;

/// The detectors on one table at one scarcity, judged by one metric.
pub(super) struct Group<'a> {
    /// The table, and the scarcity where the table has several.
    pub(super) title: String,
    /// The main metric.
    pub(super) metric: Metric,
    /// Whether the table has a group before this one: another scarcity, mostly.
    #[cfg(feature = "cli")]
    later: bool,
    /// One entry a detector.
    pub(super) trials: Vec<&'a Trial>,
}

impl<'a> Group<'a> {
    /// The arms of all detectors, in the order in which they first appear.
    pub(super) fn arms(&self) -> Vec<&'a str> {
        arm_names(self.trials.iter().copied())
    }

    /// `body`, which is markup, below `title`; folded away for all but the first group of a table.
    #[cfg(feature = "cli")]
    pub(super) fn part(&self, title: &str, body: &str) -> String {
        match (body.is_empty(), self.later) {
            (true, _) => String::new(),
            (false, true) => html::folded(title, body),
            (false, false) => html::heading(title) + body,
        }
    }
}

/// The groups of a report, in the order in which they first appear.
pub(super) fn groups(report: &ExperimentReport) -> Vec<Group<'_>> {
    let key = |t: &Trial| (t.table.clone(), t.anomalies, t.comparison.metric);
    let mut groups: Vec<Group<'_>> = Vec::new();
    for trial in &report.trials {
        #[cfg(feature = "cli")]
        let later = groups
            .iter()
            .any(|g| g.trials.iter().any(|t| t.table == trial.table));
        let alike = |g: &&mut Group<'_>| g.trials.first().is_some_and(|t| key(t) == key(trial));
        match groups.iter_mut().find(alike) {
            Some(group) => group.trials.push(trial),
            None => groups.push(Group {
                title: title(report, trial),
                metric: trial.comparison.metric,
                #[cfg(feature = "cli")]
                later,
                trials: vec![trial],
            }),
        }
    }
    groups
}

fn title(report: &ExperimentReport, trial: &Trial) -> String {
    let mut alike = report.trials.iter().filter(|t| t.table == trial.table);
    match alike.any(|t| t.anomalies != trial.anomalies) {
        true => format!("{}, {}", trial.table, scarcity(trial)),
        false => trial.table.clone(),
    }
}

/// "20 anomalies kept", "all 312 anomalies".
fn scarcity(trial: &Trial) -> String {
    match (trial.anomalies, trial.training_anomalies) {
        (Some(1), _) => "1 anomaly kept".into(),
        (Some(n), _) => format!("{n} anomalies kept"),
        (None, 0) => "all rows".into(),
        (None, n) => format!("all {n} anomalies"),
    }
}

/// The names of the arms of `trials`, each once, in the order in which they first appear.
pub(super) fn arm_names<'a>(trials: impl Iterator<Item = &'a Trial>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for arm in trials.flat_map(|t| &t.comparison.arms) {
        if !names.contains(&arm.name.as_str()) {
            names.push(&arm.name);
        }
    }
    names
}

/// The arm of a trial by name.
pub(super) fn arm<'a>(trial: &'a Trial, name: &str) -> Option<&'a Arm> {
    trial.comparison.arms.iter().find(|a| a.name == name)
}

/// An arm's difference to the first on the trial's main metric; `None` for the first arm.
pub(super) fn versus<'a>(trial: &Trial, arm: &'a Arm) -> Option<&'a Versus> {
    let main = trial.comparison.metric;
    arm.versus_first.iter().find(|v| v.metric == main)
}
