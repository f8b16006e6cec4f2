//! Pairs: for each outgoing row, whose it is, with whom it is mixed, and how much of each.
//!
//! ```text
//! mixed_row[r]    = weight[r]·x[own[r]]       + (1 − weight[r])·x[partner[r]]
//! mixed_target[r] = label_weight[r]·y[own[r]] + (1 − label_weight[r])·y[partner[r]]
//! ```

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A checked list of pairs; `len()` outgoing rows drawn from any number of incoming ones.
///
/// ```
/// use candle_mixup::Pairs;
///
/// let pairs = Pairs::new(vec![0, 1], vec![1, 0], vec![0.75, 0.5], vec![0.75, 1.0])?;
/// assert_eq!(pairs.len(), 2);
/// assert_eq!(pairs.to_string(), "0 <- 0.75 of 0 and 0.25 of 1, label 0.75\n1 <- 0.5 of 1 and 0.5 of 0, label 1\n");
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pairs {
    own: Vec<u32>,
    partner: Vec<u32>,
    weight: Vec<f64>,
    label_weight: Vec<f64>,
}

impl Pairs {
    /// Pairs from their four columns: row indices, and weights in [0, 1].
    ///
    /// # Errors
    /// [`Error::Shape`] if the columns differ in length, [`Error::Pairs`] for a weight outside [0, 1].
    pub fn new(
        own: Vec<u32>,
        partner: Vec<u32>,
        weight: Vec<f64>,
        label_weight: Vec<f64>,
    ) -> Result<Self> {
        Self::checked(own, partner, weight, label_weight, 1.0)
    }

    fn checked(
        own: Vec<u32>,
        partner: Vec<u32>,
        weight: Vec<f64>,
        label_weight: Vec<f64>,
        most: f64,
    ) -> Result<Self> {
        let lengths = [own.len(), partner.len(), weight.len(), label_weight.len()];
        if lengths.iter().any(|&l| l != own.len()) {
            return Err(Error::Shape {
                what: "pairs".into(),
                expected: "four columns of one length".into(),
                got: format!("{lengths:?}"),
            });
        }
        check_range("weight", &weight, most)?;
        check_range("label_weight", &label_weight, 1.0)?;
        Ok(Self {
            own,
            partner,
            weight,
            label_weight,
        })
    }

    /// Pairs whose weights may leave the segment on either side: those of SVM-SMOTE's safe rows, [1, 1.5), and of
    /// Geometric SMOTE, [0, 2]. Everything else goes by [`Pairs::new`].
    ///
    /// # Errors
    /// As [`Pairs::new`], for a weight outside [0, 2].
    pub fn beyond(
        own: Vec<u32>,
        partner: Vec<u32>,
        weight: Vec<f64>,
        label_weight: Vec<f64>,
    ) -> Result<Self> {
        Self::checked(own, partner, weight, label_weight, 2.0)
    }

    /// `n` rows that stay as they are: own = partner = 0..n, weights 1.
    pub fn identity(n: usize) -> Self {
        let own: Vec<u32> = (0..n as u32).collect();
        Self {
            partner: own.clone(),
            own,
            weight: vec![1.0; n],
            label_weight: vec![1.0; n],
        }
    }

    /// This list followed by `other`: the add-to mode of RegMixup.
    pub fn join(mut self, other: &Pairs) -> Self {
        self.own.extend_from_slice(&other.own);
        self.partner.extend_from_slice(&other.partner);
        self.weight.extend_from_slice(&other.weight);
        self.label_weight.extend_from_slice(&other.label_weight);
        self
    }

    /// Number of outgoing rows.
    pub fn len(&self) -> usize {
        self.own.len()
    }

    /// Whether there is no outgoing row.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    /// The row itself, for each outgoing row.
    pub fn own(&self) -> &[u32] {
        &self.own
    }

    /// The row it is mixed with.
    pub fn partner(&self) -> &[u32] {
        &self.partner
    }

    /// λ: the weight of the row itself in the features.
    pub fn weight(&self) -> &[f64] {
        &self.weight
    }

    /// The weight of the row's own target in the mixed target.
    pub fn label_weight(&self) -> &[f64] {
        &self.label_weight
    }

