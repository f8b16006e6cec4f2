//! In which order rows are visited, and which rows share a batch.

use crate::random::{Purpose, Stream};

/// Batches of one pool at most, when rows of similar size are put together.
const POOL: usize = 8;

/// The batches of one epoch: a permutation keyed by (seed, epoch), cut into batches of `batch` rows.
///
/// In runs of sixteen batches and more, rows of similar size (`size`, tokens of a text) are put together inside pools
/// of up to eight batches, so that a batch holds little padding; in shorter runs that would make the same rows meet
/// in every epoch. The last, smaller batch is kept.
pub fn batches(
    seed: u64,
    epoch: u32,
    rows: &[u32],
    batch: usize,
    size: impl Fn(u32) -> usize,
) -> Vec<Vec<u32>> {
    let mut stream = Stream::new(seed, Purpose::Order, u64::from(epoch));
    let mut rows = rows.to_vec();
    stream.shuffle(&mut rows);
    let pool = (rows.len().div_ceil(batch) / 8).clamp(1, POOL);
    if pool == 1 {
        return rows.chunks(batch).map(<[u32]>::to_vec).collect();
    }
    for pool in rows.chunks_mut(pool * batch) {
        pool.sort_by_key(|&row| size(row));
    }
    let mut batches: Vec<Vec<u32>> = rows.chunks(batch).map(<[u32]>::to_vec).collect();
    stream.shuffle(&mut batches);
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_once_and_keyed_by_seed_and_epoch() {
        for n in [1usize, 31, 60, 1000] {
            let rows: Vec<u32> = (5..5 + n as u32).collect();
            let order = |seed, epoch| batches(seed, epoch, &rows, 32, |r| (r as usize * 7) % 50);
            let mut seen = order(1, 2).concat();
            seen.sort_unstable();
            assert_eq!(seen, rows);
            assert_eq!(order(1, 2), order(1, 2));
            if n > 1 {
                assert_ne!(order(1, 2), order(1, 3));
                assert_ne!(order(1, 2), order(2, 2));
            }
        }
    }

    #[test]
    fn large_runs_put_similar_sizes_together_and_small_runs_do_not() {
        let spread = |n: u32| {
            let rows: Vec<u32> = (0..n).collect();
            let size = |r: u32| (r as usize * 37) % 100;
            let all = batches(0, 0, &rows, 32, size);
            let width = |b: &Vec<u32>| {
                let sizes: Vec<usize> = b.iter().map(|&r| size(r)).collect();
                sizes.iter().max().unwrap_or(&0) - sizes.iter().min().unwrap_or(&0)
            };
            all.iter().map(width).sum::<usize>() / all.len()
        };
        assert!(spread(3200) < 30, "{}", spread(3200));
        assert!(spread(96) > 80, "{}", spread(96));
    }
}
