//! What a measurement is told.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::plan::Site;

/// The settings of a measurement, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearitySettings {
    /// Pairs of rows to be drawn; default 512.
    pub pairs: usize,
    /// The grid of λ, each in [0, 1] and at least one inside; default 0.1, 0.2, ..., 0.9.
    pub weights: Vec<f64>,
    /// The sites; empty, the default, means all that the model has.
    pub sites: Vec<Site>,
    /// Keys the draw of pairs and the resampling for intervals; default 0.
    pub seed: u64,
}

impl Default for LinearitySettings {
    fn default() -> Self {
        Self {
            pairs: 512,
            weights: (1..10).map(|tenth| f64::from(tenth) / 10.0).collect(),
            sites: Vec::new(),
            seed: 0,
        }
    }
}

impl LinearitySettings {
    /// What suffices beside a training run: 64 pairs and λ of 0.25, 0.5 and 0.75.
    pub fn brief() -> Self {
        Self {
            pairs: 64,
            weights: vec![0.25, 0.5, 0.75],
            ..Self::default()
        }
    }

    /// The sites asked for, in the model's order.
    ///
    /// # Errors
    /// [`Error::Setting`] for no pair, a weight outside [0, 1] or given twice, or none inside; [`Error::NoSite`] for a
    /// site that is not among `own`.
    pub fn check(&self, own: &[Site]) -> Result<Vec<Site>> {
        if self.pairs == 0 {
            return Err(Error::setting("pairs", "1 or more", self.pairs));
        }
        inner(&self.weights)?;
        if let Some(site) = self.sites.iter().find(|site| !own.contains(site)) {
            return Err(Error::NoSite {
                site: site.to_string(),
                sites: own.iter().map(Site::to_string).collect(),
            });
        }
        let wanted = |site: &Site| self.sites.is_empty() || self.sites.contains(site);
        Ok(own.iter().copied().filter(wanted).collect())
    }
}

/// The weights between 0 and 1.
pub(super) fn inner(weights: &[f64]) -> Result<Vec<f64>> {
    for (i, weight) in weights.iter().enumerate() {
        if !(0.0..=1.0).contains(weight) {
            return Err(Error::setting("weights", "within [0, 1]", weight));
        }
        if weights[..i].contains(weight) {
            return Err(Error::setting("weights", "each λ once", weight));
        }
    }
    let inside = weights.iter().copied().filter(|w| *w != 0.0 && *w != 1.0);
    let inside: Vec<f64> = inside.collect();
    match inside.is_empty() {
        true => {
            let expected = "at least one λ between 0 and 1, where f is on no row";
            Err(Error::setting("weights", expected, format!("{weights:?}")))
        }
        false => Ok(inside),
    }
}
