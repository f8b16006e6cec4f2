//! What trees learn: classes and weights, checked once.

use super::Matrix;
use crate::error::{Error, Result};

/// Classes of the training rows with what their weights say.
pub(super) struct Labels<'a> {
    classes: &'a [u32],
    /// How many classes there are, seen or not.
    pub count: usize,
    /// One a row, with mean 1.
    pub weights: Option<Vec<f64>>,
    /// Classes that rows of positive weight have, upwards; at least two.
    pub present: Vec<u32>,
    /// The weight of each present class, as a share of the whole.
    pub shares: Vec<f64>,
}

impl<'a> Labels<'a> {
    pub fn check(
        rows: &Matrix,
        classes: &'a [u32],
        count: usize,
        weights: Option<&[f32]>,
    ) -> Result<Self> {
        expect_length("classes", rows, classes.len())?;
        if let Some((row, class)) = classes
            .iter()
            .enumerate()
            .find(|(_, c)| **c as usize >= count)
        {
            return Err(Error::setting(
                format!("classes[{row}]"),
                format!("below {count}"),
                class,
            ));
        }
        let weights = check_weights(rows, weights)?;
        let totals = totals(classes, count, weights.as_deref());
        let present: Vec<u32> = (0..count as u32)
            .filter(|c| totals[*c as usize] > 0.0)
            .collect();
        if let [only] = present[..] {
            return Err(Error::Data(format!(
                "all rows are of class {only}: there is nothing to tell apart"
            )));
        }
        let shares = present
            .iter()
            .map(|c| totals[*c as usize] / rows.rows() as f64);
        Ok(Self {
            shares: shares.collect(),
            classes,
            count,
            weights,
            present,
        })
    }

    /// 1 for rows of `class`, 0 for others.
    pub fn indicator(&self, class: u32) -> Vec<f64> {
        let is = |c: &u32| f64::from(u8::from(*c == class));
        self.classes.iter().map(is).collect()
    }

    /// Classes that need a model of their own: of two classes, the second says all.
    pub fn learnt(&self) -> &[u32] {
        match self.present.len() {
            2 => &self.present[1..],
            _ => &self.present,
        }
    }
}

/// The weight of each class; a row without weights counts 1.
fn totals(classes: &[u32], count: usize, weights: Option<&[f64]>) -> Vec<f64> {
    let mut totals = vec![0.0; count];
    for (row, class) in classes.iter().enumerate() {
        totals[*class as usize] += weights.map_or(1.0, |w| w[row]);
    }
    totals
}

/// Targets of a regression.
pub(super) fn check_targets(rows: &Matrix, targets: &[f32]) -> Result<()> {
    expect_length("targets", rows, targets.len())?;
    match targets.iter().position(|t| !t.is_finite()) {
        Some(row) => Err(Error::setting(
            format!("targets[{row}]"),
            "finite",
            targets[row],
        )),
        None => Ok(()),
    }
}

/// Weights of the rows, brought to mean 1.
pub(super) fn check_weights(rows: &Matrix, weights: Option<&[f32]>) -> Result<Option<Vec<f64>>> {
    let Some(weights) = weights else {
        return Ok(None);
    };
    expect_length("weights", rows, weights.len())?;
    if let Some(row) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(Error::setting(
            format!("weights[{row}]"),
            "0 or more and finite",
            weights[row],
        ));
    }
    let mean = weights.iter().map(|w| f64::from(*w)).sum::<f64>() / weights.len() as f64;
    if mean == 0.0 {
        return Err(Error::Data("all weights are 0: no row counts".into()));
    }
    Ok(Some(weights.iter().map(|w| f64::from(*w) / mean).collect()))
}

fn expect_length(what: &str, rows: &Matrix, length: usize) -> Result<()> {
    if length == rows.rows() {
        return Ok(());
    }
    Err(Error::Shape {
        what: what.into(),
        expected: format!("one a row, {} in all", rows.rows()),
        got: length.to_string(),
    })
}
