//! What one run of a comparison leaves in its folder, so that an interrupted comparison goes on run by run.

use std::path::Path;

use candle_mixup::linearity::Linearity;
use candle_mixup::metrics::Scores;
use candle_mixup::train::Point;
use candle_mixup::{Error, Readings};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What one run left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    pub arm: String,
    pub seed: u64,
    pub test: Scores,
    pub history: Vec<Point>,
    pub steps: u64,
    pub best_step: Option<u64>,
    pub skipped: u64,
    #[serde(default)]
    pub unspanned: u64,
    #[serde(default)]
    pub readings: Readings,
    pub silent: Vec<String>,
    /// Not in the file of a run that an earlier version left.
    #[serde(default)]
    pub linearity: Option<Linearity>,
    pub seconds: f64,
}

impl Done {
    /// What a run recorded besides its scores.
    pub fn details(&self) -> serde_json::Value {
        json!({
            "arm": self.arm, "seed": self.seed, "steps": self.steps, "best_step": self.best_step,
            "batches_too_small_to_mix": self.skipped,
            "rows_too_short_for_a_span": self.unspanned,
            "texts_to_change": self.readings.texts, "texts_left_as_they_were": self.readings.unchanged,
            "weights_without_gradient_at_first": self.silent, "seconds": self.seconds,
        })
    }
}

/// A finished run's file. A torn one cannot be: it was written beside and renamed.
pub fn read_cell<T: DeserializeOwned>(file: &Path) -> candle_mixup::Result<Option<T>> {
    match std::fs::read_to_string(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io(file)(e)),
        Ok(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|e| Error::file(file, e)),
    }
}

/// An arm's name as part of a file name.
pub fn file_name(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect()
}
