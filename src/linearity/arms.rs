//! Fit and linearity of a comparison's arms: among those that fit the training rows alike, which is the closest to
//! linear, and does it generalise better?

use serde::{Deserialize, Serialize};

use super::fields::Linearity;
use crate::compare::number::{interval, number, signed};
use crate::compare::pairing::differences_in;
use crate::compare::{self, Arm, Comparison, Run, Verdict};
use crate::metrics::Metric;
use crate::plan::Site;

/// A mean over an arm's runs, and its difference to the first arm, paired as the scores are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The mean.
    pub mean: f64,
    /// The mean difference to the first arm; `None` for the first arm itself.
    pub difference: Option<f64>,
    /// Its 95 % t-interval; `None` for one run or without any spread.
    pub ci95: Option<[f64; 2]>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmLinearity {
    /// Its name.
    pub name: String,
    /// The main metric on training rows.
    pub fit: Measured,
    /// The gap relative to the distance of the ends, at the first site.
    pub relative_gap: Measured,
    /// The gap itself.
    pub gap: Measured,
    /// Whether the interval of its fit's difference holds 0, or there is no difference at all.
    pub fits_alike: bool,
}

/// All arms, at the model's first site: the whole model from there on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmsLinearity {
    /// The site.
    pub site: Site,
    /// The metric of the fit, and of the answer.
    pub metric: Metric,
    /// The arms whose every run was measured, in the comparison's order.
    pub arms: Vec<ArmLinearity>,
    /// The answer in sentences.
    pub answer: Vec<String>,
}

impl ArmsLinearity {
    /// What the runs of a comparison say; `None` where its first arm was not measured.
    pub fn of(comparison: &Comparison) -> Option<Self> {
        let first = comparison.arms.first().filter(|arm| is_measured(arm))?;
        let site = of_run(first.runs.first()?)?.sites.first()?.site;
        let ratio = comparison.test_share_ratio;
        let measured = comparison.arms.iter().filter(|arm| is_measured(arm));
        let arms: Vec<_> = measured.map(|arm| described(arm, first, ratio)).collect();
        let answer = Answer {
            comparison,
            arms: &arms,
            site,
        };
        Some(Self {
            site,
            metric: comparison.metric,
            answer: answer.sentences(),
            arms,
        })
    }
}

/// One number of a measurement.
type Value = fn(&Linearity) -> Option<f64>;

const FIT: Value = |found| found.fit;
const RELATIVE_GAP: Value = |found| found.sites.first()?.relative_gap;
const GAP: Value = |found| Some(found.sites.first()?.gap);

fn of_run(run: &Run) -> Option<Linearity> {
    serde_json::from_value(run.linearity.clone()?).ok()
}

fn value(run: &Run, of: Value) -> Option<f64> {
    of(&of_run(run)?)
}

/// Whether every run has every number.
fn is_measured(arm: &Arm) -> bool {
    let all = |run: &Run| {
        [FIT, RELATIVE_GAP, GAP]
            .iter()
            .all(|of| value(run, *of).is_some())
    };
    arm.runs.iter().all(all)
}

fn described(arm: &Arm, first: &Arm, ratio: f64) -> ArmLinearity {
    let is_first = arm.name == first.name;
    let measured = |of: Value| {
        let number = |run: &Run| value(run, of).unwrap_or(f64::NAN);
        let differences = differences_in(arm, first, number);
        let paired = compare::paired(&differences, ratio).filter(|_| !is_first);
        let numbers: Vec<f64> = arm.runs.iter().map(number).collect();
        Measured {
            mean: compare::mean(&numbers).unwrap_or(f64::NAN),
            difference: paired.map(|p| p.difference),
            ci95: paired.and_then(|p| p.ci95),
        }
    };
    let fit = measured(FIT);
    let holds_zero = |[low, high]: [f64; 2]| low <= 0.0 && 0.0 <= high;
    ArmLinearity {
        name: arm.name.clone(),
        fits_alike: is_first || fit.difference == Some(0.0) || fit.ci95.is_some_and(holds_zero),
        relative_gap: measured(RELATIVE_GAP),
        gap: measured(GAP),
        fit,
    }
}

