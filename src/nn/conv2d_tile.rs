//! The one product that a convolution and both of its gradients consist of, in tiles that stay in registers.
//!
//! ```text
//! c[m, j] += Σ over stretches s, Σ over t < run of  a[starts[m] + s.a + t·a_step] · b[s.b + t·b_step + j]
//! ```
//!
//! For the forward pass m is a pixel, s a row of the window and t a place in it; for the gradient of the weights m is a
//! weight, s a row of pixels and t a pixel in it. No window is copied out.

use super::simd::{fma, has_avx2, has_avx512};

/// Rows of a tile.
const ROWS: usize = 8;
/// Columns of a tile: two AVX-512 registers.
const COLUMNS: usize = 32;

/// Which elements are multiplied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk<'a> {
    /// Where each stretch begins, in `a` behind a row's start and in `b`.
    pub stretches: &'a [(usize, usize)],
    /// Steps of a stretch.
    pub run: usize,
    /// From one step to the next in `a`.
    pub a_step: usize,
    /// From one step to the next in `b`.
    pub b_step: usize,
}

/// Adds the product to `c`: a row of `width` for each of `starts`, `stride` apart.
///
/// # Panics
/// If an element lies outside of `a`, `b` or `c`.
pub(super) fn add_product(
    c: &mut [f32],
    (width, stride): (usize, usize),
    a: &[f32],
    starts: &[usize],
    b: &[f32],
    walk: Walk<'_>,
) {
    let (Some(&start), true) = (starts.iter().max(), width > 0 && walk.run > 0) else {
        return;
    };
    let furthest = |of: fn(&(usize, usize)) -> usize| walk.stretches.iter().map(of).max();
    let (Some(in_a), Some(in_b)) = (furthest(|s| s.0), furthest(|s| s.1)) else {
        return;
    };
    assert!(start + in_a + (walk.run - 1) * walk.a_step < a.len());
    assert!(in_b + (walk.run - 1) * walk.b_step + width <= b.len());
    assert!(width <= stride || starts.len() == 1);
    assert!((starts.len() - 1) * stride + width <= c.len());
    let product = Product {
        a: a.as_ptr(),
        b: b.as_ptr(),
        c: c.as_mut_ptr(),
        stride,
        walk,
    };
    for from in (0..width).step_by(COLUMNS) {
        let columns = (width - from).min(COLUMNS);
        for (tile, starts) in starts.chunks(ROWS).enumerate() {
            // SAFETY: by the assertions every element of the tile lies inside of the three slices, and `c` is ours.
            unsafe { product.tile(tile * ROWS, starts, from, columns) };
        }
    }
}

/// The operands, checked.
struct Product<'a> {
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    stride: usize,
    walk: Walk<'a>,
}

/// One function for each number of rows, so that the sums stay in registers.
macro_rules! by_rows {
    ($rows:expr, $call:ident!($($argument:expr),*)) => {
        match $rows {
            8 => $call!(8, $($argument),*),
            7 => $call!(7, $($argument),*),
            6 => $call!(6, $($argument),*),
            5 => $call!(5, $($argument),*),
            4 => $call!(4, $($argument),*),
            3 => $call!(3, $($argument),*),
            2 => $call!(2, $($argument),*),
            _ => $call!(1, $($argument),*),
        }
    };
}

