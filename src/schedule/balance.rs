//! Oversampling within a batch: rows are added until every class has as many as the batch's most frequent one.

use std::collections::BTreeMap;

use super::clock::Clock;
use super::pairing::{class_index, class_of};
use super::scheduler::Scheduler;
use super::task::Rows;
use crate::error::Result;
use crate::random::Purpose;

impl Scheduler {
    /// The training rows from which the added rows start, class by class; uniform in each class, with replacement.
    pub(super) fn added(&self, clock: Clock, rows: Rows<'_>) -> Result<Vec<u32>> {
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        for &row in rows.batch {
            *counts.entry(class_of(rows, row)?).or_default() += 1;
        }
        let most = counts.values().copied().max().unwrap_or(0);
        let index = class_index(rows)?;
        let mut stream = self.stream(Purpose::Added, clock);
        let mut added = Vec::new();
        for (class, members) in index.classes() {
            let missing = most - counts.get(class).copied().unwrap_or(0);
            added.extend((0..missing).map(|_| members[stream.below(members.len())]));
        }
        Ok(added)
    }
}
