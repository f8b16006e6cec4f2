//! The k nearest rows so far, by (rank, row).

/// The k nearest so far.
#[derive(Debug, Clone)]
pub(super) struct Best {
    k: usize,
    rows: Vec<(f64, u32)>,
}

impl Best {
    pub(super) fn new(k: usize) -> Self {
        Self {
            k,
            rows: Vec::with_capacity(k + 1),
        }
    }

    /// The rank that a row must not exceed to be taken in.
    pub(super) fn limit(&self) -> f64 {
        match self.rows.len() < self.k {
            true => f64::INFINITY,
            false => self.rows[self.k - 1].0,
        }
    }

    /// Takes a row in, if it is among the k nearest.
    pub(super) fn offer(&mut self, rank: f64, row: u32) {
        let behind = |r: &(f64, u32)| r.0.total_cmp(&rank).then(r.1.cmp(&row)).is_gt();
        if self.rows.len() == self.k && !self.rows.last().is_some_and(behind) {
            return;
        }
        let at = self.rows.partition_point(|r| !behind(r));
        self.rows.insert(at, (rank, row));
        self.rows.truncate(self.k);
    }

    /// The rows, nearest first.
    pub(super) fn rows(&self) -> &[(f64, u32)] {
        &self.rows
    }
}

/// The k nearest of all of some rows.
pub(super) fn of_all(all: &mut Vec<(f64, u32)>, k: usize) {
    let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if k < all.len() {
        all.select_nth_unstable_by(k, order);
        all.truncate(k);
    }
    all.sort_unstable_by(order);
}
