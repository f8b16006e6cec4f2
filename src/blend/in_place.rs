//! The weighted sum of two rows of a raw buffer, in place, for any permutation of partners.
//!
//! A permutation falls into cycles. Row r of a cycle needs its own old values and those of the next row in the cycle,
//! so walking the cycle in order needs only the first row's old values kept aside. Walked in column blocks that stay
//! in the cache, every element is read once from memory and written once: a copy's worth of traffic.

use std::marker::PhantomData;
use std::ops::Range;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::pairs::Pairs;

/// Bytes of a row that are walked at once: two such blocks stay in the first-level cache.
const BLOCK_BYTES: usize = 16 << 10;

/// What images and tables are made of: f32, or u8 mixed in f32 and rounded to the nearest, halves to even.
pub trait Pixel: sealed::Blend {}

impl Pixel for f32 {}
impl Pixel for u8 {}

/// Mixes the rows of a buffer `[pairs.len(), width]` in place: `x[r] ← w[r]·x[r] + (1 − w[r])·x[partner[r]]`, old
/// values on the right.
///
/// Weights are applied in f32. A row of weight 1 and a row that is its own partner are not touched.
///
/// ```
/// use candle_mixup::{Pairs, mix_in_place};
///
/// let mut pixels = [10u8, 20, 30, 40];
/// let pairs = Pairs::new(vec![0, 1], vec![1, 0], vec![0.75, 0.75], vec![0.75, 0.75])?;
/// mix_in_place(&mut pixels, 2, &pairs)?;
/// assert_eq!(pixels, [15, 25, 25, 35]);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] if the buffer is not `pairs.len()` rows of `width`; [`Error::Pairs`] unless own is 0..n and partner
/// a permutation of it: then a row would be needed after it was overwritten, and [`mix`](crate::mix) is what mixes.
pub fn mix_in_place<P: Pixel>(rows: &mut [P], width: usize, pairs: &Pairs) -> Result<()> {
    if pairs.len().checked_mul(width) != Some(rows.len()) {
        return Err(Error::Shape {
            what: "buffer to mix in place".into(),
            expected: format!("{} rows of {width}", pairs.len()),
            got: format!("{} elements", rows.len()),
        });
    }
    check_permutation(pairs)?;
    let cycles = cycles(pairs.partner());
    let block = BLOCK_BYTES / size_of::<P>();
    let grid = Grid::new(rows, width);
    (0..width.div_ceil(block)).into_par_iter().for_each_init(
        || Vec::with_capacity(block),
        |first, b| {
            let columns = b * block..width.min((b + 1) * block);
            // SAFETY: each b has columns of its own, and only this closure uses the grid.
            unsafe { walk(&grid, columns, &cycles, pairs.weight(), first) }
        },
    );
    Ok(())
}

/// Names the first entry because of which the list is not a permutation.
pub(super) fn check_permutation(pairs: &Pairs) -> Result<()> {
    let wrong = |column, row: usize, expected: String, value: u32| Error::Pairs {
        column,
        row,
        expected,
        value: value.to_string(),
    };
    let n = pairs.len();
    let mut seen = vec![false; n];
    for (r, (&own, &partner)) in pairs.own().iter().zip(pairs.partner()).enumerate() {
        if own as usize != r {
            return Err(wrong("own", r, format!("{r} to mix in place"), own));
        }
        match seen.get_mut(partner as usize) {
            None => return Err(wrong("partner", r, format!("below {n}"), partner)),
            Some(true) => return Err(wrong("partner", r, "named once".into(), partner)),
            Some(free) => *free = true,
        }
    }
    Ok(())
}

/// The cycles of a permutation that have more than one row, each in the order in which a row needs the next.
pub(super) fn cycles(partner: &[u32]) -> Vec<Vec<u32>> {
    let mut seen = vec![false; partner.len()];
    let mut cycles = Vec::new();
    for start in 0..partner.len() {
        let mut cycle = Vec::new();
        let mut row = start;
        while !std::mem::replace(&mut seen[row], true) {
            cycle.push(row as u32);
            row = partner[row] as usize;
        }
        if cycle.len() > 1 {
            cycles.push(cycle);
        }
    }
    cycles
}

/// A buffer of rows of which several threads hold different columns.
pub(super) struct Grid<'a, P> {
    base: *mut P,
    len: usize,
    width: usize,
    buffer: PhantomData<&'a mut [P]>,
}

// SAFETY: a grid owns the borrow of its buffer, and `cells` leaves it to its callers to ask for disjoint cells.
unsafe impl<P: Send> Sync for Grid<'_, P> {}

impl<'a, P> Grid<'a, P> {
    pub(super) fn new(rows: &'a mut [P], width: usize) -> Self {
        Self {
            base: rows.as_mut_ptr(),
            len: rows.len(),
            width,
            buffer: PhantomData,
        }
    }

    /// Columns `columns` of `row`.
    ///
    /// # Safety
    /// No other reference to any of these cells may be alive while the returned one is.
    #[allow(clippy::mut_from_ref)]
    pub(super) unsafe fn cells(&self, row: u32, columns: &Range<usize>) -> &mut [P] {
        let start = row as usize * self.width + columns.start;
        let count = columns.len();
        assert!(columns.end <= self.width && start + count <= self.len);
        // SAFETY: the range lies inside the buffer by the assertion, and the caller vouches for its being unshared.
        unsafe { std::slice::from_raw_parts_mut(self.base.add(start), count) }
    }
}

