//! What the page of `mixup linearity` is made of.

use serde::{Deserialize, Serialize};

use crate::linearity::{Linearity, SiteGradient, SiteSpectrum};

/// One trained model, measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunLinearity {
    /// Its folder.
    pub run: String,
    /// Rows that the pairs were drawn from.
    pub rows: usize,
    /// The gaps, by how the rows of a pair stand to each other.
    pub between: Vec<Linearity>,
    /// Singular values by site.
    pub spectra: Vec<SiteSpectrum>,
    /// Steepness by site.
    pub gradients: Vec<SiteGradient>,
}

/// Everything on the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearityReport {
    /// Version of the program that made it.
    pub version: String,
    /// Full settings.
    pub settings: serde_json::Value,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The runs, all measured between the same rows.
    pub runs: Vec<RunLinearity>,
}
