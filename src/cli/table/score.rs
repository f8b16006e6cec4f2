//! What a model said of the test rows, scored: probabilities as they were learnt and with the real shares of the classes.

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::metrics::{
    Bin, PrecisionRecall, Scores, classification, correct_prior, detection, precision_recall,
    ranking, regression,
};
use candle_mixup::table::Target;
use candle_mixup::train::Labels;

use super::settings::Prior;
use super::shift::Shift;
use super::task::{Kind, TableTask};

/// What a model says of rows.
#[derive(Debug, Clone)]
pub enum Said {
    /// The probability of every class, `[rows, classes]`.
    Probabilities(Vec<f32>),
    /// Numbers in their own units, `[rows, values]`.
    Values(Vec<f64>),
    /// How anomalous a row is; only the order counts.
    Order(Vec<f32>),
}

/// The scores of one run.
#[derive(Debug, Clone)]
pub struct Scored {
    /// By the probabilities that were asked for.
    pub test: Scores,
    /// Where the run was taught other shares of the classes: by the probabilities as learnt, and corrected.
    pub both: Option<(Scores, Scores)>,
    /// Precision over recall, for anomalies.
    pub curve: Vec<PrecisionRecall>,
    /// Reliability of the answers by their confidence, as ECE counts it; that of `test` is of the anomaly's probability.
    pub answers: Vec<Bin>,
    /// Where several numbers are told, the scores of each.
    pub each: Vec<Scores>,
}

/// Scores what was said of rows.
pub fn score(truth: &Truth, said: &Said, shift: Option<&Shift>, prior: Prior) -> Result<Scored> {
    let learnt = truth.score(said)?;
    let brought_back = match (said, shift) {
        (Said::Probabilities(learnt), Some(shift)) => {
            Some(Said::Probabilities(corrected(learnt, shift)?))
        }
        _ => None,
    };
    let corrected = brought_back
        .as_ref()
        .map(|said| truth.score(said))
        .transpose()?;
    let (test, answers) = match (prior, &corrected, &brought_back) {
        (Prior::Correct, Some(corrected), Some(said)) => (corrected.clone(), truth.answers(said)?),
        _ => (learnt.clone(), truth.answers(said)?),
    };
    Ok(Scored {
        test,
        both: corrected.map(|corrected| (learnt, corrected)),
        curve: truth.curve(said)?,
        each: truth.each(said)?,
        answers,
    })
}

/// Probabilities brought back from the shares that were taught to the real ones.
pub fn corrected(learnt: &[f32], shift: &Shift) -> Result<Vec<f32>> {
    let mut probabilities = learnt.to_vec();
    // A class that training did not have cannot be brought back; its share stays 0 over 0.
    let there = |s: &f64| if *s > 0.0 { *s } else { 1.0 };
    let trained: Vec<f64> = shift.trained.iter().map(there).collect();
    let real: Vec<f64> = shift.real.iter().map(there).collect();
    correct_prior(&mut probabilities, trained.len(), &trained, &real)?;
    Ok(probabilities)
}

/// What is true of the rows that are scored.
#[derive(Debug, Clone)]
pub struct Truth {
    pub kind: Kind,
    /// Classes, or values a row.
    pub outputs: usize,
    /// The class of each row; empty for numbers.
    pub classes: Vec<u32>,
    /// `[rows, outputs]` in their own units; empty for classes.
    pub values: Vec<f64>,
}

impl Truth {
    /// That of some rows of a table.
    pub fn of(task: &TableTask, rows: &[u32]) -> Self {
        let all = Self::of_target(task.kind, task.outputs(), &task.data.target);
        let row = |r: &u32| &all.values[*r as usize * all.outputs..][..all.outputs];
        let (classes, values) = match task.kind {
            Kind::Values => (Vec::new(), rows.iter().flat_map(row).copied().collect()),
            _ => (
                rows.iter().map(|&r| all.classes[r as usize]).collect(),
                Vec::new(),
            ),
        };
        Self {
            classes,
            values,
            ..all
        }
    }

