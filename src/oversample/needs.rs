//! What each method takes, looks at and needs, and the ranges of its settings.

use std::ops::RangeInclusive;

use super::method::{Method, MixupPartner, Selection, five};
use crate::error::{Error, Result};

/// The columns that a method takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Numeric columns only.
    Numbers,
    /// Categorical columns only.
    Categories,
    /// At least one of each.
    Both,
    /// Any.
    Any,
}

impl Method {
    /// Which columns it takes.
    pub fn takes(&self) -> Takes {
        match self {
            Self::Random {} => Takes::Any,
            Self::Smotenc { .. } => Takes::Both,
            Self::Smoten { .. } => Takes::Categories,
            _ => Takes::Numbers,
        }
    }

    /// Whether it looks at the rows of all classes, or only at those of the class that grows.
    pub fn sees_all_rows(&self) -> bool {
        match self {
            Self::Random {} | Self::Rose { .. } | Self::Smote { .. } | Self::Smotenc { .. } => {
                false
            }
            Self::Star { .. } => false,
            Self::Geometric { selection, .. } => *selection != Selection::Minority,
            Self::Mixup { partner, .. } => *partner == MixupPartner::Any,
            _ => true,
        }
    }

    /// Whether it measures distances between rows by the metric and the scale of the settings.
    pub fn measures(&self) -> bool {
        !matches!(
            self,
            Self::Random {}
                | Self::Rose { .. }
                | Self::Smoten { .. }
                | Self::Star { .. }
                | Self::Mixup { .. }
        )
    }

    /// Whether it leaves open from which rows synthetic ones start.
    pub(super) fn leaves_bases_open(&self) -> bool {
        !matches!(
            self,
            Self::Adasyn { .. } | Self::Star { .. } | Self::Prowsyn { .. }
        )
    }

    /// Whether it looks for the k nearest rows of the class.
    pub(super) fn has_k(&self) -> bool {
        self.neighbours().is_some() && !matches!(self, Self::Mixup { .. } | Self::Prowsyn { .. })
    }

    /// How many other rows of the class a row needs, if any.
    pub(super) fn neighbours(&self) -> Option<usize> {
        match *self {
            Self::Smote { k }
            | Self::Smotenc { k }
            | Self::Smoten { k }
            | Self::Borderline1 { k, .. }
            | Self::Svm { k, .. }
            | Self::Kmeans { k, .. }
            | Self::Adasyn { k } => Some(k),
            Self::Geometric { k, selection, .. } if selection != Selection::Majority => Some(k),
            Self::Mixup {
                partner: MixupPartner::SameClass,
                ..
            }
            | Self::Prowsyn { .. } => Some(1),
            _ => None,
        }
    }

    /// The k of the SMOTE that may take its place.
    pub(super) fn smote_k(&self) -> usize {
        match *self {
            Self::Borderline2 { k, .. } | Self::Prowsyn { k, .. } | Self::Geometric { k, .. } => k,
            _ => self.neighbours().unwrap_or(five()),
        }
    }

    /// The same with fewer neighbours in the class.
    pub(super) fn with_neighbours(&self, fewer: usize) -> Self {
        let mut method = self.clone();
        match &mut method {
            Self::Smote { k }
            | Self::Smotenc { k }
            | Self::Smoten { k }
            | Self::Borderline1 { k, .. }
            | Self::Svm { k, .. }
            | Self::Kmeans { k, .. }
            | Self::Adasyn { k }
            | Self::Geometric { k, .. } => *k = fewer,
            _ => {}
        }
        method
    }

    pub(super) fn check(&self) -> Result<()> {
        let count = |field: &str, value: usize| match value {
            0 => Err(Error::setting(field, "at least 1", value)),
            _ => Ok(()),
        };
        match self {
            Self::Random {} | Self::Star { .. } => Ok(()),
            Self::Rose { shrinkage } => number("shrinkage", *shrinkage, 0.0..=f64::MAX),
            Self::Smote { k } | Self::Smotenc { k } | Self::Smoten { k } | Self::Adasyn { k } => {
                count("k", *k)
            }
            Self::Borderline1 { k, m } | Self::Borderline2 { k, m } => {
                count("k", *k)?;
                count("m", *m)
            }
            Self::Svm { k, m, out_step } => {
                count("k", *k)?;
                count("m", *m)?;
                number("out_step", *out_step, f64::MIN_POSITIVE..=1.0)
            }
            Self::Kmeans {
                k,
                clusters,
                threshold,
                exponent,
            } => {
                count("k", *k)?;
                count("clusters", *clusters)?;
                number("threshold", threshold.unwrap_or(0.0), 0.0..=1.0)?;
                number("exponent", exponent.unwrap_or(1.0), f64::MIN..=f64::MAX)
            }
            Self::Geometric {
                k,
                truncation,
                deformation,
                ..
            } => {
                count("k", *k)?;
                number("truncation", *truncation, -1.0..=1.0)?;
                number("deformation", *deformation, 0.0..=1.0)
            }
            Self::Prowsyn { levels, k, theta } => {
                count("levels", *levels)?;
                count("k", *k)?;
                number("theta", *theta, 0.0..=f64::MAX)
            }
            Self::Mixup { weight, label, .. } => {
                weight.check_constant("weight")?;
                label.check()
            }
        }
    }
}

fn number(field: &str, value: f64, range: RangeInclusive<f64>) -> Result<()> {
    if value.is_finite() && range.contains(&value) {
        return Ok(());
    }
    let expected = match (*range.start(), *range.end()) {
        (f64::MIN, _) => "finite".to_owned(),
        (low, f64::MAX) => format!("finite and at least {low}"),
        (f64::MIN_POSITIVE, high) => format!("above 0 and at most {high}"),
        (low, high) => format!("within [{low}, {high}]"),
    };
    Err(Error::setting(field, expected, value))
}
