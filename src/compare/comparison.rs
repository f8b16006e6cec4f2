//! Arms × seeds as one table: means, spreads, and each arm's paired differences to the first.

use serde::{Deserialize, Serialize};

use super::stats::{self, LEVEL, Paired};
use super::values::Values;
use crate::error::{Error, Result};
use crate::metrics::{Direction, Metric};

/// What a run's linearity measurement gave, where there was one; its form belongs to who measured it.
pub type Linearity = Option<serde_json::Value>;

/// One model trained and scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The seed that it shares with one run of every other arm.
    pub seed: u64,
    /// Its scores on the test rows.
    pub test: Values,
    /// Its linearity gaps; `null` until they are measured.
    pub linearity: Linearity,
}

/// What a difference to the first arm comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// In the metric's good direction, with Holm-adjusted p < 0.05.
    Better,
    /// In its bad direction, with Holm-adjusted p < 0.05.
    Worse,
    /// Anything else, too few seeds included.
    Undecided,
}

/// One arm against the first on one metric, paired by seed. Differences are this arm minus the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Versus {
    /// The metric.
    pub metric: Metric,
    /// Mean difference; `null` if a run has no finite value.
    pub difference: Option<f64>,
    /// Its 95 % t-interval for one comparison on its own; `null` for one seed or without any spread.
    pub ci95: Option<[f64; 2]>,
    /// Two-sided p-value of the paired t-test; `null` as above.
    pub p_value: Option<f64>,
    /// The same, adjusted over the arms of this metric (Holm 1979); `null` as above.
    pub p_adjusted: Option<f64>,
    /// Better or worse if `p_adjusted` is below 0.05, in which case the interval leaves 0 out as well.
    pub verdict: Verdict,
    /// The smallest true difference that these seeds would show in 4 of 5 repetitions (two-sided 5 %, before the
    /// adjustment); it rests on the spread seen, itself a rough guess for few seeds. `null` as above.
    pub detectable: Option<f64>,
}

/// One way of training, over all seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Its name.
    pub name: String,
    /// Its runs.
    pub runs: Vec<Run>,
    /// Mean over the seeds; `null` where a run has no finite value.
    pub mean: Values,
    /// Sample standard deviation over the seeds; `null` for one seed.
    pub std: Values,
    /// Its differences to the first arm, main metric first; empty for the first arm.
    pub versus_first: Vec<Versus>,
}

/// A whole comparison, in the form in which `compare` prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The main metric.
    pub metric: Metric,
    /// The arms, the one that the others are compared with first.
    pub arms: Vec<Arm>,
    /// The arm, if any, that shows what is to be had without the method under test (label smoothing, say).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
}

impl Comparison {
    /// Compares `arms` with their first one on `metrics`, the main one first.
    ///
    /// # Errors
    /// [`Error::Setting`] for no metric, no arm, an arm named twice or a seed given twice, or arms of differing seeds:
    /// a paired comparison needs every seed in every arm.
    pub fn of(metrics: &[Metric], arms: Vec<(String, Vec<Run>)>) -> Result<Self> {
        let Some(&metric) = metrics.first() else {
            return Err(Error::setting("metrics", "at least one metric", "none"));
        };
        check(&arms)?;
        let mut arms: Vec<Arm> = arms
            .into_iter()
            .map(|(name, runs)| describe(metrics, name, runs))
            .collect();
        for &metric in metrics {
            compare(metric, &mut arms);
        }
        Ok(Self {
            metric,
            arms,
            control: None,
        })
    }

    /// The same with the arm `name`, if there is one, as the control that [`summary`](Self::summary) speaks of.
    pub fn with_control(mut self, name: &str) -> Self {
        let others = self.arms.iter().skip(1);
        self.control = others.map(|a| a.name.clone()).find(|n| n == name);
        self
    }

    /// The metrics, main one first.
    pub fn metrics(&self) -> Vec<Metric> {
        let first = self.arms.first();
        first.map_or_else(Vec::new, |a| a.mean.iter().map(|(m, _)| m).collect())
    }

    /// Number of seeds of every arm.
    pub fn seeds(&self) -> usize {
        self.arms.first().map_or(0, |a| a.runs.len())
    }

