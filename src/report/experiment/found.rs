//! The section that says what was found: what got worse first, then what got better, then all of it in one table.

use super::groups::{Group, arm, versus};
use super::input::Trial;
use crate::compare::number::{decimals, interval, signed};
use crate::compare::{Arm, Verdict};
use crate::report::compare_page::verdict_class;
use crate::report::html::{self, Cell};
use crate::report::table::heading;

/// Lines of a callout that are not folded away.
const LINES: usize = 12;

/// What made things worse and what helped, on the main metric of each trial; the sentences of each detector.
pub(super) fn section(groups: &[Group<'_>]) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let callout = |verdict, title| {
        let lines: Vec<String> = groups.iter().flat_map(|g| lines(g, verdict)).collect();
        let (shown, rest) = lines.split_at(lines.len().min(LINES));
        let more = match rest.is_empty() {
            true => String::new(),
            false => html::folded(&format!("{} more", rest.len()), &html::list(rest)),
        };
        html::callout(verdict_class(verdict), title, shown, &more)
    };
    callout(Verdict::Worse, "Made things worse")
        + &callout(Verdict::Better, "Helped")
        + &html::note(&counts(groups))
        + &groups.iter().map(overview).collect::<String>()
}

/// "credit, forest: 'smote' -0.0312 [-0.0501, -0.0123], 'rose' ...": a line a detector.
fn lines(group: &Group<'_>, verdict: Verdict) -> Vec<String> {
    let line = |trial: &&Trial| {
        let arms: Vec<String> = trial
            .comparison
            .arms
            .iter()
            .filter_map(|a| entry(trial, a, verdict))
            .collect();
        (!arms.is_empty()).then(|| {
            format!(
                "{}, {}, {}: {}.",
                group.title,
                trial.detector,
                group.metric,
                arms.join(", ")
            )
        })
    };
    group.trials.iter().filter_map(line).collect()
}

fn entry(trial: &Trial, arm: &Arm, verdict: Verdict) -> Option<String> {
    let versus = versus(trial, arm).filter(|v| v.verdict == verdict)?;
    let numbers = [versus.difference.map(signed), versus.ci95.map(interval)];
    let numbers: Vec<String> = numbers.into_iter().flatten().collect();
    Some(format!("'{}' {}", arm.name, numbers.join(" ")))
}

/// How many differences there are, and what chance alone would do.
fn counts(groups: &[Group<'_>]) -> String {
    let trials = || groups.iter().flat_map(|g| &g.trials);
    let verdicts: Vec<Verdict> = trials()
        .flat_map(|t| t.comparison.arms.iter().filter_map(|a| versus(t, a)))
        .map(|v| v.verdict)
        .collect();
    let of = |verdict| verdicts.iter().filter(|v| **v == verdict).count();
    let judged = trials().filter(|t| t.comparison.arms.len() > 1).count();
    if verdicts.is_empty() {
        return "Each detector has one arm, so there is nothing to compare.".into();
    }
    let mut text = format!(
        "Of {} to the first arm on the main metric, {} worse, {} better and {} undecided.",
        html::counted(verdicts.len(), "difference"),
        are(of(Verdict::Worse)),
        are(of(Verdict::Better)),
        are(of(Verdict::Undecided)),
    );
    text += " p is adjusted over the arms of a detector on a table (Holm), and better or worse means below 0.05";
    text += &match judged {
        1 => ".".into(),
        n => format!(
            ": where no arm does anything, each of the {n} tests of a detector would still have up to 5 % chance of a \
             false finding."
        ),
    };
    text
}

fn are(count: usize) -> String {
    match count {
        1 => "1 is".into(),
        n => format!("{n} are"),
    }
}

/// Detectors × arms, and below it what every detector's comparison says.
fn overview(group: &Group<'_>) -> String {
    let arms = group.arms();
    let header: Vec<String> = std::iter::once("detector")
        .chain(arms.iter().copied())
        .map(String::from)
        .collect();
    let rows = group.trials.iter().map(|trial| {
        let cells = arms.iter().map(|name| cell(trial, name));
        std::iter::once(Cell::from(trial.detector.clone()))
            .chain(cells)
            .collect()
    });
    let title = format!("{}: {}", group.title, heading(group.metric));
    let sentences: String = group.trials.iter().map(|t| sentences(t)).collect();
    html::heading(&title)
        + &html::note("Mean, and in brackets the difference to the first arm: ▲ better, ▼ worse.")
        + &html::table(1, &header, rows)
        + &html::folded("In sentences, on all metrics", &sentences)
}

fn cell(trial: &Trial, name: &str) -> Cell {
    let Some(arm) = arm(trial, name) else {
        return Cell::from("");
    };
    let Some(mean) = arm.mean.get(trial.comparison.metric) else {
        return Cell::from("-");
    };
    let mean = format!("{mean:.*}", decimals(mean));
    let Some(versus) = versus(trial, arm) else {
        return Cell::from(mean);
    };
    let mark = match versus.verdict {
        Verdict::Better => " ▲",
        Verdict::Worse => " ▼",
        Verdict::Undecided => "",
    };
    let difference = versus.difference.map_or("-".into(), signed);
    let text = format!("{mean} ({difference}){mark}");
    Cell::new(text, verdict_class(versus.verdict))
}

fn sentences(trial: &Trial) -> String {
    html::heading(&trial.detector) + &html::list(&trial.comparison.summary())
}
