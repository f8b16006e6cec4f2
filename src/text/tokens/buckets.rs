//! Batches of rows of similar length, so that little is padded.

use crate::random::{Purpose, Stream};

/// Batches that are sorted by length together.
const POOL: usize = 8;

/// The key of the draw that orders an epoch's batches; 0 is the order of its rows.
const BATCH_ORDER: u64 = 1;

/// Cuts an epoch's permuted rows into batches of similar length.
///
/// Rows are taken from `order` in pools of 8 batches, each pool sorted by `lengths`, cut into batches of `batch` rows
/// (one of the last pool may be smaller), and all the batches shuffled by the stream of (seed, epoch). With a `batch`
/// of 0 there are no batches.
pub fn length_batches(
    lengths: &[u32],
    order: &[u32],
    batch: usize,
    seed: u64,
    epoch: u64,
) -> Vec<Vec<u32>> {
    if batch == 0 {
        return Vec::new();
    }
    let mut batches = Vec::with_capacity(order.len().div_ceil(batch));
    for pool in order.chunks(POOL * batch) {
        let mut pool = pool.to_vec();
        pool.sort_by_key(|&row| lengths[row as usize]); // stable: equals stay in drawn order
        batches.extend(pool.chunks(batch).map(<[u32]>::to_vec));
    }
    Stream::keyed(seed, Purpose::Order, BATCH_ORDER, epoch).shuffle(&mut batches);
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(seed: u64, epoch: u64, rows: usize, batch: usize) -> (Vec<u32>, Vec<Vec<u32>>) {
        let lengths: Vec<u32> = (0..rows as u32).map(|r| r * 7919 % 61).collect();
        let order = Stream::new(seed, Purpose::Order, epoch).permutation(rows);
        let batches = length_batches(&lengths, &order, batch, seed, epoch);
        (lengths, batches)
    }

    #[test]
    fn every_row_stands_once() {
        for (rows, batch) in [(0, 4), (1, 4), (3, 4), (100, 7), (1000, 32)] {
            let (_, batches) = epoch(3, 0, rows, batch);
            let mut all = batches.concat();
            all.sort_unstable();
            assert_eq!(all, (0..rows as u32).collect::<Vec<_>>());
            assert!(batches.iter().all(|b| b.len() <= batch));
            assert_eq!(batches.len(), rows.div_ceil(batch));
        }
        assert!(epoch(3, 0, 5, 0).1.is_empty());
    }

    #[test]
    fn the_same_epoch_repeats_and_the_next_differs() {
        assert_eq!(epoch(3, 1, 500, 16), epoch(3, 1, 500, 16));
        assert_ne!(epoch(3, 1, 500, 16), epoch(3, 2, 500, 16));
        assert_ne!(epoch(3, 1, 500, 16), epoch(4, 1, 500, 16));
    }

    #[test]
    fn little_is_padded() {
        let (lengths, batches) = epoch(5, 0, 1024, 16);
        let longest = |b: &Vec<u32>| b.iter().map(|&r| lengths[r as usize]).max().unwrap_or(0);
        let padded: u32 = batches.iter().map(|b| longest(b) * b.len() as u32).sum();
        let real: u32 = lengths.iter().sum();
        // without buckets nearly every batch would hold one of the longest rows: 60 / 30
        assert!(
            f64::from(padded) < 1.25 * f64::from(real),
            "{padded} of {real}"
        );
        assert!(batches.windows(2).any(|w| longest(&w[0]) > longest(&w[1])));
    }
}
