//! Matrix products on slices, with bounds checked at the door.

use gemm::Parallelism;

/// A matrix in a slice: value (i, j) stands at `i·row_step + j·column_step`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a> Matrix<'a> {
    /// Rows of `columns` values, `row_step` apart; they may overlap.
    pub(super) fn new(values: &'a [f32], rows: usize, columns: usize, row_step: usize) -> Self {
        assert!(span(rows, columns, row_step) <= values.len());
        Self {
            values,
            rows,
            columns,
            row_step,
            column_step: 1,
        }
    }

    /// The transpose.
    pub(super) fn t(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
            ..self
        }
    }
}

/// A matrix to be written: rows of `columns` values, `row_step` apart.
#[derive(Debug)]
pub(super) struct Target<'a> {
    values: &'a mut [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
}

impl<'a> Target<'a> {
    pub(super) fn new(values: &'a mut [f32], rows: usize, columns: usize, row_step: usize) -> Self {
        assert!(columns <= row_step && span(rows, columns, row_step) <= values.len());
        Self {
            values,
            rows,
            columns,
            row_step,
        }
    }
}

/// Values from the first to the last of a matrix.
fn span(rows: usize, columns: usize, row_step: usize) -> usize {
    match rows.min(columns) {
        0 => 0,
        _ => (rows - 1) * row_step + columns,
    }
}

/// What becomes of the target's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onto {
    /// They are replaced.
    Nothing,
    /// They are added to.
    Target,
}

/// Who computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Threads {
    /// The calling thread.
    One,
    /// The current rayon pool; the sums' order does not depend on its size.
    All,
}

/// target = (target or 0) + scale·a·b.
pub(super) fn multiply(
    target: Target<'_>,
    a: Matrix<'_>,
    b: Matrix<'_>,
    scale: f32,
    onto: Onto,
    threads: Threads,
) {
    let (m, n) = (a.rows, b.columns);
    assert_eq!((target.rows, target.columns), (m, n));
    let keep = onto == Onto::Target;
    if a.columns == 0 && !keep {
        let rows = target.values.chunks_mut(target.row_step.max(1));
        rows.take(m).for_each(|row| row[..n].fill(0.0));
    }
    // SAFETY: `Target::new` checked that the target lies within its slice and that its rows do not overlap.
    unsafe {
        run(
            target.values.as_mut_ptr(),
            target.row_step,
            a,
            b,
            scale,
            keep,
            threads,
        )
    }
}

/// a·b as a new matrix, row by row.
pub(super) fn product(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let count = a.rows * b.columns;
    if a.columns == 0 {
        return vec![0.0; count];
    }
    let mut values: Vec<f32> = Vec::with_capacity(count);
    // SAFETY: the room is for `count` values, and with at least one term in each sum all of them are written.
    unsafe {
        run(
            values.as_mut_ptr(),
            b.columns,
            a,
            b,
            1.0,
            false,
            Threads::All,
        );
        values.set_len(count);
    }
    values
}

/// The product itself, to rows `row_step` apart; nothing happens where a sum has no terms.
///
/// # Safety
/// `target` must be valid for writing, and with `keep` for reading, the rows of the product, which must not overlap
/// each other or an operand.
unsafe fn run(
    target: *mut f32,
    row_step: usize,
    a: Matrix<'_>,
    b: Matrix<'_>,
    scale: f32,
    keep: bool,
    threads: Threads,
) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!(b.rows, k);
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    let pool = rayon::current_num_threads();
    let parallelism = match threads {
        Threads::All if pool > 1 => Parallelism::Rayon(pool),
        _ => Parallelism::None,
    };
    // SAFETY: `Matrix::new` checked that the operands lie within their slices; the caller answers for the target.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            target,
            1,
            row_step as isize,
            keep,
            a.values.as_ptr(),
            a.column_step as isize,
            a.row_step as isize,
            b.values.as_ptr(),
            b.column_step as isize,
            b.row_step as isize,
            if keep { 1.0 } else { 0.0 },
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_equal_the_plain_sum() {
        let (m, n, k) = (5, 7, 3);
        let a: Vec<f32> = (0..m * k).map(|i| i as f32 * 0.5 - 3.0).collect();
        let b: Vec<f32> = (0..k * n).map(|i| 2.0 - i as f32 * 0.25).collect();
        let mut y = vec![1.0; m * n];
        let (left, right) = (Matrix::new(&a, m, k, k), Matrix::new(&b, k, n, n));
        let target = Target::new(&mut y, m, n, n);
        multiply(target, left, right, 2.0, Onto::Target, Threads::All);
        for i in 0..m {
            for j in 0..n {
                let sum: f32 = (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum();
                assert_eq!(y[i * n + j], 1.0 + 2.0 * sum);
            }
        }
    }

    #[test]
    fn an_empty_sum_is_zero() {
        let mut y = vec![1.0; 4];
        let none = Matrix::new(&[], 2, 0, 0);
        multiply(
            Target::new(&mut y, 2, 2, 2),
            none,
            none.t(),
            1.0,
            Onto::Nothing,
            Threads::One,
        );
        assert_eq!(y, [0.0; 4]);
    }

    #[test]
    #[should_panic]
    fn a_matrix_beyond_its_slice_is_refused() {
        Matrix::new(&[0.0; 5], 2, 3, 3);
    }

    #[test]
    #[should_panic]
    fn a_target_whose_rows_overlap_is_refused() {
        Target::new(&mut [0.0; 9], 2, 3, 2);
    }
}
