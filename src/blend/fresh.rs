//! A new buffer written row by row in parallel without being zeroed first.
//!
//! Zeroing costs a pass over memory, which is half of a blend's time when the allocator hands out used memory.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// Below this many elements a job is not worth a thread.
const MIN_JOB: usize = 1 << 14;

/// The unwritten rest of one row. Each method writes the next elements, from the left.
pub(crate) struct Slots<'a, T> {
    rest: &'a mut [MaybeUninit<T>],
}

impl<T: Copy> Slots<'_, T> {
    /// Copies `x`.
    pub(crate) fn copy(&mut self, x: &[T]) {
        self.map(x, |v| v);
    }

    /// Writes `f` of each element of `x`.
    pub(crate) fn map<U: Copy>(&mut self, x: &[U], f: impl Fn(U) -> T) {
        for (slot, &x) in self.take(x.len()).iter_mut().zip(x) {
            slot.write(f(x));
        }
    }

    /// Writes `f` of each two elements of `x` and `y`, which are equally long.
    pub(crate) fn zip(&mut self, x: &[T], y: &[T], f: impl Fn(T, T) -> T) {
        assert_eq!(x.len(), y.len(), "rows to mix are equally long");
        for ((slot, &x), &y) in self.take(x.len()).iter_mut().zip(x).zip(y) {
            slot.write(f(x, y));
        }
    }

    /// Writes the element of `x` where `first` holds, else that of `y`; the three are equally long.
    pub(crate) fn choose(&mut self, first: &[bool], x: &[T], y: &[T]) {
        assert!(first.len() == x.len() && x.len() == y.len());
        let both = x.iter().zip(y).zip(first);
        for (slot, ((&x, &y), &first)) in self.take(x.len()).iter_mut().zip(both) {
            slot.write(if first { x } else { y });
        }
    }

    /// Writes `value` to the end of the row.
    pub(crate) fn fill(&mut self, value: T) {
        self.take(self.rest.len()).fill(MaybeUninit::new(value));
    }

    /// The next `count` slots, all of which the caller writes.
    fn take(&mut self, count: usize) -> &mut [MaybeUninit<T>] {
        let (next, rest) = std::mem::take(&mut self.rest).split_at_mut(count);
        self.rest = rest;
        next
    }
}

/// `count` rows of `width` elements, row r written by `row(r, slots)`.
pub(crate) fn rows<T, F>(count: usize, width: usize, row: F) -> Vec<T>
where
    T: Copy + Send,
    F: Fn(usize, &mut Slots<'_, T>) + Sync,
{
    let len = count * width;
    let mut out = Vec::with_capacity(len);
    if len == 0 {
        return out;
    }
    out.spare_capacity_mut()[..len]
        .par_chunks_mut(width)
        .enumerate()
        .with_min_len(MIN_JOB.div_ceil(width))
        .for_each(|(r, rest)| {
            let mut slots = Slots { rest };
            row(r, &mut slots);
            assert!(slots.rest.is_empty(), "row {r} was written in full");
        });
    // SAFETY: `Slots` gives up a slot only to code that writes it, and the assertion above found none left in any of
    // the `count` rows of `width`, which together are the first `len` slots of the capacity.
    unsafe { out.set_len(len) };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_in_place() {
        let x = [1u32, 2, 3];
        let out = rows(40_000, 3, |r, slots| match r % 4 {
            0 => slots.copy(&x),
            1 => slots.fill(r as u32),
            2 => slots.zip(&x, &x, |a, b| a + b),
            _ => {
                slots.map(&x[..1], |a| a + 10);
                slots.fill(0);
            }
        });
        assert_eq!(out.len(), 120_000);
        assert_eq!(out[..12], [1, 2, 3, 1, 1, 1, 2, 4, 6, 11, 0, 0]);
        assert_eq!(out[119_991..119_994], [39_997; 3]);
        assert!(rows::<u32, _>(3, 0, |_, _| ()).is_empty());
    }

    #[test]
    #[should_panic(expected = "row 1 was written in full")]
    fn a_row_left_short_is_noticed() {
        rows(2, 2, |r, slots| slots.copy(&[1u32, 2][..2 - r]));
    }
}
