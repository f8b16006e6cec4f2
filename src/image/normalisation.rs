//! From bytes to numbers: `(byte - mean) / std`, a channel.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::set::ImageSet;
use crate::error::{Error, Result};

/// Mean and deviation by which each channel's bytes become numbers: `(byte - mean) / std`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    /// What becomes 0, a channel, in byte values.
    pub mean: Vec<f32>,
    /// What becomes 1 from there, a channel, in byte values.
    pub std: Vec<f32>,
}

impl Normalisation {
    /// Black becomes 0 and white 1.
    pub fn unit(set: &ImageSet) -> Self {
        let channels = set.shape().channels;
        Self {
            mean: vec![0.0; channels],
            std: vec![set.white().into(); channels],
        }
    }

    /// Mean 0 and (population) standard deviation 1 in each channel of these rows, which are the training rows: others
    /// must not be known beforehand. A channel in which all pixels are alike is divided by 1. Sums are exact, so the
    /// order of the rows changes nothing.
    ///
    /// ```
    /// use candle_mixup::image::{ImageSet, ImageShape, Normalisation};
    ///
    /// let shape = ImageShape { channels: 2, height: 1, width: 2 };
    /// let set = ImageSet::new(shape, vec![1, 3, 7, 7, 200, 9, 0, 255], vec![], vec![])?;
    /// let standard = Normalisation::standard(&set, &[0])?;
    /// assert_eq!(standard, Normalisation { mean: vec![2.0, 7.0], std: vec![1.0, 1.0] });
    /// # Ok::<(), candle_mixup::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Data`] without rows; those of [`ImageSet::copy`].
    ///
    /// # Panics
    /// If there is no such row.
    pub fn standard(set: &ImageSet, rows: &[u32]) -> Result<Self> {
        if rows.is_empty() {
            return Err(Error::Data("mean and deviation of no images".into()));
        }
        let channels = set.shape().channels;
        let pixels = set.shape().height * set.shape().width;
        let of_row = |row: &u32| -> Result<Vec<Sums>> {
            let bytes = set.row(*row)?;
            Ok(bytes.chunks_exact(pixels).map(Sums::of).collect())
        };
        let none = || vec![Sums::default(); channels];
        let sums = rows.par_iter().map(of_row).try_reduce(none, |a, b| {
            Ok(a.into_iter().zip(b).map(|(a, b)| a.add(b)).collect())
        })?;
        let n = rows.len() * pixels;
        let (mean, std) = sums.into_iter().map(|s| s.mean_and_std(n)).unzip();
        Ok(Self { mean, std })
    }

    /// # Errors
    /// [`Error::Setting`] unless there are as many means and deviations as channels, all finite, deviations positive.
    pub fn check(&self, channels: usize) -> Result<()> {
        for (field, values) in [("mean", &self.mean), ("std", &self.std)] {
            let usable = |v: &f32| v.is_finite() && (field == "mean" || *v > 0.0);
            if values.len() != channels || !values.iter().all(usable) {
                let sign = if field == "mean" { "" } else { "positive " };
                let expected = format!("{channels} finite {sign}numbers, one a channel");
                let field = format!("{field} of the normalisation");
                return Err(Error::setting(field, expected, format!("{values:?}")));
            }
        }
        Ok(())
    }
}

/// Sum and sum of squares.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    values: u64,
    squares: u64,
}

impl Sums {
    fn of(bytes: &[u8]) -> Self {
        let mut sums = Self::default();
        // Blocks whose sums of squares fit in 32 bits.
        for block in bytes.chunks(1 << 16) {
            sums.values += u64::from(block.iter().map(|&b| u32::from(b)).sum::<u32>());
            let squares = block
                .iter()
                .map(|&b| u32::from(u16::from(b) * u16::from(b)));
            sums.squares += u64::from(squares.sum::<u32>());
        }
        sums
    }

    fn add(self, other: Self) -> Self {
        Self {
            values: self.values + other.values,
            squares: self.squares + other.squares,
        }
    }

    fn mean_and_std(self, n: usize) -> (f32, f32) {
        let (n, sum) = (n as u128, u128::from(self.values));
        let scaled = n * u128::from(self.squares) - sum * sum;
        let std = (scaled as f64).sqrt() / n as f64;
        let mean = self.values as f64 / n as f64;
        (mean as f32, if scaled == 0 { 1.0 } else { std as f32 })
    }
}
