//! Operations on training texts as a schedule says them: which, and how often.

use serde::{Deserialize, Serialize};

use super::curve_check::check_number;
use super::operation::{Chain, OperationKind};
use super::task::{Domain, Task, TaskKind};
use crate::error::{Error, Result};

/// How training texts are changed as they are written, before they become tokens: drawn anew for each text and epoch, a
/// function of (seed, epoch, row), whatever the batch. Words that come in are those of the training texts, and words of
/// another text those of one of the same class, so that targets stay what they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextRule {
    /// The operations, which epochs take in turn, from one on that is uniform for each text. No default.
    pub ops: Vec<Chain>,
    /// The probability, in (0, 1], that a text is changed when it is read; default 1.
    pub probability: f64,
    /// Words that `crop`, `drop` and `delete` leave at least; default 1.
    pub min_keep: usize,
    /// What `mask` writes; default `[MASK]`.
    pub mask: String,
}

impl Default for TextRule {
    fn default() -> Self {
        Self {
            ops: Vec::new(),
            probability: 1.0,
            min_keep: 1,
            mask: "[MASK]".into(),
        }
    }
}

impl TextRule {
    /// # Errors
    /// [`Error::Setting`] for a number out of its range; [`Error::Conflict`] for rows that are no texts with one target
    /// each, for no operation, for one that needs a file, and for a mask that none writes.
    pub(super) fn check(&self, task: &Task) -> Result<()> {
        if task.domain != Domain::Text || task.kind == TaskKind::Tags {
            let problem = "\"texts\" is for texts with one target each";
            return Err(Error::Conflict(problem.into()));
        }
        if self.ops.is_empty() {
            let problem = "\"texts\" has no operation in \"ops\"";
            return Err(Error::Conflict(problem.into()));
        }
        check_number("texts.probability", self.probability, &(0.0..=1.0))?;
        if self.probability == 0.0 {
            return Err(Error::setting(
                "texts.probability",
                "above 0 and at most 1",
                0,
            ));
        }
        if self.min_keep == 0 {
            return Err(Error::setting("texts.min_keep", "at least 1", 0));
        }
        self.ops.iter().try_for_each(Chain::check)?;
        let operations = self.ops.iter().flat_map(|chain| &chain.0);
        if !operations.clone().any(|operation| operation.may_change()) {
            let written: Vec<String> = self.ops.iter().map(Chain::to_string).collect();
            let problem = format!("\"texts\" would change no text by {}", written.join(", "));
            return Err(Error::Conflict(problem));
        }
        self.check_needed(operations.clone().map(|operation| operation.kind))?;
        let mut kinds = operations.map(|operation| operation.kind);
        let of_file =
            |kind: &OperationKind| kind.needs_synonyms() || *kind == OperationKind::Nearest;
        match kinds.find(of_file) {
            None => Ok(()),
            Some(kind) => Err(Error::Conflict(format!(
                "\"texts\": {kind} takes words of a file, and a schedule names none; augment the training file instead"
            ))),
        }
    }

    /// Refuses fields that none of the operations looks at, and a mask that would delete.
    fn check_needed(&self, mut kinds: impl Iterator<Item = OperationKind> + Clone) -> Result<()> {
        let usual = Self::default();
        let unused = |field: &str, of: &str| {
            Err(Error::Conflict(format!(
                "\"texts\": \"{field}\" is for {of}, and none is among \"ops\""
            )))
        };
        if self.mask != usual.mask && !kinds.clone().any(|kind| kind == OperationKind::Mask) {
            return unused("mask", "the operation mask");
        }
        if self.min_keep != usual.min_keep && !kinds.any(OperationKind::keeps_least) {
            return unused("min_keep", "the operations crop, drop and delete");
        }
        match self.mask.trim() {
            "" => Err(Error::setting(
                "texts.mask",
                "a word",
                format!("{:?}", self.mask),
            )),
            _ => Ok(()),
        }
    }
}
