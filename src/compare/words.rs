//! A comparison's answer in plain sentences.

use super::comparison::{Arm, Comparison, Verdict, Versus};
use super::number::{interval, number, p_value, signed};
use super::stats::Paired;
use crate::metrics::{Direction, Metric};

/// One sentence of the answer and what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Good news, bad news, or neither.
    pub verdict: Verdict,
    /// The sentence.
    pub text: String,
}

impl Comparison {
    /// What made things worse, what helped, what is undecided, and how small a difference could have been seen.
    pub fn summary(&self) -> Vec<String> {
        self.findings().into_iter().map(|f| f.text).collect()
    }

    /// The same sentences with their verdicts: first all that is worse, then all that is better, then the rest.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for verdict in [Verdict::Worse, Verdict::Better] {
            findings.extend(self.arms.iter().filter_map(|a| decided(a, verdict)));
        }
        let rest = self.beyond_control().into_iter().chain(self.open());
        findings.extend(rest.map(|text| Finding {
            verdict: Verdict::Undecided,
            text,
        }));
        findings
    }

    /// Where the control helped too, an arm's gain may be the control's: says how much is left against it.
    fn beyond_control(&self) -> Vec<String> {
        let is_control = |arm: &&Arm| Some(&arm.name) == self.control.as_ref();
        let Some(control) = self.arms.iter().find(is_control) else {
            return Vec::new();
        };
        let mut sentences = Vec::new();
        for arm in self.arms.iter().skip(1).filter(|a| !is_control(a)) {
            for versus in with_verdict(arm, Verdict::Better) {
                let metric = versus.metric;
                if with_verdict(control, Verdict::Better).any(|v| v.metric == metric)
                    && let Some(paired) = self.between(&arm.name, &control.name, metric)
                {
                    sentences.push(against(arm, control, metric, &paired));
                }
            }
        }
        sentences
    }

    /// What the seeds leave open, or why nothing can be decided at all.
    fn open(&self) -> Vec<String> {
        if self.arms.len() < 2 {
            return vec!["There is one arm, so nothing to compare.".into()];
        }
        if self.runs() == 1 {
            let (one, more) = match self.folds() {
                0 => ("seed", "seeds"),
                _ => ("fold", "folds"),
            };
            return vec![format!(
                "One {one} shows no spread, so nothing is decided; three {more} or more give intervals."
            )];
        }
        let metrics = self.metrics().into_iter();
        let mut sentences: Vec<String> = metrics.filter_map(|m| self.undecided(m)).collect();
        let versus = self.arms.iter().flat_map(|a| &a.versus_first);
        let mut undecided = versus.filter(|v| v.verdict == Verdict::Undecided);
        if undecided.any(|v| v.detectable.is_some()) {
            sentences.push(format!(
                "A true difference of the size in brackets would have shown with {} in 4 of 5 such comparisons; \
                 a smaller one may well be missed.",
                self.repetitions()
            ));
            sentences.extend(self.correction());
        }
        sentences
    }

    /// What was done about runs that share training rows.
    fn correction(&self) -> Option<String> {
        (self.test_share_ratio > 0.0).then(|| {
            format!(
                "The runs share training rows, so every interval is a {}.",
                self.interval_name()
            )
        })
    }

    /// "Undecided on accuracy: 'mixup' (detectable 0.0215), 'manifold' (detectable 0.0180)."
    fn undecided(&self, metric: Metric) -> Option<String> {
        let arms = self.arms.iter();
        let open = arms.flat_map(|a| a.versus_first.iter().map(move |v| (a, v)));
        let open: Vec<String> = open
            .filter(|(_, v)| v.metric == metric && v.verdict == Verdict::Undecided)
            .map(|(arm, versus)| format!("'{}' ({})", arm.name, self.reason(versus)))
            .collect();
        let list = open.join(", ");
        (!open.is_empty()).then(|| format!("Undecided on {metric}: {list}."))
    }

    /// What could have been seen, or why there is no interval.
    fn reason(&self, versus: &Versus) -> String {
        let each = self.paired_by();
        match (versus.detectable, versus.difference) {
            (Some(detectable), _) => format!("detectable {}", number(detectable)),
            (None, None) => "a run without a finite value".into(),
            (None, Some(0.0)) => format!("the same as the first arm in every {each}"),
            (None, Some(d)) => {
                format!("{} in every {each} alike, no spread to judge by", signed(d))
            }
        }
    }
}

/// "'mixup' made things worse on log_loss (+0.0750 [+0.0560, +0.0940], adjusted p 0.001)."
fn decided(arm: &Arm, verdict: Verdict) -> Option<Finding> {
    let entries: Vec<String> = with_verdict(arm, verdict).map(entry).collect();
    let what = match verdict {
        Verdict::Worse => "made things worse on",
        _ => "helped on",
    };
    (!entries.is_empty()).then(|| Finding {
        verdict,
        text: format!("'{}' {what} {}.", arm.name, entries.join(", ")),
    })
}

fn entry(versus: &Versus) -> String {
    let numbers = [
        versus.difference.map(signed),
        versus.ci95.map(interval),
        versus
            .p_adjusted
            .map(|p| format!("adjusted p {}", p_value(p))),
    ];
    let numbers: Vec<String> = numbers.into_iter().flatten().collect();
    format!("{} ({})", versus.metric, numbers.join(", "))
}

/// Two arms that both helped: which of them more, as far as can be told.
fn against(arm: &Arm, control: &Arm, metric: Metric, paired: &Paired) -> String {
    let up = metric.better() == Direction::Higher;
    let meaning = match paired.ci95 {
        Some([low, _]) if low > 0.0 => Some(up),
        Some([_, high]) if high < 0.0 => Some(!up),
        _ => None,
    };
    let meaning = match meaning {
        Some(true) => "a gain beyond the control",
        Some(false) => "less than the control gains",
        None => "no gain beyond the control is shown",
    };
    let range = paired
        .ci95
        .map_or_else(String::new, |i| format!(", {}", interval(i)));
    format!(
        "The control '{}' helped on {metric} too; '{}' minus the control is {}{range}: {meaning}.",
        control.name,
        arm.name,
        signed(paired.difference),
    )
}

fn with_verdict(arm: &Arm, verdict: Verdict) -> impl Iterator<Item = &Versus> {
    arm.versus_first
        .iter()
        .filter(move |v| v.verdict == verdict)
}
