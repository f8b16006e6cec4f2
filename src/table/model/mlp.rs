//! A multilayer perceptron on numeric cells and learnt vectors of categories.

use candle_core::Tensor;

use super::categories::{codes, flat_row, uniform};
use super::features::FeatureCells;
use super::settings::MlpSettings;
use super::sites;
use crate::error::Result;
use crate::nn::{Activation, Embedding, Linear, Scope, dropout};
use crate::plan::Site;
use crate::table::{TableBatch, TableShape};
use crate::tap::{Flow, Tap, Tapped};

/// Layers of linear, activation and dropout, then a linear head.
///
/// Sites: `input` and `embedding` show the flat row, `[rows, width]`; `hidden1` and so on what each layer gives, after
/// its dropout; `pooled` the last of them again.
#[derive(Debug, Clone)]
pub struct Mlp {
    shape: TableShape,
    categories: Vec<Embedding>,
    vectors: Vec<usize>,
    layers: Vec<Linear>,
    head: Linear,
    activation: Activation,
    dropout: f64,
}

impl Mlp {
    pub(super) fn load(
        scope: &Scope,
        settings: &MlpSettings,
        shape: &TableShape,
        outputs: usize,
    ) -> Result<Self> {
        let vector = |count: &usize| settings.vector(*count);
        let vectors: Vec<usize> = shape.categories.iter().map(vector).collect();
        let width = shape.cells() + vectors.iter().sum::<usize>();
        let inputs = [width].into_iter().chain(settings.hidden.iter().copied());
        let layers = inputs.clone().zip(&settings.hidden).enumerate();
        let last = inputs.last().unwrap_or(width);
        Ok(Self {
            categories: tables(&scope.at("categories"), shape, &vectors)?,
            layers: layers
                .map(|(k, (inputs, outputs))| {
                    Linear::uniform(&scope.at("layers").at(k.to_string()), inputs, *outputs)
                })
                .collect::<Result<_>>()?,
            head: Linear::uniform(&scope.at("head"), last, outputs)?,
            shape: shape.clone(),
            vectors,
            activation: settings.activation,
            dropout: settings.dropout,
        })
    }

    pub(super) fn features(&self) -> FeatureCells {
        FeatureCells::flat(&self.shape, &self.vectors)
    }

    pub(super) fn head(&self, pooled: &Tensor) -> Result<Tensor> {
        self.head.forward(pooled)
    }

    fn embed(&self, input: &TableBatch) -> Result<Tensor> {
        let codes = codes(input, &self.shape)?;
        let rows = input.codes.dim(0)?;
        let vectors = self.categories.iter().enumerate().map(|(i, table)| {
            let own: Vec<u32> = codes[i..]
                .iter()
                .step_by(self.vectors.len())
                .copied()
                .collect();
            table.forward(&Tensor::from_vec(own, rows, input.codes.device())?)
        });
        flat_row(input, &vectors.collect::<Result<Vec<_>>>()?)
    }
}

/// A table a column.
fn tables(scope: &Scope, shape: &TableShape, vectors: &[usize]) -> Result<Vec<Embedding>> {
    let columns = shape.categories.iter().zip(vectors).enumerate();
    let tables = columns.map(|(i, (count, width))| {
        let scope = scope.at(i.to_string());
        Embedding::load(&scope, "weight", *count, *width, uniform(*width))
    });
    tables.collect()
}

impl Tapped for Mlp {
    type Input = TableBatch;

    fn sites(&self) -> Vec<Site> {
        sites(self.layers.len())
    }

    fn forward(&self, input: &TableBatch, tap: &mut dyn Tap) -> Result<Tensor> {
        let flow = tap.at(Site::Input, Flow::new(self.embed(input)?))?;
        let mut flow = tap.at(Site::Embedding, flow)?;
        for (k, layer) in (1..).zip(&self.layers) {
            let x = layer.forward_activated(&flow.x, self.activation)?;
            let x = dropout(&x, self.dropout, tap.dropout())?;
            flow = tap.at(Site::Hidden(k), Flow { x, ..flow })?;
        }
        self.head(&tap.at(Site::Pooled, flow)?.x)
    }
}
