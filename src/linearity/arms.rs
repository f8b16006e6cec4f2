//! Fit and linearity of a comparison's arms: among those that fit the training rows alike, which is the closest to
//! linear, and does it generalise better?

use serde::{Deserialize, Serialize};

use super::fields::{Linearity, SiteLinearity};
use crate::compare::number::{interval, number, signed};
use crate::compare::{self, Arm, Comparison, Paired, Verdict};
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

/// One arm's measurements, run by run as in the comparison.
struct Runs<'a> {
    arm: &'a Arm,
    fit: Vec<f64>,
    relative: Vec<f64>,
    gap: Vec<f64>,
}

impl ArmsLinearity {
    /// What the runs of a comparison say; `None` where its first arm was not measured.
    pub fn of(comparison: &Comparison) -> Option<Self> {
        let first = comparison.arms.first()?;
        let site = linearities(first)?.first()?.sites.first()?.site;
        let measured: Vec<Runs<'_>> = comparison.arms.iter().filter_map(Runs::of).collect();
        let base = measured
            .first()
            .filter(|runs| runs.arm.name == first.name)?;
        let ratio = comparison.test_share_ratio;
        let arms: Vec<ArmLinearity> = measured.iter().map(|m| m.against(base, ratio)).collect();
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

/// The measurements of an arm's runs; `None` unless all were measured.
fn linearities(arm: &Arm) -> Option<Vec<Linearity>> {
    let of_run = |run: &compare::Run| serde_json::from_value(run.linearity.clone()?).ok();
    arm.runs.iter().map(of_run).collect()
}

impl<'a> Runs<'a> {
    fn of(arm: &'a Arm) -> Option<Self> {
        let all = linearities(arm)?;
        let first = |of: fn(&SiteLinearity) -> Option<f64>| -> Option<Vec<f64>> {
            all.iter().map(|l| of(l.sites.first()?)).collect()
        };
        Some(Self {
            arm,
            fit: all.iter().map(|l| l.fit).collect::<Option<_>>()?,
            relative: first(|site| site.relative_gap)?,
            gap: first(|site| Some(site.gap))?,
        })
    }

    fn against(&self, base: &Self, ratio: f64) -> ArmLinearity {
        let is_base = self.arm.name == base.arm.name;
        let by_run = |own: &[f64], other: &[f64]| {
            let paired = self.paired(base, own, other);
            let paired = compare::paired(&paired, ratio).filter(|_| !is_base);
            Measured {
                mean: compare::mean(own).unwrap_or(f64::NAN),
                difference: paired.map(|p| p.difference),
                ci95: paired.and_then(|p: Paired| p.ci95),
            }
        };
        let fit = by_run(&self.fit, &base.fit);
        let holds_zero = |[low, high]: [f64; 2]| low <= 0.0 && 0.0 <= high;
        ArmLinearity {
            name: self.arm.name.clone(),
            fits_alike: is_base || fit.difference == Some(0.0) || fit.ci95.is_some_and(holds_zero),
            relative_gap: by_run(&self.relative, &base.relative),
            gap: by_run(&self.gap, &base.gap),
            fit,
        }
    }

    /// Own minus the base's, run by run of the same seed and fold.
    fn paired(&self, base: &Self, own: &[f64], other: &[f64]) -> Vec<f64> {
        let runs = self.arm.runs.iter().zip(own);
        let twin = |seed, fold| {
            let mut runs = base.arm.runs.iter();
            runs.position(|r| (r.seed, r.fold) == (seed, fold))
        };
        runs.filter_map(|(run, own)| Some(own - other[twin(run.seed, run.fold)?]))
            .collect()
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
        if first.fit.mean.is_nan() || self.comparison.runs() < 2 {
            return vec![
                "One run shows no spread, so no two arms can be said to fit alike.".into(),
            ];
        }
        let alike: Vec<&ArmLinearity> = self.arms.iter().filter(|a| a.fits_alike).collect();
        let mut sentences = vec![self.who_fits(&alike)];
        let nearest = alike
            .iter()
            .min_by(|a, b| a.relative_gap.mean.total_cmp(&b.relative_gap.mean));
        if alike.iter().all(|arm| arm.relative_gap.mean < ROUNDING) {
            sentences.push(format!("They are linear at {}, to rounding.", self.site));
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
