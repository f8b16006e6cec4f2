//! The draws of one class: keyed by seed, purpose, class and block of rows, so that they depend on nothing else.

use rand_distr::{Distribution, StandardNormal};

use crate::random::{Purpose, Stream, name_key};

/// Rows that share a stream: enough to make its beginning cheap, few enough to spread over threads.
pub(super) const BLOCK: usize = 1024;

/// The draws of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    seed: u64,
    class: u32,
}

impl Draws {
    pub(super) fn new(seed: u64, class: u32) -> Self {
        Self { seed, class }
    }

    /// The stream of a purpose; `counter` is the block, the row, or 0.
    pub(super) fn stream(&self, purpose: Purpose, counter: usize) -> Stream {
        let key = name_key("oversample").wrapping_add(u64::from(self.class));
        Stream::keyed(self.seed, purpose, key, counter as u64)
    }

    /// One normal draw a column for row `r`, of the given standard deviations. That of a deviation of 0 is −0, which
    /// can be added to any number, −0 included, without changing a bit of it.
    pub(super) fn normals(&self, r: usize, deviation: &[f64]) -> Vec<f64> {
        let mut stream = self.stream(Purpose::Residue, r);
        let draw = |&sd: &f64| {
            let z: f64 = StandardNormal.sample(stream.rng());
            if sd == 0.0 { -0.0 } else { sd * z }
        };
        deviation.iter().map(draw).collect()
    }
}
