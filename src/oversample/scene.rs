//! What a method sees when it makes rows of one class.

use super::draws::Draws;
use super::neighbours::{Neighbours, Progress, Space};
use super::rows::{Real, Rows};
use super::settings::{Bases, Settings};
use super::strategy::class_name;
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream};
use crate::split::Strata;

/// One class that grows, among all rows.
pub(super) struct Scene<'a, T> {
    /// All rows, or at least those of the class.
    pub rows: Rows<'a, T>,
    /// Their classes.
    pub strata: Strata<'a>,
    /// The class that grows.
    pub class: u32,
    /// Its rows, ascending; at least one.
    pub members: &'a [u32],
    /// Rows to be made of every class.
    pub to_make: &'a [usize],
    /// The checked settings.
    pub settings: &'a Settings,
    /// Distances.
    pub space: &'a Space<'a, T>,
    /// Who is told how far the work is.
    pub progress: &'a dyn Progress,
}

impl<'a, T: Real> Scene<'a, T> {
    /// The draws of this class.
    pub fn draws(&self) -> Draws {
        Draws::new(self.settings.seed, self.class)
    }

    /// Whether row `i` is of the class.
    pub fn is_member(&self, i: u32) -> bool {
        self.strata.classes[i as usize] == self.class
    }

    /// All rows.
    pub fn all(&self) -> Vec<u32> {
        (0..self.rows.len() as u32).collect()
    }

    /// The rows of other classes, ascending.
    pub fn others(&self) -> Vec<u32> {
        (0..self.rows.len() as u32)
            .filter(|&i| !self.is_member(i))
            .collect()
    }

    /// The `k` nearest rows of the class for each of its rows.
    pub fn class_neighbours(&self, k: usize) -> Result<Neighbours> {
        self.space
            .nearest(self.members, self.members, k, self.progress)
    }

    /// Which of `n` bases row `r` of the `count` starts from, by the settings.
    pub fn bases(&self, n: usize) -> impl Fn(usize, &mut Stream) -> usize + Sync + use<T> {
        let order = match self.settings.bases {
            Bases::Random => None,
            Bases::Even => Some(
                self.draws()
                    .stream(Purpose::Base, usize::MAX)
                    .permutation(n),
            ),
        };
        move |r, stream| match &order {
            None => stream.below(n),
            Some(order) => order[r % n] as usize,
        }
    }

    /// The class's name.
    pub fn name(&self) -> String {
        class_name(self.strata.names, self.class)
    }

    /// An [`Error::NoBase`] for this class.
    pub fn no_base(&self, reason: impl Into<String>) -> Error {
        Error::NoBase {
            class: self.name(),
            method: self.settings.method.name(),
            reason: reason.into(),
        }
    }
}