impl Product<'_> {
    /// A tile of `starts.len()` rows from `row` on, and `columns` columns from `from` on.
    ///
    /// # Safety
    /// Every element that the tile reads or writes must lie inside of the operands.
    unsafe fn tile(&self, row: usize, starts: &[usize], from: usize, columns: usize) {
        #[cfg(target_arch = "x86_64")]
        if has_avx512() {
            macro_rules! wide {
                ($m:literal, $v:literal) => {
                    // SAFETY: the processor has the features, and the caller vouches for the elements.
                    unsafe { self.avx512::<$m, $v>(row, starts, from, columns) }
                };
            }
            return match columns > 16 {
                true => by_rows!(starts.len(), wide!(2)),
                false => by_rows!(starts.len(), wide!(1)),
            };
        }
        macro_rules! plain {
            ($m:literal,) => {
                // SAFETY: the caller vouches for the elements.
                unsafe { self.any::<$m>(row, starts, from, columns) }
            };
        }
        by_rows!(starts.len(), plain!())
    }

    /// # Safety
    /// As [`Product::tile`], for M = `starts.len()` and at most 16·V columns, more than 16·(V − 1); the processor must
    /// have AVX-512.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    unsafe fn avx512<const M: usize, const V: usize>(
        &self,
        row: usize,
        starts: &[usize],
        from: usize,
        columns: usize,
    ) {
        use std::arch::x86_64::*;
        let last: __mmask16 = u16::MAX >> (16 * V - columns);
        let mut sums = [[_mm512_setzero_ps(); V]; M];
        // SAFETY: the caller vouches for every element; masked ones are not touched.
        unsafe {
            for &(in_a, in_b) in self.walk.stretches {
                let mut a: [*const f32; M] = std::array::from_fn(|m| self.a.add(starts[m] + in_a));
                let mut b = self.b.add(in_b + from);
                for _ in 0..self.walk.run {
                    let mut row = [_mm512_setzero_ps(); V];
                    for (v, row) in row.iter_mut().enumerate() {
                        let at = b.wrapping_add(16 * v);
                        *row = match v + 1 == V {
                            true => _mm512_maskz_loadu_ps(last, at),
                            false => _mm512_loadu_ps(at),
                        };
                    }
                    for m in 0..M {
                        let x = _mm512_set1_ps(*a[m]);
                        for v in 0..V {
                            sums[m][v] = _mm512_fmadd_ps(x, row[v], sums[m][v]);
                        }
                        a[m] = a[m].wrapping_add(self.walk.a_step);
                    }
                    b = b.wrapping_add(self.walk.b_step);
                }
            }
            for (m, sums) in sums.iter().enumerate() {
                let c = self.c.add((row + m) * self.stride + from);
                for (v, sum) in sums.iter().enumerate() {
                    let mask = if v + 1 == V { last } else { u16::MAX };
                    let at = c.wrapping_add(16 * v);
                    let before = _mm512_maskz_loadu_ps(mask, at);
                    _mm512_mask_storeu_ps(at, mask, _mm512_add_ps(before, *sum));
                }
            }
        }
    }

    /// # Safety
    /// As [`Product::tile`], for M = `starts.len()`.
    unsafe fn any<const M: usize>(
        &self,
        row: usize,
        starts: &[usize],
        from: usize,
        columns: usize,
    ) {
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2<const M: usize>(
                product: &Product<'_>,
                row: usize,
                starts: &[usize],
                from: usize,
                columns: usize,
            ) {
                // SAFETY: as the caller's.
                unsafe { product.body::<M, true>(row, starts, from, columns) };
            }
            if has_avx2() {
                // SAFETY: the processor has the features, and the caller vouches for the elements.
                return unsafe { avx2::<M>(self, row, starts, from, columns) };
            }
        }
        // SAFETY: as the caller's.
        unsafe { self.body::<M, { cfg!(target_arch = "aarch64") }>(row, starts, from, columns) };
    }

    /// # Safety
    /// As [`Product::tile`], for M = `starts.len()`.
    #[inline(always)]
    unsafe fn body<const M: usize, const FMA: bool>(
        &self,
        row: usize,
        starts: &[usize],
        from: usize,
        columns: usize,
    ) {
        for from in (from..from + columns)
            .step_by(16)
            .map(|f| (f, 16.min(from + columns - f)))
        {
            let (from, columns) = from;
            let mut sums = [[0f32; 16]; M];
            // SAFETY: the caller vouches for every element.
            unsafe {
                for &(in_a, in_b) in self.walk.stretches {
                    for t in 0..self.walk.run {
                        let b = self.b.add(in_b + t * self.walk.b_step + from);
                        let mut row = [0f32; 16];
                        for (j, row) in row.iter_mut().enumerate().take(columns) {
                            *row = *b.add(j);
                        }
                        for (m, sums) in sums.iter_mut().enumerate() {
                            let x = *self.a.add(starts[m] + in_a + t * self.walk.a_step);
                            for (sum, &row) in sums.iter_mut().zip(&row) {
                                *sum = fma::<FMA>(x, row, *sum);
                            }
                        }
                    }
                }
                for (m, sums) in sums.iter().enumerate() {
                    let c = self.c.add((row + m) * self.stride + from);
                    for (j, sum) in sums.iter().enumerate().take(columns) {
                        *c.add(j) += sum;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small whole numbers, so that sums are exact in any order.
    fn numbers(n: usize, k: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * k + 3) % 11) as f32 - 5.0).collect()
    }

    #[test]
    fn every_shape_is_the_sum_that_it_says() {
        let stretches = [(0, 0), (7, 40), (3, 200)];
        for rows in [1, 3, 7, 8, 9, 20] {
            for width in [1, 5, 15, 16, 17, 32, 33, 50] {
                for run in [1, 3] {
                    let walk = Walk {
                        stretches: &stretches,
                        run,
                        a_step: 2,
                        b_step: 60,
                    };
                    let (a, b) = (numbers(200, 7), numbers(400, 5));
                    let starts: Vec<usize> = (0..rows).map(|m| m * 5 % 23).collect();
                    let stride = width + 2;
                    let before = numbers(rows * stride, 3);
                    let mut expected = before.clone();
                    for m in 0..rows {
                        for (j, e) in expected[m * stride..][..width].iter_mut().enumerate() {
                            for (in_a, in_b) in stretches {
                                for t in 0..run {
                                    *e += a[starts[m] + in_a + t * 2] * b[in_b + t * 60 + j];
                                }
                            }
                        }
                    }
                    let mut c = before.clone();
                    add_product(&mut c, (width, stride), &a, &starts, &b, walk);
                    assert_eq!(c, expected, "{rows} x {width}, {run}");
                    let mut c = before;
                    let product = Product {
                        a: a.as_ptr(),
                        b: b.as_ptr(),
                        c: c.as_mut_ptr(),
                        stride,
                        walk,
                    };
                    for (tile, starts) in starts.chunks(ROWS).enumerate() {
                        macro_rules! plain {
                            ($m:literal,) => {
                                // SAFETY: `add_product` has just checked the same operands.
                                unsafe { product.any::<$m>(tile * ROWS, starts, 0, width) }
                            };
                        }
                        by_rows!(starts.len(), plain!());
                    }
                    assert_eq!(c, expected, "without AVX-512");
                }
            }
        }
    }

    #[test]
    #[should_panic]
    fn an_element_outside_is_refused() {
        let walk = Walk {
            stretches: &[(0, 0)],
            run: 2,
            a_step: 1,
            b_step: 4,
        };
        add_product(&mut [0.0; 4], (4, 4), &[1.0; 2], &[1], &[1.0; 8], walk);
    }
}
