//! The targets of all rows of a data set, always soft: one number a row and output.

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::scale::TargetScale;
use super::tagged::TaggedRows;
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::metrics::correct_prior;
use crate::schedule::TaskKind;

/// What the targets mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// One class a row: shares that sum to 1; cross-entropy.
    SingleLabel,
    /// Any number of classes a row, each 0 to 1 on its own; binary cross-entropy.
    MultiLabel,
    /// Numbers, standardised inside; squared error.
    Regression,
    /// One tag a token, shares that sum to 1, and nothing at tokens that carry no tag; cross-entropy over the tokens.
    Tags,
}

impl TargetKind {
    /// The loss that goes with the kind.
    pub fn loss(self) -> Loss {
        match self {
            Self::SingleLabel | Self::Tags => Loss::CrossEntropy,
            Self::MultiLabel => Loss::BinaryCrossEntropy,
            Self::Regression => Loss::SquaredError,
        }
    }

    /// What a schedule calls it.
    pub fn task(self) -> TaskKind {
        match self {
            Self::SingleLabel => TaskKind::SingleLabel,
            Self::MultiLabel => TaskKind::MultiLabel,
            Self::Regression => TaskKind::Regression,
            Self::Tags => TaskKind::Tags,
        }
    }
}

/// Targets `[rows, outputs]`, flat; of tags `[tokens, outputs]` a row, the rows one behind the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    pub(super) kind: TargetKind,
    pub(super) values: Vec<f32>,
    pub(super) outputs: usize,
    pub(super) classes: Vec<u32>,
    /// The units of numbers; `None` for classes.
    pub(super) scale: Option<TargetScale>,
    /// The classes' shares as taught and as they are, where they differ.
    pub(super) prior: Option<(Vec<f64>, Vec<f64>)>,
    /// The words of each row, for tags.
    pub(super) tagged: Option<TaggedRows>,
}

impl Labels {
    /// Labels from flat values, `outputs` a row. Numbers are taken as they are; [`Labels::standardised`] scales them.
    ///
    /// # Errors
    /// [`Error::Shape`] if the values are not whole rows, [`Error::Conflict`] for tags, which [`Labels::tagged`] takes.
    pub fn new(kind: TargetKind, values: Vec<f32>, outputs: usize) -> Result<Self> {
        if kind == TargetKind::Tags {
            let problem = "tags are labels of words, and are made by Labels::tagged";
            return Err(Error::Conflict(problem.into()));
        }
        if outputs == 0 || !values.len().is_multiple_of(outputs) {
            let expected = format!("rows of {outputs} values");
            return Err(Error::Shape {
                what: "targets".into(),
                expected,
                got: format!("{} values", values.len()),
            });
        }
        let classes = values.chunks(outputs).map(largest).collect();
        Ok(Self {
            kind,
            values,
            outputs,
            classes,
            scale: None,
            prior: None,
            tagged: None,
        })
    }

    /// Numbers in their own units, `scale.outputs()` a row, as a model is to learn them: centred and divided by their
    /// spread. Scores and predictions are in their own units again.
    ///
    /// # Errors
    /// [`Error::Shape`] if the values are not whole rows.
    pub fn standardised(values: &[f64], scale: TargetScale) -> Result<Self> {
        let outputs = scale.outputs();
        let inside = values.iter().enumerate();
        let inside = inside.map(|(i, &v)| scale.inside(v, i % outputs.max(1)));
        let labels = Self::new(TargetKind::Regression, inside.collect(), outputs)?;
        Ok(Self {
            scale: Some(scale),
            ..labels
        })
    }

    /// The same with further rows behind these, as flat values inside the model's units.
    ///
    /// # Errors
    /// [`Error::Shape`] if the values are not whole rows.
    pub fn with_more(&self, values: &[f32]) -> Result<Self> {
        let all = [self.values.as_slice(), values].concat();
        let labels = Self::new(self.kind, all, self.outputs)?;
        Ok(Self {
            scale: self.scale.clone(),
            prior: self.prior.clone(),
            ..labels
        })
    }

    /// The units of the targets, where they were scaled.
    pub fn scale(&self) -> Option<&TargetScale> {
        self.scale.as_ref()
    }

    /// What the targets mean.
    pub fn kind(&self) -> TargetKind {
        self.kind
    }

    /// Outputs a row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The class with the largest share, of every row; ties go to the lower class. Rows of tags have none, and all are 0.
    pub fn classes(&self) -> &[u32] {
        &self.classes
    }

