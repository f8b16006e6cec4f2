//! Detectors of trees on the rows of one run.

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::detect::{Boosted, Forest, Isolation, Matrix};

use super::arm::{Arm, Treatment};
use super::detector::Detector;
use super::prepare::Prepared;
use super::score::Said;
use super::shift::Shift;
use super::task::{Kind, TableTask};

/// What trees grown on the training rows say of the test rows.
pub fn tell(
    task: &TableTask,
    prepared: &Prepared,
    detector: Detector,
    arm: &Arm,
    test: &[u32],
    seed: u64,
) -> Result<Said> {
    let (all, width) = prepared.encoder.matrix(&prepared.rows)?;
    let pick = |rows: &[u32]| -> Vec<f32> {
        let row = |r: &u32| &all[*r as usize * width..][..width];
        rows.iter().flat_map(row).copied().collect()
    };
    let (train, test) = (pick(&prepared.train), pick(test));
    let trees = Trees {
        prepared,
        train: Matrix::new(&train, width)?,
        test: Matrix::new(&test, width)?,
        seed,
    };
    match (detector, task.kind) {
        (Detector::Isolation, _) => trees.isolation(),
        (_, Kind::Values) => trees.values(detector),
        _ => trees.probabilities(detector, matches!(arm.treatment, Treatment::Weights)),
    }
}

/// What trees are taught of the classes' shares and what they are, where these differ.
pub fn shift(prepared: &Prepared, arm: &Arm) -> Option<Shift> {
    if prepared.real.is_empty() {
        return None;
    }
    let counts = prepared.labels.counts(&prepared.train);
    let weighted = matches!(arm.treatment, Treatment::Weights);
    Shift::new(&counts, weighted.then_some(&counts), &prepared.real)
}

struct Trees<'a> {
    prepared: &'a Prepared,
    train: Matrix<'a>,
    test: Matrix<'a>,
    seed: u64,
}

impl Trees<'_> {
    fn isolation(&self) -> Result<Said> {
        let model = Isolation::default().fit(&self.train, self.seed)?;
        Ok(Said::Order(model.scores(&self.test)?))
    }

    fn probabilities(&self, detector: Detector, weighted: bool) -> Result<Said> {
        let labels = &self.prepared.labels;
        let rows = &self.prepared.train;
        let soft = |row: &&u32| labels.row(**row).iter().any(|&t| t != 0.0 && t != 1.0);
        if rows.iter().any(|row| soft(&row)) {
            let problem = "trees take one class a row, and this arm makes rows of two";
            return Err(Error::Conflict(problem.into()).into());
        }
        let classes = labels.classes_of(rows).unwrap_or_default();
        let weights = weighted.then(|| balanced(&classes, labels.outputs()));
        let (outputs, weights) = (labels.outputs(), weights.as_deref());
        let model = match detector {
            Detector::Boosted => {
                Boosted::default().fit(&self.train, &classes, outputs, weights, self.seed)?
            }
            _ => Forest::default().fit(&self.train, &classes, outputs, weights, self.seed)?,
        };
        Ok(Said::Probabilities(model.probabilities(&self.test)?))
    }

    /// A model for each output.
    fn values(&self, detector: Detector) -> Result<Said> {
        let labels = &self.prepared.labels;
        let outputs = labels.outputs();
        let targets = labels.gather(&self.prepared.train);
        let mut all = vec![0f32; self.test.rows() * outputs];
        for output in 0..outputs {
            let own: Vec<f32> = targets
                .iter()
                .skip(output)
                .step_by(outputs)
                .copied()
                .collect();
            let model = match detector {
                Detector::Boosted => {
                    Boosted::default().fit_values(&self.train, &own, None, self.seed)?
                }
                _ => Forest::default().fit_values(&self.train, &own, None, self.seed)?,
            };
            let said = model.values(&self.test)?;
            let places = all.iter_mut().skip(output).step_by(outputs);
            places.zip(said).for_each(|(place, value)| *place = value);
        }
        Ok(Said::Values(labels.in_units(&all)))
    }
}

/// rows / (classes · rows of the class), as the networks weigh.
fn balanced(classes: &[u32], outputs: usize) -> Vec<f32> {
    let mut counts = vec![0usize; outputs];
    classes.iter().for_each(|&c| counts[c as usize] += 1);
    let weight = |&c: &u32| classes.len() as f32 / (outputs * counts[c as usize]) as f32;
    classes.iter().map(weight).collect()
}
