//! Exact nearest neighbours: ties by (distance, row), the row itself left out by its number.

mod best;
mod codes;
mod leaves;
mod screen;
mod search;
mod space;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub use space::Space;

/// Is told how far long work is, and may stop it.
pub trait Progress: Sync {
    /// Work of `total` units begins.
    fn begin(&self, _work: &str, _total: u64) {}
    /// So many more units are done.
    fn advance(&self, _units: u64) {}
    /// Whether to stop; the work then ends with [`Error::Interrupted`](crate::Error::Interrupted).
    fn stop(&self) -> bool {
        false
    }
}

/// Nobody is told.
impl Progress for () {}

/// The `k` nearest rows of each query, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    k: usize,
    rows: Vec<u32>,
    distances: Vec<f64>,
}

impl Neighbours {
    /// Neighbours of a query.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The neighbours of query `q`, row numbers of the table, by (distance, row).
    pub fn of(&self, q: usize) -> &[u32] {
        &self.rows[q * self.k..][..self.k]
    }

    /// Their distances.
    pub fn distances(&self, q: usize) -> &[f64] {
        &self.distances[q * self.k..][..self.k]
    }
}
