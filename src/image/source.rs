//! Images as rows of a training loop: bytes to numbers, augmented and mixed on the batch's own buffer.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::augment::{Augment, Drawn, Row, Values};
use super::normalisation::Normalisation;
use super::set::ImageSet;
use crate::blend::{cut_in_place, mix_in_place};
use crate::error::Result;
use crate::nn::buffer;
use crate::plan::{Blend, MixPlan, Site};
use crate::source::{Asked, Fed, RowSource};

/// Values of which a thread fills at least so many, since less is not worth the hand-over.
const LEAST: usize = 1 << 14;

/// The images of a set on their way to a device: batches f32 `[rows, channels, height, width]`.
#[derive(Debug, Clone)]
pub struct ImageSource {
    set: Arc<ImageSet>,
    normalisation: Normalisation,
    augment: Augment,
    device: Device,
}

impl ImageSource {
    /// The images of `set`, normalised; a training pass sees them augmented, any other as they are.
    ///
    /// # Errors
    /// Those of [`Normalisation::check`] and [`Augment::check`].
    pub fn new(
        set: Arc<ImageSet>,
        normalisation: Normalisation,
        augment: Augment,
        device: Device,
    ) -> Result<Self> {
        normalisation.check(set.shape().channels)?;
        augment.check(set.shape())?;
        Ok(Self {
            set,
            normalisation,
            augment,
            device,
        })
    }

    /// The set.
    pub fn set(&self) -> &Arc<ImageSet> {
        &self.set
    }

    fn values(&self) -> Values<'_> {
        Values {
            shape: self.set.shape(),
            white: self.set.white(),
            normalisation: &self.normalisation,
        }
    }

    /// The rows' numbers, one image after the other; `write` makes one from a row's bytes.
    fn filled(
        &self,
        rows: &[u32],
        write: impl Fn(&Row<'_>, u32, &mut [f32]) + Sync,
    ) -> Result<Vec<f32>> {
        let (values, width) = (self.values(), self.set.shape().len());
        let least = LEAST.div_ceil(width);
        let each = rows.par_iter().with_min_len(least);
        let (filled, errors) = buffer::fill(rows.len() * width, width, each, |&row, out| {
            let bytes = self.set.row(row)?;
            write(
                &Row {
                    bytes: &bytes,
                    values,
                },
                row,
                out,
            );
            Ok(())
        });
        errors.into_iter().collect::<Result<()>>()?;
        Ok(filled)
    }

    fn tensor(&self, filled: Vec<f32>, rows: usize) -> Result<Tensor> {
        let shape = self.set.shape();
        let dims = (rows, shape.channels, shape.height, shape.width);
        Ok(Tensor::from_vec(filled, dims, &self.device)?)
    }

    /// Mixes the batch on its buffer where that can be done; says whether it was.
    fn mixed(&self, plan: &MixPlan, rows: usize, filled: &mut [f32]) -> Result<bool> {
        let here = plan.site == Site::Input && plan.pairs.len() == rows;
        if !here || !plan.pairs.is_permutation() {
            return Ok(false);
        }
        let shape = self.set.shape();
        match &plan.blend {
            Blend::Linear => mix_in_place(filled, shape.len(), &plan.pairs)?,
            Blend::Box(boxes) => cut_in_place(filled, shape.channels, &plan.pairs, boxes)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl RowSource for ImageSource {
    type Input = Tensor;

    fn len(&self) -> usize {
        self.set.len()
    }

    fn batch(&self, rows: &[u32]) -> Result<Tensor> {
        let filled = self.filled(rows, |image, _, out| image.plain(out))?;
        self.tensor(filled, rows.len())
    }

    fn training(&self, asked: &Asked<'_>) -> Result<Fed<Tensor>> {
        let (augment, shape) = (&self.augment, self.set.shape());
        let mut filled = match augment.is_none() {
            true => self.filled(asked.rows, |image, _, out| image.plain(out))?,
            false => self.filled(asked.rows, |image, row, out| {
                let drawn = Drawn::new(augment, shape, asked.seed, asked.epoch, row);
                image.augmented(drawn, augment.noise, out);
            })?,
        };
        let rows = asked.rows.len();
        let mixed = match asked.plan {
            Some(plan) => self.mixed(plan, rows, &mut filled)?,
            None => false,
        };
        Ok(Fed::new(self.tensor(filled, rows)?, mixed))
    }
}