/// Relative gaps below this are the rounding of f32.
const ROUNDING: f64 = 1e-5;

/// The sentences.
struct Answer<'a> {
    comparison: &'a Comparison,
    arms: &'a [ArmLinearity],
    site: Site,
}

impl Answer<'_> {
    fn sentences(&self) -> Vec<String> {
        let [first, _, ..] = self.arms else {
            return Vec::new();
        };
        if self.comparison.runs() < 2 {
            return vec![
                "One run shows no spread, so no two arms can be said to fit alike.".into(),
            ];
        }
        let alike: Vec<&ArmLinearity> = self.arms.iter().filter(|a| a.fits_alike).collect();
        let mut sentences = vec![self.who_fits(&alike)];
        let nearest = alike
            .iter()
            .min_by(|a, b| a.relative_gap.mean.total_cmp(&b.relative_gap.mean));
        if self.arms.iter().all(|arm| arm.relative_gap.mean < ROUNDING) {
            sentences.push(format!("All are linear at {}, to rounding.", self.site));
        } else if let (Some(nearest), 2..) = (nearest, alike.len()) {
            sentences.push(self.nearest(nearest, first));
        }
        sentences
    }

    fn who_fits(&self, alike: &[&ArmLinearity]) -> String {
        let metric = self.comparison.metric;
        let names = |arms: &mut dyn Iterator<Item = &ArmLinearity>| -> String {
            arms.map(|a| format!("'{}'", a.name))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let others = names(&mut self.arms.iter().filter(|a| !a.fits_alike));
        let rest = match others.is_empty() {
            true => String::new(),
            false => format!("; otherwise {others}"),
        };
        let first = &self.arms[0].name;
        match alike.len() {
            1 => format!("No arm fits the training rows ({metric}) like '{first}'."),
            _ => format!(
                "Fit the training rows ({metric}) like '{first}', as far as the intervals tell: {}{rest}.",
                names(&mut alike.iter().copied().skip(1)),
            ),
        }
    }

    fn nearest(&self, nearest: &ArmLinearity, first: &ArmLinearity) -> String {
        let site = self.site;
        let gap = number(nearest.relative_gap.mean);
        if nearest.name == first.name {
            return format!(
                "Closest to linear among them, by the relative gap at {site}, is '{}' itself ({gap}).",
                first.name
            );
        }
        let difference = nearest
            .relative_gap
            .difference
            .map_or(String::new(), signed);
        let range = nearest
            .relative_gap
            .ci95
            .map_or_else(String::new, |i| format!(", {}", interval(i)));
        let sure = match nearest.relative_gap.ci95 {
            Some([_, high]) if high < 0.0 => "",
            _ => ", which may be chance",
        };
        format!(
            "Closest to linear among them, by the relative gap at {site}, is '{}' ({gap}, {difference}{range} to '{}'{sure}); on test rows {}.",
            nearest.name,
            first.name,
            self.generalises(&nearest.name),
        )
    }

    /// What the comparison says of an arm by its main metric.
    fn generalises(&self, name: &str) -> String {
        let metric = self.comparison.metric;
        let mut arms = self.comparison.arms.iter();
        let arm = arms.find(|a| a.name == name);
        let versus = arm.and_then(|a| a.versus_first.iter().find(|v| v.metric == metric));
        let Some(versus) = versus else {
            return format!("its {metric} was not compared");
        };
        let verdict = match versus.verdict {
            Verdict::Better => "it is better",
            Verdict::Worse => "it is worse",
            Verdict::Undecided => "whether it is better is undecided",
        };
        let difference = versus.difference.map_or("-".into(), signed);
        let range = versus
            .ci95
            .map_or_else(String::new, |i| format!(", {}", interval(i)));
        format!("{verdict} ({metric} {difference}{range})")
    }
}
