//! The report of an experiment for the terminal: detectors × arms on the main metric.

use super::groups::{Group, arm, groups, versus};
use super::input::{ExperimentReport, Trial};
use super::linearity::linearity;
use crate::compare::Verdict;
use crate::compare::number::{number, p_value, signed};
use crate::report::shortened::shortened;
use crate::report::table::{blocks, heading, mean_and_spread, wrapped};

/// Display columns of a name; longer names are cut in the middle.
const NAME: usize = 24;

/// For each table and scarcity the main metric of detectors × arms, then what was decided, mean ranks over the tables and
/// the arms that a detector does not take. Lines are at most 100 columns wide; what does not fit goes on below.
pub fn experiment_table(report: &ExperimentReport) -> String {
    let groups = groups(report);
    let matrices = groups.iter().map(matrix);
    let parts = [
        matrices.collect::<Vec<_>>().join("\n"),
        counts(&groups),
        decided(&groups),
        linearity(&groups),
        ranks(report),
        absent(report),
    ];
    let shown: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    shown.join("\n")
}

fn matrix(group: &Group<'_>) -> String {
    let title = format!(
        "{}: {}",
        shortened(&group.title, 3 * NAME),
        heading(group.metric)
    );
    let repetitions = group.trials.first().map(|t| t.comparison.repetitions());
    let interval = group.trials.first().map(|t| t.comparison.interval_name());
    let head = wrapped(&format!(
        "{title}, mean ± standard deviation over {}; other arms: the difference to the first and its {}",
        repetitions.unwrap_or_default(),
        interval.unwrap_or_default()
    ));
    let detectors = group.trials.iter().map(|t| shortened(&t.detector, NAME));
    let names: Vec<String> = std::iter::once("detector".into())
        .chain(detectors)
        .collect();
    let columns = group.arms().into_iter().map(|name| {
        let cells = group.trials.iter().map(move |t| cell(t, name));
        std::iter::once(shortened(name, NAME))
            .chain(cells)
            .collect()
    });
    format!("{head}\n{}", blocks(&names, columns))
}

fn cell(trial: &Trial, name: &str) -> String {
    let Some(arm) = arm(trial, name) else {
        return String::new();
    };
    let Some(versus) = versus(trial, arm) else {
        return mean_and_spread(arm, trial.comparison.metric);
    };
    let mark = match versus.verdict {
        Verdict::Better => " ▲",
        Verdict::Worse => " ▼",
        Verdict::Undecided => "",
    };
    let difference = versus.difference.map_or("-".into(), signed);
    let half = versus.ci95.map(|[low, high]| (high - low) / 2.0);
    let half = half.map_or_else(String::new, |half| format!(" ± {}", number(half)));
    difference + &half + mark
}

fn counts(groups: &[Group<'_>]) -> String {
    let trials = groups.iter().flat_map(|g| &g.trials);
    let versus = trials.flat_map(|t| t.comparison.arms.iter().filter_map(|a| versus(t, a)));
    let verdicts: Vec<Verdict> = versus.map(|v| v.verdict).collect();
    let of = |verdict| verdicts.iter().filter(|v| **v == verdict).count();
    match verdicts.len() {
        0 => String::new(),
        n => wrapped(&format!(
            "by the metric above: {} of {n} ▼ worse, {} ▲ better, {} undecided (adjusted p below 0.05, by detector)",
            of(Verdict::Worse),
            of(Verdict::Better),
            of(Verdict::Undecided)
        )),
    }
}

fn ranks(report: &ExperimentReport) -> String {
    let lines = report.ranks.iter().map(|(detector, ranks)| {
        let arm = |i: usize| {
            let (name, rank) = (ranks.names.get(i)?, ranks.mean_ranks.get(i)?);
            Some(format!("{} {rank:.2}", shortened(name, NAME)))
        };
        let arms: Vec<String> = ranks.order().into_iter().filter_map(arm).collect();
        wrapped(&format!(
            "Mean ranks, {}, {} tables, p {}, critical difference {:.2}: {}",
            shortened(detector, NAME),
            ranks.tables,
            p_value(ranks.f_p_value),
            ranks.critical_difference,
            arms.join(", ")
        ))
    });
    lines.collect()
}

/// What was decided, for worse or for better, in sentences.
fn decided(groups: &[Group<'_>]) -> String {
    let mut lines = String::new();
    for group in groups {
        for trial in &group.trials {
            let findings = trial.comparison.findings();
            let decided = findings.iter().filter(|f| f.verdict != Verdict::Undecided);
            let place = format!(
                "{}, {}",
                shortened(&group.title, 3 * NAME),
                shortened(&trial.detector, NAME)
            );
            lines.extend(decided.map(|f| wrapped(&format!("- {place}: {}", f.text))));
        }
    }
    match lines.is_empty() {
        true => lines,
        false => {
            let head =
                "decided by any metric; p is adjusted over the arms and not over the metrics:";
            wrapped(head) + &lines
        }
    }
}

/// A line a reason.
fn absent(report: &ExperimentReport) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    for absent in &report.absent {
        if !reasons.contains(&absent.why.as_str()) {
            reasons.push(&absent.why);
        }
    }
    let lines = reasons.into_iter().map(|why| {
        let own = || report.absent.iter().filter(move |a| a.why == why);
        let detectors = names(own().map(|a| a.detector.as_str()));
        let arms = names(own().map(|a| a.arm.as_str()));
        wrapped(&format!(
            "- not for {}: {} ({})",
            detectors.join(", "),
            arms.join(", "),
            shortened(why, 4 * NAME)
        ))
    });
    lines.collect()
}

/// Each name once, in the order in which it first appears.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names = Vec::new();
    for name in all.map(|name| shortened(name, NAME)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
