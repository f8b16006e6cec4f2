//! The rows of one run: encoded by its training rows, with the synthetic ones behind them.

use std::sync::Arc;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::oversample::{Rows, Settings};
use candle_mixup::schedule::{Basis, Features, Schedule};
use candle_mixup::table::{
    EncodeSettings, EncodedRows, Encoder, FeatureCells, Seen, TableModel, Target, principal,
};
use candle_mixup::train::{Labels, TargetScale};

use super::arm::{Arm, Treatment, suited};
use super::balance::balance;
use super::shift::shares;
use super::task::{Kind, TableTask};

/// What a run trains on and is tested on.
pub struct Prepared {
    pub encoder: Encoder,
    /// Every row of the table, then the synthetic ones.
    pub rows: EncodedRows,
    /// Their targets.
    pub labels: Labels,
    /// Training rows, synthetic ones last.
    pub train: Vec<u32>,
    /// How many of them are synthetic.
    pub synthetic: usize,
    /// The classes' shares among the real training rows; empty for numbers.
    pub real: Vec<f64>,
    /// What was met in rows that the encoder was not fitted on.
    pub seen: Seen,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl Prepared {
    /// Encodes the table by the training rows and balances these, if the arm says so. No other row has a part in either.
    pub fn new(
        task: &TableTask,
        encode: EncodeSettings,
        arm: &Arm,
        train: &[u32],
        seed: u64,
    ) -> Result<Self> {
        let encoder = Encoder::fit(encode, &task.data, train)?;
        let (rows, seen) = encoder.encode(&task.data)?;
        let real = task.counts(train);
        let mut prepared = Self {
            labels: labels(task, train)?,
            encoder,
            rows,
            train: train.to_vec(),
            synthetic: 0,
            real: shares(&real.iter().map(|&n| n as f64).collect::<Vec<_>>()),
            seen,
            notes: Vec::new(),
        };
        if let Treatment::Oversample { settings, .. } = &arm.treatment {
            prepared.balance(task, settings, seed)?;
        }
        Ok(prepared)
    }

    /// What the features are at a model's sites, and what the training rows say of them; only what the schedule asks
    /// for is worked out.
    pub fn features(
        &self,
        task: &TableTask,
        model: &TableModel,
        schedule: &Schedule,
    ) -> Result<Features> {
        let FeatureCells {
            widths,
            tokens,
            token_width,
        } = model.features();
        let real = &self.train[..self.train.len() - self.synthetic];
        let information = match schedule.blend.needs_information() {
            true => self.encoder.information(&task.data, real)?,
            false => vec![0.0; widths.len()],
        };
        let directed = schedule.blend.needs_directions() && self.rows.shape.cells() > 0;
        let basis = directed.then(|| principal(&self.rows, real)).transpose()?;
        let basis = basis.map(|(directions, variances)| Basis {
            cells: self.rows.shape.cells(),
            directions,
            variances,
        });
        Ok(Features {
            widths,
            tokens,
            token_width,
            information,
            basis: basis.map(Arc::new),
        })
    }

    fn balance(&mut self, task: &TableTask, settings: &Settings, seed: u64) -> Result<()> {
        let (width, categories) = (task.data.numeric.len(), task.data.categorical.len());
        let (settings, note) = suited(settings, width, categories).map_err(Error::Conflict)?;
        self.notes.extend(note);
        let (numbers, codes) = self.encoder.imputed(&task.data, &self.train)?;
        let real = Rows::mixed(&numbers, width, &codes, categories)?;
        let made = balance(task, &settings, &self.train, &real, seed)?;
        self.notes.extend_from_slice(&made.notes);
        let rows = self.encoder.encode_synthetic(
            &task.data,
            &made.balanced.numbers(&real)?,
            &made.balanced.codes(&real)?,
            &made.owners(&self.train),
        )?;
        let targets = made.targets(task, &self.train)?;
        self.labels = self.labels.with_more(&targets)?;
        self.synthetic = rows.len;
        let first = self.rows.len as u32;
        self.rows.append(&rows)?;
        self.train.extend(first..first + rows.len as u32);
        Ok(())
    }
}

/// The targets of every row; numbers are scaled by the training rows.
fn labels(task: &TableTask, train: &[u32]) -> Result<Labels> {
    Ok(match &task.data.target {
        Target::Values { values, names } => {
            let scale = TargetScale::fit(values, names.len(), train)?;
            Labels::standardised(values, scale)?
        }
        Target::Classes { classes, names } => one_hot(classes, names.len())?,
        Target::Nothing { .. } => one_hot(&[], 1)?,
    })
}

fn one_hot(classes: &[u32], outputs: usize) -> Result<Labels> {
    let mut values = vec![0f32; classes.len() * outputs];
    for (row, &class) in classes.iter().enumerate() {
        values[row * outputs + class as usize] = 1.0;
    }
    Ok(Labels::new(Kind::Classes.target(), values, outputs)?)
}