    /// That of all rows of a target.
    pub fn of_target(kind: Kind, outputs: usize, target: &Target) -> Self {
        let (classes, values) = match target {
            Target::Values { values, .. } => (Vec::new(), values.clone()),
            Target::Classes { classes, .. } => (classes.clone(), Vec::new()),
            Target::Nothing { .. } => (Vec::new(), Vec::new()),
        };
        Self {
            kind,
            outputs,
            classes,
            values,
        }
    }

    /// Targets `[rows, outputs]`, flat, as a model with these labels learns them.
    pub fn inside(&self, labels: &Labels) -> Vec<f32> {
        match labels.scale() {
            None => self.one_hot(),
            Some(scale) => {
                let values = self.values.iter().enumerate();
                let inside = values.map(|(i, &v)| scale.inside(v, i % self.outputs));
                inside.collect()
            }
        }
    }

    fn score(&self, said: &Said) -> Result<Scores> {
        Ok(match (said, self.kind) {
            (Said::Values(values), _) => regression(values, &self.values, self.outputs)?,
            (Said::Order(order), _) => ranking(&as_f64(order), &self.anomalies())?,
            (Said::Probabilities(all), Kind::Detection) => {
                detection(&of_class(all, self.outputs, 1), &self.anomalies())?
            }
            (Said::Probabilities(all), _) => classification(all, &self.one_hot(), self.outputs)?,
        })
    }

    fn answers(&self, said: &Said) -> Result<Vec<Bin>> {
        Ok(match said {
            Said::Probabilities(all) => {
                classification(all, &self.one_hot(), self.outputs)?.reliability
            }
            Said::Values(_) | Said::Order(_) => Vec::new(),
        })
    }

    /// The scores of each of several numbers, which may lie on scales far apart.
    fn each(&self, said: &Said) -> Result<Vec<Scores>> {
        let Said::Values(said) = said else {
            return Ok(Vec::new());
        };
        if self.outputs < 2 {
            return Ok(Vec::new());
        }
        let column = |values: &[f64], output: usize| -> Vec<f64> {
            values
                .iter()
                .skip(output)
                .step_by(self.outputs)
                .copied()
                .collect()
        };
        let outputs = 0..self.outputs;
        outputs
            .map(|o| Ok(regression(&column(said, o), &column(&self.values, o), 1)?))
            .collect()
    }

    fn curve(&self, said: &Said) -> Result<Vec<PrecisionRecall>> {
        let scores = match said {
            Said::Order(order) => order.clone(),
            Said::Probabilities(all) if self.kind == Kind::Detection => {
                of_class(all, self.outputs, 1)
            }
            _ => return Ok(Vec::new()),
        };
        Ok(precision_recall(&as_f64(&scores), &self.anomalies())?)
    }

    /// Refuses rows that could not be scored, or could teach nothing: `what` rows without one of the classes to tell
    /// apart.
    pub fn check(&self, what: &str) -> Result<()> {
        if self.kind != Kind::Detection {
            return Ok(());
        }
        let anomalies = self.anomalies().iter().filter(|a| **a).count();
        let lacking = match anomalies {
            0 => "no anomaly",
            n if n == self.classes.len() => "nothing but anomalies",
            _ => return Ok(()),
        };
        let rows = self.classes.len();
        Err(Error::Data(format!("there is {lacking} among the {rows} {what} rows")).into())
    }

    fn anomalies(&self) -> Vec<bool> {
        self.classes.iter().map(|&class| class == 1).collect()
    }

    fn one_hot(&self) -> Vec<f32> {
        let mut targets = vec![0f32; self.classes.len() * self.outputs];
        for (target, &class) in targets.chunks_mut(self.outputs).zip(&self.classes) {
            target[class as usize] = 1.0;
        }
        targets
    }
}

fn of_class(probabilities: &[f32], classes: usize, class: usize) -> Vec<f32> {
    let rows = probabilities.chunks_exact(classes);
    rows.map(|row| row[class]).collect()
}

fn as_f64(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}
