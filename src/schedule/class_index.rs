//! The training rows of each class.

use std::collections::BTreeMap;

/// Training rows by class, prepared once a run: a draw from a class then costs the same in any training set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassIndex(Vec<(u32, Vec<u32>)>);

impl ClassIndex {
    /// The rows of every class that occurs, from the class of each training row.
    ///
    /// ```
    /// use candle_mixup::schedule::ClassIndex;
    ///
    /// let index = ClassIndex::new(&[7, 2, 7]);
    /// assert_eq!((index.rows_of(7), index.rows_of(3)), (&[0, 2][..], &[][..]));
    /// ```
    pub fn new(classes: &[u32]) -> Self {
        let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (row, &class) in classes.iter().enumerate() {
            members.entry(class).or_default().push(row as u32);
        }
        Self(members.into_iter().collect())
    }

    /// The classes that occur, rising, with their rows, rising.
    pub fn classes(&self) -> &[(u32, Vec<u32>)] {
        &self.0
    }

    /// The rows of a class.
    pub fn rows_of(&self, class: u32) -> &[u32] {
        match self.0.binary_search_by_key(&class, |(c, _)| *c) {
            Ok(place) => &self.0[place].1,
            Err(_) => &[],
        }
    }
}
