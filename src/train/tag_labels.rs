//! Labels that are tags of words.

use super::labels::{Labels, TargetKind};
use super::tagged::{TaggedRow, TaggedRows, TaggedWord};
use crate::error::{Error, Result};
use crate::plan::Reordered;

impl Labels {
    /// Tags of words, each a number below `outputs`: a token that carries a word has its tag as a one-hot target, any
    /// other an all-zero one, which asks for nothing. Tags are numbered as [`metrics::tagging`](crate::metrics::tagging)
    /// says.
    ///
    /// # Errors
    /// [`Error::Shape`] for a tag or a token that there is not, and for two words that one token carries.
    pub fn tagged(rows: Vec<TaggedRow>, outputs: usize) -> Result<Self> {
        let tagged = TaggedRows::new(rows, outputs)?;
        Ok(Self {
            kind: TargetKind::Tags,
            values: tagged.targets(outputs),
            outputs,
            classes: vec![0; tagged.rows().len()],
            scale: None,
            prior: None,
            tagged: Some(tagged),
        })
    }

    /// The words of a row, where labels are tags.
    pub fn words(&self, row: u32) -> Option<&[TaggedWord]> {
        let tagged = self.tagged.as_ref()?;
        Some(&tagged.row(row).words)
    }

    /// The same, the last of the rows with their words in the orders of `reordered`.
    ///
    /// # Errors
    /// [`Error::Conflict`] where labels are no tags; [`Error::Shape`] for orders that do not fit the rows.
    pub(super) fn gather_reordered(&self, rows: &[u32], reordered: &Reordered) -> Result<Vec<f32>> {
        let Some(tagged) = &self.tagged else {
            let problem = "only rows whose words have tags can be reordered";
            return Err(Error::Conflict(problem.into()));
        };
        let mut targets = self.gather(rows);
        let width = targets.len() / rows.len().max(1);
        let plain = rows.len().saturating_sub(reordered.orders.len());
        for (i, (row, cells)) in rows.iter().zip(targets.chunks_mut(width)).enumerate() {
            if i < plain {
                continue;
            }
            let own = tagged.row(*row);
            let words: Vec<_> = own.words.iter().map(|w| w.tokens.clone()).collect();
            let order = reordered.tokens(i - plain, &words, own.tokens)?;
            let from = self.row(*row);
            for (to, place) in cells.chunks_mut(self.outputs).zip(order) {
                to.copy_from_slice(&from[place as usize * self.outputs..][..self.outputs]);
            }
        }
        Ok(targets)
    }

    /// The number of words of each of these rows, where labels are tags.
    pub(super) fn word_counts(&self, rows: &[u32]) -> Option<Vec<u32>> {
        let tagged = self.tagged.as_ref()?;
        let count = |&row: &u32| tagged.row(row).words.len() as u32;
        Some(rows.iter().map(count).collect())
    }
}
