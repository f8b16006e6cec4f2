//! Rows of a table, encoded: one pass over them, without memory of a row's own.

use rayon::prelude::*;

use super::super::data_set::DataSet;
use super::super::encoded::EncodedRows;
use super::column::{MISSING, UNSEEN, no_code};
use super::encoder::Encoder;
use super::matched::Matched;
use super::seen::{Counts, Seen, named};
use crate::error::Result;

/// Rows encoded at a time.
pub(super) const BLOCK: usize = 1024;

impl Encoder {
    /// All rows of a table, which need not be that on which the encoder was fitted: columns and categories are found
    /// by name.
    ///
    /// # Errors
    /// [`Error::MissingColumn`](crate::Error::MissingColumn) for a column that is not there;
    /// [`Error::Data`](crate::Error::Data) for one of text where numbers are expected or the other way round;
    /// [`Error::Value`](crate::Error::Value) for a number that is not finite;
    /// [`Error::Shape`](crate::Error::Shape) for a table whose parts do not fit together.
    pub fn encode(&self, data: &DataSet) -> Result<(EncodedRows, Seen)> {
        let matched = Matched::new(self, data)?;
        let (numbers, of_numbers) = self.numbers(&matched);
        let (codes, of_codes) = self.codes(&matched)?;
        let (numeric, categorical) = (&self.learnt.numeric, &self.learnt.categorical);
        let number_names = || numeric.iter().map(|c| c.name.as_str());
        let code_names = || categorical.iter().map(|c| c.name.as_str());
        let mut missing = named(number_names(), &of_numbers.missing);
        missing.extend(named(code_names(), &of_codes.missing));
        let seen = Seen {
            unseen: named(code_names(), &of_codes.odd),
            missing,
            clipped: named(number_names(), &of_numbers.odd),
            ignored: matched.others(),
        };
        let rows = EncodedRows {
            shape: self.shape.clone(),
            numbers,
            codes,
            len: data.len(),
        };
        Ok((rows, seen))
    }

    fn numbers(&self, matched: &Matched<'_>) -> (Vec<f32>, Counts) {
        let (width, columns) = (self.shape.cells(), self.learnt.numeric.len());
        let mut cells = vec![0.0; matched.data.len() * width];
        let blocks = cells.par_chunks_mut(BLOCK * width.max(1)).enumerate();
        let counts = blocks.map(|(block, cells)| self.number_block(matched, block * BLOCK, cells));
        let counts = counts.reduce(|| Counts::new(columns), Counts::plus);
        (cells, counts)
    }

    /// Column by column, so that what was learnt of one stays at hand.
    fn number_block(&self, matched: &Matched<'_>, first: usize, block: &mut [f32]) -> Counts {
        let mut counts = Counts::new(self.learnt.numeric.len());
        let mut from = 0;
        for (c, (column, &j)) in self.learnt.numeric.iter().zip(&matched.numeric).enumerate() {
            let cells = from..from + self.shape.numeric[c];
            from = cells.end;
            for (row, own) in (first..).zip(block.chunks_exact_mut(self.shape.cells())) {
                let missing = matched.data.is_missing(row, j) || column.present == 0;
                let x = match missing {
                    true => column.median,
                    false => matched.data.numbers_of(row)[j],
                };
                let clipped = column.apply(x, missing, &mut own[cells.clone()]);
                counts.odd[c] += usize::from(clipped);
                counts.missing[c] += usize::from(missing && column.missing == 0);
            }
        }
        counts
    }

    fn codes(&self, matched: &Matched<'_>) -> Result<(Vec<u32>, Counts)> {
        let width = self.learnt.categorical.len();
        let mut codes = vec![0; matched.data.len() * width];
        let blocks = codes.par_chunks_mut(BLOCK * width.max(1)).enumerate();
        let counts = blocks.map(|(block, codes)| -> Result<Counts> {
            let mut counts = Counts::new(width);
            for (i, codes) in codes.chunks_exact_mut(width).enumerate() {
                self.code_row(matched, block * BLOCK + i, codes, &mut counts)?;
            }
            Ok(counts)
        });
        let counts = counts.try_reduce(|| Counts::new(width), |a, b| Ok(a.plus(b)))?;
        Ok((codes, counts))
    }

    fn code_row(
        &self,
        matched: &Matched<'_>,
        row: usize,
        indices: &mut [u32],
        counts: &mut Counts,
    ) -> Result<()> {
        let data = matched.data;
        let codes = data.codes_of(row);
        for (c, (index, (j, known))) in indices.iter_mut().zip(&matched.categorical).enumerate() {
            let code = codes[*j];
            *index = match data.is_missing(row, data.numeric.len() + j) {
                true => MISSING,
                false => *known
                    .get(code as usize)
                    .ok_or_else(|| no_code(&data.categorical[*j], code))?,
            };
            let untrained = *index == MISSING && self.learnt.categorical[c].missing == 0;
            counts.missing[c] += usize::from(untrained);
            counts.odd[c] += usize::from(*index == UNSEEN);
        }
        Ok(())
    }
}