/// Mixes some columns of all rows.
///
/// # Safety
/// No other reference into these columns of the grid may be alive during the call.
unsafe fn walk<P: Pixel>(
    grid: &Grid<'_, P>,
    columns: Range<usize>,
    cycles: &[Vec<u32>],
    weight: &[f64],
    first: &mut Vec<P>,
) {
    for cycle in cycles {
        first.clear();
        // SAFETY: nobody else holds these columns, and the reference ends with the statement.
        first.extend_from_slice(unsafe { grid.cells(cycle[0], &columns) });
        for (k, &row) in cycle.iter().enumerate() {
            let (own, rest) = (weight[row as usize] as f32, 1.0 - weight[row as usize]);
            // SAFETY: as above; the rows of one cycle are different rows, so these two do not overlap.
            let cells = unsafe { grid.cells(row, &columns) };
            let partner = match cycle.get(k + 1) {
                Some(&next) => unsafe { grid.cells(next, &columns) },
                None => &mut *first,
            };
            match weight[row as usize] {
                1.0 => {}
                0.0 => cells.copy_from_slice(partner),
                _ => P::blend(cells, partner, own, rest as f32),
            }
        }
    }
}

mod sealed {
    /// The arithmetic of a pixel: `own ← a·own + b·partner`.
    pub trait Blend: Copy + Send + Sync {
        fn blend(own: &mut [Self], partner: &[Self], a: f32, b: f32);
    }
}

/// Compiles a loop for AVX-512, AVX2 and the baseline, and picks at run time: one binary, the machine's own speed.
macro_rules! for_each_cpu {
    ($pixel:ty, |$x:ident, $y:ident, $a:ident, $b:ident| $sum:expr) => {
        impl sealed::Blend for $pixel {
            fn blend(own: &mut [Self], partner: &[Self], $a: f32, $b: f32) {
                #[inline(always)]
                fn body(own: &mut [$pixel], partner: &[$pixel], $a: f32, $b: f32) {
                    for (own, &$y) in own.iter_mut().zip(partner) {
                        let $x = *own;
                        *own = $sum;
                    }
                }
                assert_eq!(own.len(), partner.len(), "rows are equally long");
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
                    fn avx512(own: &mut [$pixel], partner: &[$pixel], a: f32, b: f32) {
                        body(own, partner, a, b);
                    }
                    #[target_feature(enable = "avx2")]
                    fn avx2(own: &mut [$pixel], partner: &[$pixel], a: f32, b: f32) {
                        body(own, partner, a, b);
                    }
                    if is_x86_feature_detected!("avx512f")
                        && is_x86_feature_detected!("avx512bw")
                        && is_x86_feature_detected!("avx512vl")
                        && is_x86_feature_detected!("avx512dq")
                    {
                        // SAFETY: the processor has the four features that the function was compiled for.
                        return unsafe { avx512(own, partner, $a, $b) };
                    }
                    if is_x86_feature_detected!("avx2") {
                        // SAFETY: the processor has the feature that the function was compiled for.
                        return unsafe { avx2(own, partner, $a, $b) };
                    }
                }
                body(own, partner, $a, $b);
            }
        }
    };
}

for_each_cpu!(f32, |x, y, a, b| a * x + b * y);

/// 2^23: a number below it, added to it, is rounded by the addition to a whole number, halves to even, which then
/// stands in the lowest bits.
const WHOLE: f32 = 8_388_608.0;

for_each_cpu!(
    u8,
    |x, y, a, b| (a * f32::from(x) + b * f32::from(y) + WHOLE).to_bits() as u8
);

#[cfg(test)]
mod tests {
    use super::*;

    /// The last column of the last row lies outside: the door must hold.
    #[test]
    #[should_panic(expected = "columns.end <= self.width")]
    fn cells_outside_are_refused() {
        let mut rows = [0f32; 6];
        let grid = Grid::new(&mut rows, 3);
        // SAFETY: the only reference.
        unsafe { grid.cells(1, &(1..4)) };
    }

    #[test]
    fn cycles_follow_the_partners() {
        assert_eq!(
            cycles(&[2, 1, 4, 5, 0, 3]),
            [vec![0, 2, 4], vec![3, 5]],
            "row 1 is its own partner"
        );
    }

    #[test]
    fn bytes_round_to_nearest_halves_to_even() {
        for x in 0..=255u8 {
            for y in [0u8, 1, 2, 7, 100, 254, 255] {
                for weight in [0.5f32, 0.25, 0.3, 0.999] {
                    let mut own = [x];
                    sealed::Blend::blend(&mut own, &[y], weight, 1.0 - weight);
                    let exact = weight * f32::from(x) + (1.0 - weight) * f32::from(y);
                    assert_eq!(
                        own[0],
                        exact.round_ties_even() as u8,
                        "{weight} of {x}, {y}"
                    );
                }
            }
        }
    }
}