    /// The classes of these rows; `None` where a row may have several.
    pub fn classes_of(&self, rows: &[u32]) -> Option<Vec<u32>> {
        let class = |row: &u32| self.classes[*row as usize];
        (self.kind == TargetKind::SingleLabel).then(|| rows.iter().map(class).collect())
    }

    /// The targets of one row: `[outputs]`, of tags `[tokens, outputs]`.
    pub fn row(&self, row: u32) -> &[f32] {
        match &self.tagged {
            None => &self.values[row as usize * self.outputs..][..self.outputs],
            Some(tagged) => {
                let tokens = tagged.range(row as usize);
                &self.values[tokens.start * self.outputs..tokens.end * self.outputs]
            }
        }
    }

    /// The targets of these rows, flat; those of tags are padded with zeros to the longest of the rows, as the tokens
    /// are: `[rows, tokens, outputs]`.
    pub fn gather(&self, rows: &[u32]) -> Vec<f32> {
        if self.tagged.is_none() {
            return rows.iter().flat_map(|&r| self.row(r)).copied().collect();
        }
        let width = rows.iter().map(|&r| self.row(r).len()).max().unwrap_or(0);
        let mut padded = vec![0.0; rows.len() * width];
        for (cells, &row) in padded.chunks_mut(width.max(1)).zip(rows) {
            let own = self.row(row);
            cells[..own.len()].copy_from_slice(own);
        }
        padded
    }

    /// Values as a model gives them, `[rows, outputs]` flat, in the units of the targets.
    pub fn in_units(&self, values: &[f32]) -> Vec<f64> {
        match &self.scale {
            None => values.iter().map(|&v| f64::from(v)).collect(),
            Some(scale) => scale.outside(values),
        }
    }

    /// The targets of these rows, flat, in units in which distances between them are their own.
    pub(super) fn spread_out(&self, rows: &[u32]) -> Vec<f32> {
        if self.kind == TargetKind::Tags {
            return Vec::new(); // between rows of tags there is no distance
        }
        let inside = self.gather(rows);
        match &self.scale {
            None => inside,
            Some(scale) => scale.spread_out(&inside),
        }
    }

    /// The same for a model that is taught classes in shares `trained` where `real` ones are true: validation scores
    /// are then those of probabilities brought back to the real shares ([`correct_prior`]).
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one share an output.
    pub fn with_prior(self, trained: Vec<f64>, real: Vec<f64>) -> Result<Self> {
        if trained.len() != self.outputs || real.len() != self.outputs {
            return Err(Error::Shape {
                what: "shares of the classes".into(),
                expected: format!("one for each of {} outputs", self.outputs),
                got: format!("{} and {}", trained.len(), real.len()),
            });
        }
        Ok(Self {
            prior: Some((trained, real)),
            ..self
        })
    }

    /// Probabilities brought back to the real shares, where others are taught.
    pub(super) fn corrected(&self, mut probabilities: Vec<f32>) -> Result<Vec<f32>> {
        if let Some((trained, real)) = &self.prior {
            correct_prior(&mut probabilities, self.outputs, trained, real)?;
        }
        Ok(probabilities)
    }

    /// The targets of these rows, `[rows, outputs]`, of tags `[rows, tokens · outputs]`.
    ///
    /// # Errors
    /// Candle's.
    pub fn batch(&self, rows: &[u32], device: &Device) -> Result<Tensor> {
        rows_of(self.gather(rows), rows.len(), device)
    }

    /// How much target mass each output has over these rows: the class counts where labels are hard.
    pub fn counts(&self, rows: &[u32]) -> Vec<f64> {
        let mut counts = vec![0.0; self.outputs];
        for &row in rows {
            for shares in self.row(row).chunks(self.outputs) {
                for (count, &share) in counts.iter_mut().zip(shares) {
                    *count += f64::from(share);
                }
            }
        }
        counts
    }
}

/// Flat targets of so many rows as `[rows, values of a row]`.
pub(super) fn rows_of(targets: Vec<f32>, rows: usize, device: &Device) -> Result<Tensor> {
    let width = targets.len() / rows.max(1);
    Ok(Tensor::from_vec(targets, (rows, width), device)?)
}

/// The index of the largest value, the lowest of equals.
pub(super) fn largest(row: &[f32]) -> u32 {
    (1..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best }) as u32
}
