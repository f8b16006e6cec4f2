//! The state of a run that goes on: weights, optimiser moments, the best weights so far, and where it was.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use candle_core::Tensor;

use super::session::Progress;
use crate::error::{Error, Result};
use crate::files;
use crate::nn::{AdamW, Pretrained, Weights};

/// Where a run keeps its last checkpoint, and how often it is written.
///
/// It is written beside and renamed, so a kill at any moment leaves a whole one. At an epoch's end it is written only
/// if at least ten times as long has passed since the last one as writing that one took, so that runs of short epochs
/// do not spend their time writing.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    every: Duration,
    written: Instant,
    cost: Duration,
}

/// What a checkpoint held.
#[derive(Debug)]
pub(super) struct Saved {
    pub progress: Progress,
    pub weights: Pretrained,
    pub optimiser: BTreeMap<String, Tensor>,
    pub best: Option<BTreeMap<String, Tensor>>,
}

impl Checkpoint {
    /// A checkpoint at `path`, written at least every `every`.
    pub fn new(path: impl Into<PathBuf>, every: Duration) -> Self {
        Self {
            path: path.into(),
            every,
            written: Instant::now(),
            cost: Duration::ZERO,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is time to write one.
    pub(super) fn is_due(&self, epoch_ended: bool) -> bool {
        let since = self.written.elapsed();
        since >= self.every || (epoch_ended && since >= self.cost * 10)
    }

    pub(super) fn save(
        &mut self,
        progress: &Progress,
        weights: &Weights,
        optimiser: &AdamW,
        best: Option<&BTreeMap<String, Tensor>>,
    ) -> Result<()> {
        let started = Instant::now();
        let mut tensors: BTreeMap<String, Tensor> = BTreeMap::new();
        let groups = [
            ("weight", Some(weights.tensors()?)),
            ("state", Some(optimiser.state()?)),
            ("best", best.cloned()),
        ];
        for (group, members) in groups {
            let members = members.into_iter().flatten();
            tensors.extend(members.map(|(name, tensor)| (format!("{group}/{name}"), tensor)));
        }
        let progress = serde_json::to_string(progress).map_err(|e| Error::file(&self.path, e))?;
        let metadata = HashMap::from([("progress".to_string(), progress)]);
        files::write_tensors(&self.path, &tensors, metadata)?;
        self.cost = started.elapsed();
        self.written = Instant::now();
        Ok(())
    }

    /// The last checkpoint, or `None` where none was written yet.
    pub(super) fn load(&self) -> Result<Option<Saved>> {
        if !self.path.exists() {
            return Ok(None);
        }
        let (tensors, metadata) = files::read_tensors(&self.path)?;
        let progress = metadata
            .get("progress")
            .ok_or_else(|| Error::file(&self.path, "not a checkpoint"))?;
        let progress = serde_json::from_str(progress).map_err(|e| Error::file(&self.path, e))?;
        let group = |group: &str| -> BTreeMap<String, Tensor> {
            let strip = |(name, tensor): (&String, &Tensor)| {
                Some((
                    name.strip_prefix(group)?.strip_prefix('/')?.to_string(),
                    tensor.clone(),
                ))
            };
            tensors.iter().filter_map(strip).collect()
        };
        let best = group("best");
        Ok(Some(Saved {
            progress,
            weights: Pretrained::from_map(&self.path, group("weight"))?,
            optimiser: group("state"),
            best: (!best.is_empty()).then_some(best),
        }))
    }

    /// Deletes the file, if there is one: the run has ended.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn delete(&self) -> Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(&self.path)(e)),
            _ => Ok(()),
        }
    }
}