    /// Whether nothing is mixed: every row is its own partner, or has weight and label weight 1.
    pub fn is_plain(&self) -> bool {
        (0..self.len()).all(|r| {
            self.own[r] == self.partner[r] || (self.weight[r] == 1.0 && self.label_weight[r] == 1.0)
        })
    }

    /// Whether own is 0..n and partner a permutation of it: the lists that may be mixed in place.
    pub fn is_permutation(&self) -> bool {
        let n = self.len();
        let mut seen = vec![false; n];
        self.own.iter().enumerate().all(|(r, &o)| o as usize == r)
            && self
                .partner
                .iter()
                .all(|&p| (p as usize) < n && !std::mem::replace(&mut seen[p as usize], true))
    }

    /// Refuses row indices of `incoming` or more: the check at the door of every application.
    ///
    /// # Errors
    /// [`Error::Pairs`] naming the first entry out of range.
    pub fn check_rows(&self, incoming: usize) -> Result<()> {
        self.check_rows_from(0..self.len(), incoming)
    }

    /// The same for a range of the outgoing rows.
    pub(crate) fn check_rows_from(&self, range: Range<usize>, incoming: usize) -> Result<()> {
        for (column, rows) in [("own", &self.own), ("partner", &self.partner)] {
            let mut entries = rows[range.clone()].iter();
            if let Some(row) = entries.position(|&i| i as usize >= incoming) {
                let row = range.start + row;
                return Err(Error::Pairs {
                    column,
                    row,
                    expected: format!("below the {incoming} incoming rows"),
                    value: rows[row].to_string(),
                });
            }
        }
        Ok(())
    }

    /// The list turned round: for each of `incoming` rows, the outgoing rows it enters and with how much.
    ///
    /// This is what the backward of a blend walks; a row that enters nothing gets an empty list.
    ///
    /// # Errors
    /// [`Error::Pairs`] for an index out of range.
    pub fn invert(&self, incoming: usize) -> Result<Inverse> {
        self.check_rows(incoming)?;
        let mut starts = vec![0u32; incoming + 1];
        for &i in self.own.iter().chain(&self.partner) {
            starts[i as usize + 1] += 1;
        }
        for i in 0..incoming {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut shares = vec![(0u32, 0f64); 2 * self.len()];
        for r in 0..self.len() {
            for (i, share) in [
                (self.own[r], self.weight[r]),
                (self.partner[r], 1.0 - self.weight[r]),
            ] {
                shares[next[i as usize] as usize] = (r as u32, share);
                next[i as usize] += 1;
            }
        }
        Ok(Inverse { starts, shares })
    }
}

/// A pair list read from the incoming side: see [`Pairs::invert`].
#[derive(Debug, Clone, PartialEq)]
pub struct Inverse {
    starts: Vec<u32>,
    shares: Vec<(u32, f64)>,
}

impl Inverse {
    /// Number of incoming rows.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no incoming row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The (outgoing row, share) pairs that incoming row `i` enters, in order of the outgoing rows.
    pub fn of(&self, i: usize) -> &[(u32, f64)] {
        &self.shares[self.starts[i] as usize..self.starts[i + 1] as usize]
    }
}

fn check_range(column: &'static str, values: &[f64], most: f64) -> Result<()> {
    match values.iter().position(|v| !(0.0..=most).contains(v)) {
        None => Ok(()),
        Some(row) => Err(Error::Pairs {
            column,
            row,
            expected: format!("within [0, {most}]"),
            value: values[row].to_string(),
        }),
    }
}

impl fmt::Display for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for r in 0..self.len() {
            let (w, l) = (self.weight[r], self.label_weight[r]);
            let rest = ((1.0 - w) * 1e6).round() / 1e6;
            writeln!(
                f,
                "{r} <- {w} of {} and {rest} of {}, label {l}",
                self.own[r], self.partner[r]
            )?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Columns {
            own: Vec<u32>,
            partner: Vec<u32>,
            weight: Vec<f64>,
            label_weight: Vec<f64>,
        }
        let c = Columns::deserialize(deserializer)?;
        Self::new(c.own, c.partner, c.weight, c.label_weight).map_err(serde::de::Error::custom)
    }
}
