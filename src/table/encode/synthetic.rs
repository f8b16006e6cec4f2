//! Rows for an oversampler, and what it made of them.

use rayon::prelude::*;

use super::super::data_set::DataSet;
use super::super::encoded::EncodedRows;
use super::cells::BLOCK;
use super::column::no_code;
use super::encoder::Encoder;
use super::matched::{Matched, index_or_missing};
use crate::error::{Error, Result};
use crate::oversample::Rows;

impl Encoder {
    /// The rows that `rows` lists as an oversampler takes them: numbers in their own units with the medians in place
    /// of missing ones, `[rows, numeric]`, and the codes of `data`, `[rows, categorical]`, where a missing category
    /// has the code behind its column's last one. Columns stand in the encoder's order.
    ///
    /// # Errors
    /// As [`Encoder::encode`], and [`Error::Shape`] for a row that there is not.
    pub fn imputed(&self, data: &DataSet, rows: &[u32]) -> Result<(Vec<f64>, Vec<u32>)> {
        let matched = Matched::new(self, data)?;
        check_rows(data, rows)?;
        let (width, categories) = (matched.numeric.len(), matched.categorical.len());
        let mut numbers = Vec::with_capacity(rows.len() * width);
        let mut codes = Vec::with_capacity(rows.len() * categories);
        for row in rows.iter().map(|&r| r as usize) {
            let columns = self.learnt.numeric.iter().zip(&matched.numeric);
            numbers.extend(columns.map(|(column, &j)| {
                let missing = data.is_missing(row, j) || column.present == 0;
                match missing {
                    true => column.median,
                    false => data.numbers_of(row)[j],
                }
            }));
            codes.extend(matched.categorical.iter().map(|(j, known)| {
                match data.is_missing(row, data.numeric.len() + j) {
                    true => known.len() as u32,
                    false => data.codes_of(row)[*j],
                }
            }));
        }
        Ok((numbers, codes))
    }

    /// Rows made from those of [`Encoder::imputed`], in the same units, codes and order of columns. The cells that
    /// say whether a number is missing are those of row `own[i]` of `data`.
    ///
    /// # Errors
    /// As [`Encoder::encode`], and [`Error::Shape`] for numbers and codes of other than `own.len()` rows, a row of
    /// `data` that there is not, or a code beyond the one for a missing category.
    pub fn encode_synthetic(
        &self,
        data: &DataSet,
        numbers: &[f64],
        codes: &[u32],
        own: &[u32],
    ) -> Result<EncodedRows> {
        let matched = Matched::new(self, data)?;
        check_rows(data, own)?;
        let (width, categories) = (matched.numeric.len(), matched.categorical.len());
        let made = Rows::mixed(numbers, width, codes, categories)?;
        if made.len() != own.len() {
            return Err(Error::Shape {
                what: "synthetic rows".into(),
                expected: format!("{}, as there are rows of their own", own.len()),
                got: made.len().to_string(),
            });
        }
        Ok(EncodedRows {
            shape: self.shape.clone(),
            numbers: self.synthetic_numbers(&matched, numbers, own),
            codes: synthetic_codes(&matched, codes)?,
            len: own.len(),
        })
    }

    fn synthetic_numbers(&self, matched: &Matched<'_>, numbers: &[f64], own: &[u32]) -> Vec<f32> {
        let (width, cells) = (matched.numeric.len(), self.shape.cells());
        let mut encoded = vec![0.0; own.len() * cells];
        let rows = encoded.par_chunks_exact_mut(cells.max(1)).zip(own);
        let rows = rows.enumerate().with_min_len(BLOCK);
        rows.for_each(|(i, (mut cells, &own))| {
            let numbers = &numbers[i * width..][..width];
            for (c, (column, &j)) in self.learnt.numeric.iter().zip(&matched.numeric).enumerate() {
                let cell;
                (cell, cells) = cells.split_at_mut(self.shape.numeric[c]);
                let missing = matched.data.is_missing(own as usize, j);
                column.apply(numbers[c], missing, cell);
            }
        });
        encoded
    }
}

fn synthetic_codes(matched: &Matched<'_>, codes: &[u32]) -> Result<Vec<u32>> {
    let width = matched.categorical.len();
    let index = |(i, &code): (usize, &u32)| {
        let (place, known) = &matched.categorical[i % width];
        index_or_missing(known, code)
            .ok_or_else(|| no_code(&matched.data.categorical[*place], code))
    };
    codes.iter().enumerate().map(index).collect()
}

fn check_rows(data: &DataSet, rows: &[u32]) -> Result<()> {
    match rows.iter().find(|&&r| r as usize >= data.len()) {
        None => Ok(()),
        Some(row) => Err(Error::Shape {
            what: "rows of a table".into(),
            expected: format!("rows below {}", data.len()),
            got: row.to_string(),
        }),
    }
}
