//! New vectors filled in parallel, block by block.
//!
//! `vec![0.0; n]` would write the whole vector once before the work does; here each block is zeroed by the task that
//! fills it, while it is in that task's cache.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// A vector of `n` values made in blocks of `block` (the last may be shorter), and what `fill` returned for each.
///
/// Block i comes to `fill` as zeros, together with item i of `with`, which must have at least as many.
pub(crate) fn fill<T: Send, R: Send>(
    n: usize,
    block: usize,
    with: impl IndexedParallelIterator<Item = T>,
    fill: impl Fn(T, &mut [f32]) -> R + Sync,
) -> (Vec<f32>, Vec<R>) {
    if n == 0 {
        return (Vec::new(), Vec::new());
    }
    assert!(block > 0 && with.len() >= n.div_ceil(block));
    let mut values: Vec<f32> = Vec::with_capacity(n);
    let returned = values.spare_capacity_mut()[..n]
        .par_chunks_mut(block)
        .zip(with)
        .map(|(block, with)| fill(with, zeroed(block)))
        .collect();
    // SAFETY: the chunks cover the first n values, and `zeroed` has written every one of them.
    unsafe { values.set_len(n) };
    (values, returned)
}

fn zeroed(block: &mut [MaybeUninit<f32>]) -> &mut [f32] {
    block.fill(MaybeUninit::new(0.0));
    // SAFETY: every value has just been written, and the two types have the same layout.
    unsafe { &mut *(block as *mut [MaybeUninit<f32>] as *mut [f32]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_made_once() {
        for n in [0, 1, 7, 8, 9, 100] {
            let starts = (0..n).into_par_iter().step_by(4);
            let (values, sums) = fill(n, 4, starts, |start, block| {
                assert!(block.iter().all(|v| *v == 0.0));
                (start..)
                    .zip(block.iter_mut())
                    .for_each(|(i, v)| *v = i as f32);
                block.iter().sum::<f32>()
            });
            assert_eq!(values, (0..n).map(|i| i as f32).collect::<Vec<_>>());
            assert_eq!(sums.iter().sum::<f32>(), values.iter().sum::<f32>());
        }
    }

    #[test]
    #[should_panic]
    fn too_few_items_are_refused() {
        fill(9, 4, (0..2usize).into_par_iter(), |_, _| ());
    }
}
