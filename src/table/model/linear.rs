//! Logits linear in the row: logistic regression, or linear regression of values.

use candle_core::Tensor;

use super::categories::{codes, flat_row, starts};
use super::features::FeatureCells;
use super::sites;
use crate::error::Result;
use crate::nn::{Linear, Scope};
use crate::plan::Site;
use crate::table::{TableBatch, TableShape};
use crate::tap::{Flow, Tap, Tapped};

/// One linear layer on numeric cells and one-hot categories.
///
/// Sites: `input`, `embedding` and `pooled` all show the same flat row.
#[derive(Debug, Clone)]
pub struct LinearModel {
    shape: TableShape,
    head: Linear,
}

impl LinearModel {
    pub(super) fn load(scope: &Scope, shape: &TableShape, outputs: usize) -> Result<Self> {
        let width = shape.cells() + shape.categories.iter().sum::<usize>();
        Ok(Self {
            shape: shape.clone(),
            head: Linear::uniform(&scope.at("head"), width, outputs)?,
        })
    }

    pub(super) fn features(&self) -> FeatureCells {
        FeatureCells::flat(&self.shape, &self.shape.categories)
    }

    pub(super) fn head(&self, pooled: &Tensor) -> Result<Tensor> {
        self.head.forward(pooled)
    }

    fn one_hot(&self, input: &TableBatch) -> Result<Vec<Tensor>> {
        let codes = codes(input, &self.shape)?;
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        let (starts, width) = (starts(&self.shape), self.shape.categories.iter().sum());
        let rows = codes.len() / starts.len();
        let mut values = vec![0f32; rows * width];
        for (row, codes) in values
            .chunks_exact_mut(width)
            .zip(codes.chunks(starts.len()))
        {
            for (code, start) in codes.iter().zip(&starts) {
                row[(code + start) as usize] = 1.0;
            }
        }
        let device = input.numbers.device();
        Ok(vec![Tensor::from_vec(values, (rows, width), device)?])
    }
}

impl Tapped for LinearModel {
    type Input = TableBatch;

    fn sites(&self) -> Vec<Site> {
        sites(0)
    }

    fn forward(&self, input: &TableBatch, tap: &mut dyn Tap) -> Result<Tensor> {
        let mut flow = Flow::new(flat_row(input, &self.one_hot(input)?)?);
        for site in self.sites() {
            flow = tap.at(site, flow)?;
        }
        self.head(&flow.x)
    }
}
