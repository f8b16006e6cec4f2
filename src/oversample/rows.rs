//! The rows of a table as an oversampler sees them: numbers and category codes, borrowed.

use rayon::prelude::*;

use crate::error::{Error, Result};

/// What numeric columns are made of: f32 or f64. Arithmetic is done in f64 either way, and rounded once.
pub trait Real: sealed::Real {}

impl Real for f32 {}
impl Real for f64 {}

mod sealed {
    pub trait Real: Copy + Send + Sync + PartialOrd + std::fmt::Debug + 'static {
        fn to_f64(self) -> f64;
        fn of_f64(x: f64) -> Self;
    }

    impl Real for f32 {
        fn to_f64(self) -> f64 {
            f64::from(self)
        }
        fn of_f64(x: f64) -> Self {
            x as f32
        }
    }

    impl Real for f64 {
        fn to_f64(self) -> f64 {
            self
        }
        fn of_f64(x: f64) -> Self {
            x
        }
    }
}

/// Borrowed rows: numbers `[rows, width]` and category codes `[rows, categories]`, both row by row.
///
/// ```
/// use candle_mixup::oversample::Rows;
///
/// let rows = Rows::numeric(&[0.5, 1.0, 2.5, 3.0, 4.0, 5.0], 2)?;
/// assert_eq!((rows.len(), rows.numbers(1)), (3, &[2.5, 3.0][..]));
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, T> {
    numbers: &'a [T],
    width: usize,
    codes: &'a [u32],
    categories: usize,
    len: usize,
    spread: Option<&'a [f64]>,
    /// The place of the first number beyond [`MEASURABLE`].
    far: Option<usize>,
}

/// Numbers that are checked at once: without a way out in between, the compiler vectorises the check.
const CHECKED: usize = 4096;

/// The largest size of numbers between which distances are measured: squares of larger ones overflow.
pub const MEASURABLE: f64 = 1e152;

/// The place of the first number whose size exceeds `most`; NaN exceeds everything.
fn beyond<T: Real>(numbers: &[T], most: f64) -> Option<usize> {
    let within = |x: &T| x.to_f64().abs() <= most;
    let all_within = |part: &[T]| part.iter().fold(true, |all, x| all & within(x));
    let parts = numbers.par_chunks(CHECKED).enumerate();
    let (part, numbers) = parts
        .with_min_len(16)
        .find_first(|(_, part)| !all_within(part))?;
    let place = numbers.iter().position(|x| !within(x))?;
    Some(part * CHECKED + place)
}

impl<'a, T: Real> Rows<'a, T> {
    /// Rows of `width` numbers and no categories.
    ///
    /// # Errors
    /// [`Error::Shape`] if `numbers` is not whole rows, [`Error::Value`] for a number that is not finite.
    pub fn numeric(numbers: &'a [T], width: usize) -> Result<Self> {
        Self::mixed(numbers, width, &[], 0)
    }

    /// Rows of `width` numbers and `categories` codes; a code is a name, and only its equality counts.
    ///
    /// # Errors
    /// As [`Rows::numeric`], and [`Error::Shape`] if the two do not have the same number of rows.
    pub fn mixed(
        numbers: &'a [T],
        width: usize,
        codes: &'a [u32],
        categories: usize,
    ) -> Result<Self> {
        let len = match (width, categories) {
            (0, 0) => 0,
            (0, c) => codes.len() / c,
            (w, _) => numbers.len() / w,
        };
        if numbers.len() != len * width || codes.len() != len * categories {
            return Err(Error::Shape {
                what: "rows of a table".into(),
                expected: format!("whole rows of {width} numbers and {categories} codes"),
                got: format!("{} numbers and {} codes", numbers.len(), codes.len()),
            });
        }
        let far = beyond(numbers, MEASURABLE);
        if let Some(i) = far.and_then(|_| beyond(numbers, f64::MAX)) {
            return Err(Error::Value {
                row: i / width,
                column: i % width,
                expected: "a finite number",
                value: numbers[i].to_f64(),
            });
        }
        Ok(Self {
            numbers,
            width,
            codes,
            categories,
            len,
            spread: None,
            far,
        })
    }

    /// Refuses numbers between which there is no distance.
    pub(super) fn check_measurable(&self) -> Result<()> {
        match self.far {
            None => Ok(()),
            Some(i) => Err(Error::Value {
                row: i / self.width,
                column: i % self.width,
                expected: "a number within ±1e152, since squares of larger ones overflow",
                value: self.numbers[i].to_f64(),
            }),
        }
    }

    /// Says how widely each numeric column is spread over the whole table, where these rows are only a part of it:
    /// what a [`Scale`](super::Scale) divides by.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one number a column.
    pub fn with_spread(mut self, spread: &'a [f64]) -> Result<Self> {
        if spread.len() != self.width {
            return Err(Error::Shape {
                what: "spread".into(),
                expected: format!("{} numbers", self.width),
                got: format!("{}", spread.len()),
            });
        }
        self.spread = Some(spread);
        Ok(self)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Category codes of a row.
    pub fn categories(&self) -> usize {
        self.categories
    }

    /// The numbers of row `i`.
    pub fn numbers(&self, i: usize) -> &'a [T] {
        &self.numbers[i * self.width..][..self.width]
    }

    /// The category codes of row `i`.
    pub fn codes(&self, i: usize) -> &'a [u32] {
        &self.codes[i * self.categories..][..self.categories]
    }

    /// What was said by [`Rows::with_spread`].
    pub(super) fn spread(&self) -> Option<&'a [f64]> {
        self.spread
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_that_is_not_finite_is_named() {
        let mut numbers = vec![0.5f32; 300_000];
        assert_eq!(beyond(&numbers, f64::MAX), None);
        numbers[299_999] = f32::NAN;
        assert_eq!(beyond(&numbers, f64::MAX), Some(299_999));
        numbers[70_001] = f32::INFINITY;
        let error = Rows::numeric(&numbers, 10).unwrap_err();
        assert!(matches!(
            error,
            Error::Value {
                row: 7000,
                column: 1,
                ..
            }
        ));
    }

    #[test]
    fn numbers_without_a_distance_are_refused_where_one_is_needed() {
        let numbers = [1e152, -1e152, 3.0, -1.1e152];
        assert!(
            Rows::numeric(&numbers[..2], 1)
                .unwrap()
                .check_measurable()
                .is_ok()
        );
        let error = Rows::numeric(&numbers, 2).unwrap().check_measurable();
        assert!(matches!(
            error,
            Err(Error::Value {
                row: 1,
                column: 1,
                ..
            })
        ));
    }
}
