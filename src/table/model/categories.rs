//! Categories as vectors, and the flat row of numbers and vectors.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::nn::{Embedding, Init, Scope};
use crate::table::{TableBatch, TableShape};

/// The category indices of a batch, `[rows, categories]`, after a check of its shape and of every index.
pub(super) fn codes(input: &TableBatch, shape: &TableShape) -> Result<Vec<u32>> {
    let (rows, cells) = input.numbers.dims2()?;
    let categories = shape.categories.len();
    if cells != shape.cells() || input.codes.dims() != [rows, categories] {
        return Err(Error::Shape {
            what: "table batch".into(),
            expected: format!(
                "numbers [rows, {}], codes [rows, {categories}]",
                shape.cells()
            ),
            got: format!("{:?} and {:?}", input.numbers.dims(), input.codes.dims()),
        });
    }
    if categories == 0 {
        return Ok(Vec::new());
    }
    let codes = input.codes.flatten_all()?.to_vec1::<u32>()?;
    let counts = shape.categories.iter().cycle();
    match codes
        .iter()
        .zip(counts)
        .find(|(code, count)| **code as usize >= **count)
    {
        Some((code, count)) => Err(Error::Shape {
            what: "category index".into(),
            expected: format!("below {count}"),
            got: code.to_string(),
        }),
        None => Ok(codes),
    }
}

/// Numeric cells, then the categories' vectors: `[rows, width]`.
pub(super) fn flat_row(input: &TableBatch, vectors: &[Tensor]) -> Result<Tensor> {
    let numbers = (input.numbers.dim(1)? > 0).then_some(&input.numbers);
    let parts: Vec<&Tensor> = numbers.into_iter().chain(vectors).collect();
    Ok(match parts[..] {
        [one] => one.clone(),
        _ => Tensor::cat(&parts, 1)?,
    })
}

/// Where each column's categories begin in a table of them all.
pub(super) fn starts(shape: &TableShape) -> Vec<u32> {
    let ends = shape.categories.iter().scan(0u32, |end, count| {
        let start = *end;
        *end += *count as u32;
        Some(start)
    });
    ends.collect()
}

/// The categories' vectors of every column, one table for all of equal width.
#[derive(Debug, Clone)]
pub(super) struct OneTable {
    table: Embedding,
    starts: Vec<u32>,
    width: usize,
}

impl OneTable {
    /// The table `categories.weight`, uniform on ±1/√width; `None` where there is no category.
    pub(super) fn load(scope: &Scope, shape: &TableShape, width: usize) -> Result<Option<Self>> {
        let count = shape.categories.iter().sum();
        if count == 0 {
            return Ok(None);
        }
        let init = uniform(width);
        let table = Embedding::load(&scope.at("categories"), "weight", count, width, init)?;
        Ok(Some(Self {
            table,
            starts: starts(shape),
            width,
        }))
    }

    /// `[rows, categories·width]`.
    pub(super) fn forward(&self, codes: &[u32], input: &TableBatch) -> Result<Tensor> {
        let starts = self.starts.iter().cycle();
        let places: Vec<u32> = codes
            .iter()
            .zip(starts)
            .map(|(c, start)| c + start)
            .collect();
        let (rows, categories) = input.codes.dims2()?;
        let places = Tensor::from_vec(places, (rows, categories), input.codes.device())?;
        Ok(self
            .table
            .forward(&places)?
            .reshape((rows, categories * self.width))?)
    }
}

/// ±1/√width.
pub(super) fn uniform(width: usize) -> Init {
    Init::Uniform {
        bound: 1.0 / (width as f64).sqrt(),
    }
}
