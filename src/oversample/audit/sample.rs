//! Seeded samples of rows, without replacement and in ascending order.

use std::collections::BTreeSet;

use crate::error::Result;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::{Real, Rows};
use crate::random::{Purpose, Stream, name_key};

/// Synthetic rows that are made at a time.
const BLOCK: usize = 1 << 16;

/// `most` of the numbers 0..n, or all of them, ascending (Floyd's algorithm: Bentley 1987). Each `what` and class has
/// a stream of its own.
pub(super) fn picks(n: usize, most: usize, seed: u64, what: &str, class: u32) -> Vec<usize> {
    if n <= most {
        return (0..n).collect();
    }
    let mut stream = Stream::keyed(seed, Purpose::Order, name_key(what), u64::from(class));
    let mut chosen = BTreeSet::new();
    for last in n - most..n {
        let drawn = stream.below(last + 1);
        if !chosen.insert(drawn) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}

/// Copies of some rows.
pub(super) struct Sample<T> {
    numbers: Vec<T>,
    width: usize,
    codes: Vec<u32>,
    categories: usize,
    len: usize,
}

impl<T: Real> Sample<T> {
    /// No rows yet, as wide as `rows`.
    fn like(rows: &Rows<'_, T>) -> Self {
        Self {
            numbers: Vec::new(),
            width: rows.width(),
            codes: Vec::new(),
            categories: rows.categories(),
            len: 0,
        }
    }

    /// These rows of a table.
    pub fn of_rows(rows: &Rows<'_, T>, chosen: &[u32]) -> Self {
        let mut sample = Self::like(rows);
        for &i in chosen {
            sample.push(rows.numbers(i as usize), rows.codes(i as usize));
        }
        sample
    }

    /// These rows of the sample.
    pub fn part(&self, chosen: &[usize]) -> Self {
        let mut part = Self {
            numbers: Vec::new(),
            codes: Vec::new(),
            len: 0,
            ..*self
        };
        for &i in chosen {
            part.push(self.numbers(i), self.codes(i));
        }
        part
    }

    /// The synthetic rows of these numbers, ascending, after `fit`.
    pub fn of_recipe(
        recipe: &Recipe,
        rows: &Rows<'_, T>,
        chosen: &[usize],
        fit: &dyn Fn(&mut [T]),
    ) -> Result<Self> {
        let mut sample = Self::like(rows);
        for chunk in chosen.chunk_by(|a, b| a / BLOCK == b / BLOCK) {
            let (Some(&first), Some(&last)) = (chunk.first(), chunk.last()) else {
                continue;
            };
            let mut numbers = recipe.numbers(rows, first..last + 1)?;
            fit(&mut numbers);
            let codes = recipe.codes(rows, first..last + 1)?;
            for r in chunk.iter().map(|r| r - first) {
                sample.push(
                    &numbers[r * rows.width()..][..rows.width()],
                    &codes[r * rows.categories()..][..rows.categories()],
                );
            }
        }
        Ok(sample)
    }

    /// One more row.
    pub fn push(&mut self, numbers: &[T], codes: &[u32]) {
        self.numbers.extend_from_slice(numbers);
        self.codes.extend_from_slice(codes);
        self.len += 1;
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The numbers of row `i`.
    pub fn numbers(&self, i: usize) -> &[T] {
        &self.numbers[i * self.width..][..self.width]
    }

    /// The codes of row `i`.
    pub fn codes(&self, i: usize) -> &[u32] {
        &self.codes[i * self.categories..][..self.categories]
    }

    /// The sample as rows.
    pub fn rows(&self) -> Result<Rows<'_, T>> {
        Rows::mixed(&self.numbers, self.width, &self.codes, self.categories)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_are_distinct_ascending_and_seeded() {
        let chosen = picks(1000, 100, 7, "a", 0);
        assert_eq!(chosen.len(), 100);
        assert!(chosen.is_sorted_by(|a, b| a < b) && chosen[99] < 1000);
        assert_eq!(chosen, picks(1000, 100, 7, "a", 0));
        assert_ne!(chosen, picks(1000, 100, 8, "a", 0));
        assert_ne!(chosen, picks(1000, 100, 7, "b", 0));
        assert_ne!(chosen, picks(1000, 100, 7, "a", 1));
        assert_eq!(picks(3, 100, 7, "a", 0), [0, 1, 2]);
    }

    #[test]
    fn every_number_is_picked_equally_often() {
        let mut times = [0usize; 10];
        for seed in 0..2000 {
            for i in picks(10, 3, seed, "a", 0) {
                times[i] += 1;
            }
        }
        // 600 each, with a standard deviation of about 20.
        assert!(times.iter().all(|t| (500..700).contains(t)), "{times:?}");
    }
}
