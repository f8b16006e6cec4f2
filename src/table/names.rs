//! The distinct names of a column, counted.

use std::collections::HashMap;

/// Distinct names of a column at most.
pub(super) const MOST_NAMES: usize = 1_000_000;
/// Names that are looked for one by one, which is faster than hashing.
const FEW: usize = 8;

/// Names and how often each was seen.
#[derive(Debug, Default)]
pub(super) struct Names {
    few: Vec<(Box<[u8]>, u64)>,
    many: HashMap<Box<[u8]>, u64>,
    /// More than [`MOST_NAMES`]: nothing is kept any more.
    too_many: bool,
}

impl Names {
    pub fn add(&mut self, name: &[u8]) {
        self.add_times(name, 1);
    }

    fn add_times(&mut self, name: &[u8], times: u64) {
        if let Some((_, count)) = self.few.iter_mut().find(|(n, _)| **n == *name) {
            *count += times;
        } else if self.too_many {
        } else if self.few.len() < FEW {
            self.few.push((name.into(), times));
        } else if let Some(count) = self.many.get_mut(name) {
            *count += times;
        } else {
            self.many.insert(name.into(), times);
            self.forget_too_many();
        }
    }

    fn forget_too_many(&mut self) {
        if self.few.len() + self.many.len() > MOST_NAMES {
            *self = Self {
                too_many: true,
                ..Self::default()
            };
        }
    }

    pub fn merge(&mut self, other: Self) {
        if other.too_many {
            *self = other;
            return;
        }
        for (name, count) in other.few.into_iter().chain(other.many) {
            self.add_times(&name, count);
        }
    }

    pub fn too_many(&self) -> bool {
        self.too_many
    }

    /// The names in ascending order.
    pub fn sorted(self) -> Vec<(String, u64)> {
        let text =
            |(name, count): (Box<[u8]>, u64)| (String::from_utf8_lossy(&name).into_owned(), count);
        let mut names: Vec<_> = self.few.into_iter().chain(self.many).map(text).collect();
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_sorts() {
        let mut names = Names::default();
        let mut others = Names::default();
        for i in 0..100 {
            names.add((i % 20).to_string().as_bytes());
            others.add((i % 30).to_string().as_bytes());
        }
        names.merge(others);
        let sorted = names.sorted();
        assert_eq!(sorted.len(), 30);
        assert_eq!(sorted.iter().map(|(_, n)| n).sum::<u64>(), 200);
        assert_eq!(sorted[0], ("0".into(), 9));
        assert!(sorted.is_sorted());
    }

    #[test]
    fn gives_up_beyond_a_million() {
        let mut names = Names::default();
        for i in 0..=MOST_NAMES as u64 {
            names.add(&i.to_le_bytes());
        }
        assert!(names.too_many());
        let mut others = Names::default();
        others.add(b"x");
        others.merge(names);
        assert!(others.too_many());
    }
}
