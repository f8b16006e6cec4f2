//! The settings of an oversampler: plain data, checked once.

use serde::{Deserialize, Serialize};

use super::method::Method;
use super::strategy::Strategy;
use crate::error::{Error, Result};

/// How to oversample. [`Settings::check`] makes an [`Oversampler`](super::Oversampler) of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How rows are made. Default: SMOTE with k = 5.
    pub method: Method,
    /// Which classes grow, and to what total. Default: all, up to the largest.
    pub strategy: Strategy,
    /// How far apart two rows are. Default: Euclidean. Methods that measure no distance ([`Method::measures`]) do not
    /// look at it, nor at the scale; an [`audit`](super::audit) does.
    pub metric: Metric,
    /// What the numeric columns are divided by inside the distance, and only there. Default: nothing.
    pub scale: Scale,
    /// From which rows synthetic ones start, where the method leaves it open: ADASYN, star and ProWSyn count
    /// themselves. Default: drawn.
    pub bases: Bases,
    /// What becomes of a class with fewer than k + 1 rows. Default: it is an error.
    pub small_class: SmallClass,
    /// What becomes of a class in which the method finds no row to start from. Default: it is an error.
    pub fallback: Fallback,
    /// Whose rules hold where imbalanced-learn's differ from ours and are no plain defects. Default: ours.
    pub like: Like,
    /// Seed of all draws. Default: 0.
    pub seed: u64,
}

impl Settings {
    /// Checks every number as far as it can be without rows.
    ///
    /// # Errors
    /// [`Error::Setting`] naming range and value, [`Error::Conflict`] for a metric beside a method that has its own, or
    /// bases beside one that counts how often each row starts.
    pub fn check(self) -> Result<super::Oversampler> {
        self.method.check()?;
        let own = matches!(self.method, Method::Smotenc { .. } | Method::Smoten { .. });
        if own && self.metric != Metric::Euclidean {
            let name = self.method.name();
            return Err(Error::Conflict(format!(
                "{name} measures distances its own way: leave the metric out"
            )));
        }
        if self.bases != Bases::Random && !self.method.leaves_bases_open() {
            return Err(Error::Conflict(format!(
                "{} counts how often each row starts: leave the bases out",
                self.method.name()
            )));
        }
        Ok(super::Oversampler { settings: self })
    }
}

/// The distance between two rows. A column is first divided by what [`Scale`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// √Σ(x − y)².
    #[default]
    Euclidean,
    /// Σ|x − y|.
    Manhattan,
    /// 1 − cos(x, y); a row of zeros is at distance 1 from every other, and at 0 from another row of zeros.
    Cosine,
}

/// What a numeric column is divided by inside the distance. Rows that are written keep their units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Nothing.
    #[default]
    None,
    /// The population standard deviation over all rows.
    Standard,
    /// The distance between the quartiles over all rows.
    Robust,
}

/// From which rows synthetic rows start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bases {
    /// Drawn with replacement.
    #[default]
    Random,
    /// Each as often as any other, but for one.
    Even,
}

/// What becomes of a class with fewer than k + 1 rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmallClass {
    /// An error that names class, rows and k.
    #[default]
    Refuse,
    /// k becomes the number of rows less one; a class of one row is an error.
    ShrinkK,
    /// The same, and a class of one row is duplicated.
    Duplicate,
}

/// What becomes of a class in which the method finds no row to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fallback {
    /// An error with the reason.
    #[default]
    Refuse,
    /// SMOTE with the method's k.
    Smote,
}

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Like {
    /// This library's.
    #[default]
    Own,
    /// Those of imbalanced-learn 0.14.
    Imblearn,
}