    /// Arm `arm` minus arm `other` on `metric`, paired by seed; `None` if a value is missing or not finite.
    pub fn between(&self, arm: &str, other: &str, metric: Metric) -> Option<Paired> {
        let find = |name: &str| self.arms.iter().find(|a| a.name == name);
        stats::paired(&differences(metric, find(arm)?, find(other)?))
    }
}

/// What makes a paired comparison impossible.
fn check(arms: &[(String, Vec<Run>)]) -> Result<()> {
    let seeds = |runs: &[Run]| -> Vec<u64> {
        let mut seeds: Vec<u64> = runs.iter().map(|r| r.seed).collect();
        seeds.sort_unstable();
        seeds
    };
    let Some((_, first)) = arms.first() else {
        return Err(Error::setting("arms", "at least one arm", "none"));
    };
    let wanted = seeds(first);
    if wanted.is_empty() || wanted.windows(2).any(|w| w[0] == w[1]) {
        let value = format!("{wanted:?}");
        return Err(Error::setting("seeds", "one or more, each once", value));
    }
    for (i, (name, runs)) in arms.iter().enumerate() {
        if arms[..i].iter().any(|(other, _)| other == name) {
            return Err(Error::setting("arms", "named once each", name));
        }
        if seeds(runs) != wanted {
            let expected = format!("{wanted:?}, as in the first arm");
            let value = format!("{:?}", seeds(runs));
            return Err(Error::setting(
                format!("seeds of '{name}'"),
                expected,
                value,
            ));
        }
    }
    Ok(())
}

fn describe(metrics: &[Metric], name: String, runs: Vec<Run>) -> Arm {
    let over_seeds = |statistic: fn(&[f64]) -> Option<f64>| {
        Values::new(metrics.iter().map(|&metric| {
            let values: Vec<f64> = runs.iter().map(|r| value(r, metric)).collect();
            (metric, statistic(&values).unwrap_or(f64::NAN))
        }))
    };
    let (mean, std) = (
        over_seeds(stats::mean),
        over_seeds(stats::standard_deviation),
    );
    Arm {
        name,
        runs,
        mean,
        std,
        versus_first: Vec::new(),
    }
}

/// Adds one metric's entry to every arm but the first: only here are the arms seen together, as Holm needs them.
fn compare(metric: Metric, arms: &mut [Arm]) {
    let Some((first, others)) = arms.split_first_mut() else {
        return;
    };
    let paired: Vec<Option<Paired>> = others
        .iter()
        .map(|arm| stats::paired(&differences(metric, arm, first)))
        .collect();
    let p_values: Vec<Option<f64>> = paired.iter().map(|p| p.and_then(|p| p.p_value)).collect();
    let adjusted = stats::holm(&p_values);
    for ((arm, paired), p_adjusted) in others.iter_mut().zip(paired).zip(adjusted) {
        arm.versus_first.push(Versus {
            metric,
            difference: paired.map(|p| p.difference),
            ci95: paired.and_then(|p| p.ci95),
            p_value: paired.and_then(|p| p.p_value),
            p_adjusted,
            verdict: verdict(metric, paired.map(|p| p.difference), p_adjusted),
            detectable: paired.and_then(|p| p.detectable),
        });
    }
}

/// The adjusted p is never below the plain one, so with it below 5 % the 95 % interval leaves 0 out as well.
fn verdict(metric: Metric, difference: Option<f64>, p_adjusted: Option<f64>) -> Verdict {
    match (difference, p_adjusted) {
        (Some(d), Some(p)) if p < LEVEL => {
            match (d > 0.0) == (metric.better() == Direction::Higher) {
                true => Verdict::Better,
                false => Verdict::Worse,
            }
        }
        _ => Verdict::Undecided,
    }
}

/// `arm` minus `other`, seed by seed; NaN where either has no value.
fn differences(metric: Metric, arm: &Arm, other: &Arm) -> Vec<f64> {
    arm.runs
        .iter()
        .map(|run| {
            let twin = other.runs.iter().find(|r| r.seed == run.seed);
            value(run, metric) - twin.map_or(f64::NAN, |r| value(r, metric))
        })
        .collect()
}

fn value(run: &Run, metric: Metric) -> f64 {
    run.test.get(metric).unwrap_or(f64::NAN)
}
