//! Oversampling of tensors: the synthetic rows of `[n, d]`, of the same dtype and on the same device.
//!
//! Rows on the CPU are read where they lie. From another device, or where rows do not lie one behind the other, they
//! are copied to the CPU first: neighbours are searched there. No gradient flows; [`mix`](crate::mix) with the pairs of
//! a recipe gives one.

use candle_core::{DType, Device, Storage, Tensor, WithDType};

use super::engine::{Balanced, Oversampler};
use super::recipe::Recipe;
use super::rows::{Real, Rows};
use crate::error::{Error, Result};
use crate::split::Strata;

impl Oversampler {
    /// The synthetic rows of `x`, `[n, d]` of f32 or f64, by the strategy of the settings: `[len, d]`, and how they were
    /// made.
    ///
    /// ```
    /// use candle_core::{Device, Tensor};
    /// use candle_mixup::oversample::{Method, Settings};
    /// use candle_mixup::split::Strata;
    ///
    /// let x = Tensor::new(&[[0f32, 0.], [1., 0.], [2., 1.], [3., 1.], [7., 8.], [8., 8.], [9., 8.]], &Device::Cpu)?;
    /// let strata = Strata { classes: &[0, 0, 0, 0, 1, 1, 1], names: &["usual".into(), "rare".into()] };
    /// let settings = Settings { method: Method::Smote { k: 2 }, ..Settings::default() };
    /// let (made, balanced) = settings.check()?.run_tensor(&x, strata)?;
    /// assert_eq!((made.dims(), balanced.classes()), (&[1, 2][..], vec![1]));
    /// assert_eq!(made.to_vec2::<f32>()?[0][1], 8.0); // between two rare rows
    /// assert_eq!(balanced.made[0].recipe.apply_tensor(&x)?.to_vec2::<f32>()?, made.to_vec2::<f32>()?);
    /// # Ok::<(), candle_mixup::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Oversampler::run`]; [`Error::Shape`] for another rank, [`Error::Unsupported`] for another dtype,
    /// [`Error::Value`] for a number that is not finite.
    pub fn run_tensor(&self, x: &Tensor, strata: Strata<'_>) -> Result<(Tensor, Balanced)> {
        match x.dtype() {
            DType::F32 => self.run_on::<f32>(x, strata),
            DType::F64 => self.run_on::<f64>(x, strata),
            other => Err(unsupported(other)),
        }
    }

    fn run_on<T: Real + WithDType>(
        &self,
        x: &Tensor,
        strata: Strata<'_>,
    ) -> Result<(Tensor, Balanced)> {
        with_rows::<T, _>(x, |rows| {
            let balanced = self.run(rows, strata)?;
            let made = tensor(balanced.numbers(rows)?, rows.width(), x.device())?;
            Ok((made, balanced))
        })
    }
}

impl Recipe {
    /// The rows of this recipe made of `x`, `[n, d]` of f32 or f64: `[len, d]`. With `Recipe::from(pairs)` the pairs are
    /// given and nothing is drawn.
    ///
    /// ```
    /// use candle_core::{Device, Tensor};
    /// use candle_mixup::{Pairs, oversample::Recipe};
    ///
    /// let x = Tensor::new(&[[0f64, 4.], [8., 0.]], &Device::Cpu)?;
    /// let pairs = Pairs::new(vec![0, 1], vec![1, 1], vec![0.25, 1.0], vec![1.0; 2])?;
    /// assert_eq!(Recipe::from(pairs).apply_tensor(&x)?.to_vec2::<f64>()?, [[6., 1.], [8., 0.]]);
    /// # Ok::<(), candle_mixup::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Recipe::numbers`] and, for `x`, of [`Oversampler::run_tensor`].
    pub fn apply_tensor(&self, x: &Tensor) -> Result<Tensor> {
        match x.dtype() {
            DType::F32 => self.apply_to::<f32>(x),
            DType::F64 => self.apply_to::<f64>(x),
            other => Err(unsupported(other)),
        }
    }

    fn apply_to<T: Real + WithDType>(&self, x: &Tensor) -> Result<Tensor> {
        with_rows::<T, _>(x, |rows| {
            tensor(self.numbers(rows, 0..self.len())?, rows.width(), x.device())
        })
    }
}

/// `work` on the rows of `x`, read in place where they lie one behind the other on the CPU.
fn with_rows<T: Real + WithDType, R>(
    x: &Tensor,
    work: impl FnOnce(&Rows<'_, T>) -> Result<R>,
) -> Result<R> {
    let &[_, width] = x.dims() else {
        return Err(Error::Shape {
            what: "rows to oversample".into(),
            expected: "[rows, columns]".into(),
            got: format!("{:?}", x.dims()),
        });
    };
    let x = x.to_device(&Device::Cpu)?.contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    let (Storage::Cpu(storage), Some((start, end))) = (&*storage, layout.contiguous_offsets())
    else {
        unreachable!("a tensor that was brought to the CPU and laid out is there, row by row");
    };
    work(&Rows::numeric(
        &storage.as_slice::<T>()?[start..end],
        width,
    )?)
}

fn tensor<T: WithDType>(numbers: Vec<T>, width: usize, device: &Device) -> Result<Tensor> {
    let len = numbers.len().checked_div(width).unwrap_or(0);
    Ok(Tensor::from_vec(numbers, (len, width), device)?)
}

fn unsupported(dtype: DType) -> Error {
    Error::Unsupported {
        op: "oversample",
        what: format!("{} rows; f32 and f64 are taken", dtype.as_str()),
    }
}
