//! A comparison's answer in plain sentences.

use super::comparison::{Arm, Comparison, Verdict, Versus};
use super::number::{number, p_value, signed};
use crate::metrics::Metric;

/// One sentence of the answer and what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Good news, bad news, or neither.
    pub verdict: Verdict,
    /// The sentence.
    pub text: String,
}

impl Comparison {
    /// What helped, what made things worse, what is undecided, and how small a difference could have been seen.
    pub fn summary(&self) -> Vec<String> {
        self.findings().into_iter().map(|f| f.text).collect()
    }

    /// The same sentences with their verdicts: first all that is worse, then all that is better, then the rest.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for verdict in [Verdict::Worse, Verdict::Better] {
            for arm in &self.arms {
                findings.extend(self.decided(arm, verdict));
            }
        }
        let neutral = |text| Finding {
            verdict: Verdict::Undecided,
            text,
        };
        findings.extend(self.beyond_control().into_iter().map(neutral));
        match self.arms.len() {
            0 | 1 => findings.push(neutral("There is one arm, so nothing to compare.".into())),
            _ if self.seeds() == 1 => findings.push(neutral(
                "One seed shows no spread, so nothing is decided; three seeds or more give intervals.".into(),
            )),
            _ => findings.extend(
                self.metrics()
                    .into_iter()
                    .filter_map(|m| self.undecided(m))
                    .map(neutral),
            ),
        }
        findings
    }

    /// "`mixup` made log_loss worse: +0.0750 [+0.0560, +0.0940], ..."
    fn decided(&self, arm: &Arm, verdict: Verdict) -> Option<Finding> {
        let entries: Vec<String> = with_verdict(arm, verdict).map(entry).collect();
        if entries.is_empty() {
            return None;
        }
        let what = match verdict {
            Verdict::Worse => "made things worse on",
            _ => "helped on",
        };
        Some(Finding {
            verdict,
            text: format!("'{}' {what} {}.", arm.name, entries.join(", ")),
        })
    }

    /// Where the control helped too, an arm's gain may be the control's: says how much is left against it.
    fn beyond_control(&self) -> Vec<String> {
        let Some(control) = self
            .arms
            .iter()
            .find(|a| Some(&a.name) == self.control.as_ref())
        else {
            return Vec::new();
        };
        let metrics: Vec<Metric> = with_verdict(control, Verdict::Better)
            .map(|v| v.metric)
            .collect();
        let others = self.arms.iter().skip(1).filter(|a| a.name != control.name);
        others
            .flat_map(|arm| metrics.iter().map(move |&m| (arm, m)))
            .filter(|(arm, m)| with_verdict(arm, Verdict::Better).any(|v| v.metric == *m))
            .filter_map(|(arm, m)| self.against_control(arm, control, m))
            .collect()
    }

    fn against_control(&self, arm: &Arm, control: &Arm, metric: Metric) -> Option<String> {
        let paired = self.between(&arm.name, &control.name, metric)?;
        let left = match paired.ci95 {
            Some([low, high]) if low > 0.0 || high < 0.0 => "the two differ by",
            _ => "the two cannot be told apart:",
        };
        Some(format!(
            "On {} the control '{}' helped as well; '{}' and it: {left} {}{}.",
            metric.name(),
            control.name,
            arm.name,
            signed(paired.difference),
            interval(paired.ci95),
        ))
    }

    /// "accuracy: undecided for ...; a true difference of 0.0215 (`mixup`), ... would have been seen in 4 of 5 ..."
    fn undecided(&self, metric: Metric) -> Option<String> {
        let open: Vec<(&Arm, &Versus)> = self
            .arms
            .iter()
            .flat_map(|a| a.versus_first.iter().map(move |v| (a, v)))
            .filter(|(_, v)| v.metric == metric && v.verdict == Verdict::Undecided)
            .collect();
        if open.is_empty() {
            return None;
        }
        let names: Vec<String> = open.iter().map(|(a, _)| format!("'{}'", a.name)).collect();
        let mut text = format!("Undecided on {}: {}.", metric.name(), names.join(", "));
        let seen = open.iter().filter_map(|(a, v)| Some((a, v.detectable?)));
        let sizes: Vec<String> = seen
            .map(|(a, d)| format!("{} ('{}')", number(d), a.name))
            .collect();
        if !sizes.is_empty() {
            text += &format!(
                " With {} seeds a true difference of {} would have shown in 4 of 5 such comparisons; a smaller one may well be missed.",
                self.seeds(),
                sizes.join(", ")
            );
        }
        text += &reasons(&open);
        Some(text)
    }
}

/// Why an arm has no interval, where it has none.
fn reasons(open: &[(&Arm, &Versus)]) -> String {
    let mut text = String::new();
    for (arm, versus) in open.iter().filter(|(_, v)| v.ci95.is_none()) {
        text += &match versus.difference {
            None => format!(" '{}' has a run without a finite value.", arm.name),
            Some(0.0) => format!(" '{}' equals the first arm in every seed.", arm.name),
            Some(d) => format!(
                " '{}' differs by {} in every seed alike, so there is no spread to judge by.",
                arm.name,
                signed(d)
            ),
        };
    }
    text
}

fn with_verdict(arm: &Arm, verdict: Verdict) -> impl Iterator<Item = &Versus> {
    arm.versus_first
        .iter()
        .filter(move |v| v.verdict == verdict)
}

fn entry(versus: &Versus) -> String {
    let p = versus
        .p_adjusted
        .map_or_else(String::new, |p| format!(", adjusted p {}", p_value(p)));
    format!(
        "{} ({}{}{p})",
        versus.metric.name(),
        versus.difference.map_or_else(String::new, signed),
        interval(versus.ci95),
    )
}

fn interval(ci95: Option<[f64; 2]>) -> String {
    ci95.map_or_else(String::new, |[low, high]| {
        format!(" [{}, {}]", signed(low), signed(high))
    })
}
