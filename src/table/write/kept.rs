//! The rows of a file that are kept, as ranges.

use std::ops::Range;

/// Rows that are left out, ascending.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeftOut<'a>(pub &'a [u32]);

impl LeftOut<'_> {
    /// The kept ones of `count` rows from row `first`, counted from `first`.
    pub fn kept(&self, first: u64, count: usize) -> Vec<Range<usize>> {
        let end = first + count as u64;
        let from = self.0.partition_point(|&r| u64::from(r) < first);
        let left = self.0[from..].iter().map(|&r| u64::from(r));
        let mut ranges = Vec::new();
        let mut start = first;
        for row in left.take_while(|&r| r < end).chain([end]) {
            if start < row {
                ranges.push((start - first) as usize..(row - first) as usize);
            }
            start = row + 1;
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_what_is_said() {
        let left = LeftOut(&[0, 3, 4, 9, 12]);
        let first = left.kept(0, 5);
        assert_eq!((first.len(), first[0].clone()), (1, 1..3));
        assert_eq!(left.kept(4, 7), [(1..5), (6..7)]);
        assert_eq!(left.kept(10, 4), [(0..2), (3..4)]);
        assert!(left.kept(12, 1).is_empty());
        assert_eq!(LeftOut(&[]).kept(7, 3).into_iter().flatten().count(), 3);
    }
}
