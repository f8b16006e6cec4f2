//! Arms × runs as one table: means, spreads, and each arm's paired differences to the first.

use serde::{Deserialize, Serialize};

use super::pairing::{check, differences};
use super::stats::{self, LEVEL, Paired};
use super::values::Values;
use crate::error::{Error, Result};
use crate::metrics::{Direction, Metric};

/// What a run's linearity measurement gave, where there was one; its form belongs to who measured it.
pub type Linearity = Option<serde_json::Value>;

/// One model trained and scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The seed that it shares, fold by fold, with one run of every other arm.
    pub seed: u64,
    /// The fold whose rows it was tested on; `None` where there is one test set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<u32>,
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
    /// Anything else, too few runs included.
    Undecided,
}

/// One arm against the first on one metric, paired by seed and fold. Differences are this arm minus the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Versus {
    /// The metric.
    pub metric: Metric,
    /// Mean difference; `null` if a run has no finite value.
    pub difference: Option<f64>,
    /// Its 95 % t-interval for one comparison on its own, corrected for resampling where the comparison is
    /// ([`Comparison::of_folds`]); `null` for one run or without any spread.
    pub ci95: Option<[f64; 2]>,
    /// Two-sided p-value of the paired t-test, corrected likewise; `null` as above.
    pub p_value: Option<f64>,
    /// The same, adjusted over the arms of this metric (Holm 1979); `null` as above.
    pub p_adjusted: Option<f64>,
    /// Better or worse if `p_adjusted` is below 0.05, in which case the interval leaves 0 out as well.
    pub verdict: Verdict,
    /// The smallest true difference that these runs would show in 4 of 5 repetitions (two-sided 5 %, before the
    /// adjustment); it rests on the spread seen, itself a rough guess for few runs. `null` as above.
    pub detectable: Option<f64>,
}

/// One way of training, over all seeds and folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Its name.
    pub name: String,
    /// Its runs.
    pub runs: Vec<Run>,
    /// Mean over the runs; `null` where a run has no finite value.
    pub mean: Values,
    /// Sample standard deviation over the runs; `null` for one run.
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
    /// Test rows by training rows of one run where runs share training rows, and 0 where they are independent: by it
    /// intervals and tests are corrected.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub test_share_ratio: f64,
}

impl Comparison {
    /// Compares `arms` with their first one on `metrics`, the main one first; the runs of an arm are independent.
    ///
    /// # Errors
    /// [`Error::Setting`] for no metric, no arm, an arm named twice, a seed or a seed's fold given twice, or arms of
    /// differing seeds and folds: a paired comparison needs every one of them in every arm.
    pub fn of(metrics: &[Metric], arms: Vec<(String, Vec<Run>)>) -> Result<Self> {
        Self::of_folds(metrics, arms, 0.0)
    }

    /// The same for runs that share training rows, as those of a cross-validation do, repeated or not.
    ///
    /// Such runs vary together, and the plain t-test finds too much. Intervals and tests are corrected for it (Nadeau
    /// and Bengio 2003, section 4; for repeated folds Bouckaert and Frank 2004). `test_share_ratio` is test rows by
    /// training rows of one run: 1/4 for five folds.
    ///
    /// # Errors
    /// As [`of`](Self::of), and [`Error::Setting`] for a ratio that is negative or not finite.
    pub fn of_folds(
        metrics: &[Metric],
        arms: Vec<(String, Vec<Run>)>,
        test_share_ratio: f64,
    ) -> Result<Self> {
        if !(test_share_ratio.is_finite() && test_share_ratio >= 0.0) {
            let range = "finite and 0 or more";
            return Err(Error::setting("test_share_ratio", range, test_share_ratio));
        }
        let Some(&metric) = metrics.first() else {
            return Err(Error::setting("metrics", "at least one metric", "none"));
        };
        check(&arms)?;
        let mut arms: Vec<Arm> = arms
            .into_iter()
            .map(|(name, runs)| describe(metrics, name, runs))
            .collect();
        for &metric in metrics {
            compare(metric, &mut arms, test_share_ratio);
        }
        Ok(Self {
            metric,
            arms,
            control: None,
            test_share_ratio,
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

    /// Arm `arm` minus arm `other` on `metric`, paired by seed and fold and corrected as the rest; `None` if a value is missing or not finite.
    pub fn between(&self, arm: &str, other: &str, metric: Metric) -> Option<Paired> {
        let find = |name: &str| self.arms.iter().find(|a| a.name == name);
        let differences = differences(metric, find(arm)?, find(other)?);
        stats::paired(&differences, self.test_share_ratio)
    }
}

fn describe(metrics: &[Metric], name: String, runs: Vec<Run>) -> Arm {
    let over_runs = |statistic: fn(&[f64]) -> Option<f64>| {
        Values::new(metrics.iter().map(|&metric| {
            let values = runs.iter().map(|r| r.test.get(metric).unwrap_or(f64::NAN));
            let values: Vec<f64> = values.collect();
            (metric, statistic(&values).unwrap_or(f64::NAN))
        }))
    };
    let (mean, std) = (over_runs(stats::mean), over_runs(stats::standard_deviation));
    Arm {
        name,
        runs,
        mean,
        std,
        versus_first: Vec::new(),
    }
}

/// Adds one metric's entry to every arm but the first: only here are the arms seen together, as Holm needs them.
fn compare(metric: Metric, arms: &mut [Arm], test_share_ratio: f64) {
    let Some((first, others)) = arms.split_first_mut() else {
        return;
    };
    let paired: Vec<Option<Paired>> = others
        .iter()
        .map(|arm| stats::paired(&differences(metric, arm, first), test_share_ratio))
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

fn is_zero(ratio: &f64) -> bool {
    *ratio == 0.0
}
