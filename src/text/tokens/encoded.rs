//! Encoded texts, and batches of them padded to their own longest row.

use candle_core::{Device, Tensor};

use crate::error::{Error, Result};

/// One encoded row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) ids: Vec<u32>,
    /// 0 for the first text of a pair, 1 for the second.
    pub(super) types: Vec<u8>,
    pub(super) cut: bool,
}

/// The ids of many texts, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedTexts {
    ids: Vec<u32>,
    /// `None` where every token is of type 0.
    types: Option<Vec<u8>>,
    /// Where each row ends.
    ends: Vec<usize>,
    cut: usize,
    pad: u32,
}

impl EncodedTexts {
    pub(super) fn new(rows: Vec<Row>, pad: u32) -> Self {
        let tokens = rows.iter().map(|r| r.ids.len()).sum();
        let (mut ids, mut types) = (Vec::with_capacity(tokens), Vec::with_capacity(tokens));
        let mut ends = Vec::with_capacity(rows.len());
        let mut cut = 0;
        for row in rows {
            ids.extend(row.ids);
            types.extend(row.types);
            ends.push(ids.len());
            cut += usize::from(row.cut);
        }
        Self {
            types: types.iter().any(|&t| t != 0).then_some(types),
            ids,
            ends,
            cut,
            pad,
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many texts were longer than the cut.
    pub fn cut(&self) -> usize {
        self.cut
    }

    /// The ids of a row, special tokens included, padding not.
    pub fn ids(&self, row: usize) -> &[u32] {
        &self.ids[self.range(row)]
    }

    /// The token types of a row; `None` where every token of every row is of type 0.
    pub fn types(&self, row: usize) -> Option<&[u8]> {
        self.types.as_ref().map(|types| &types[self.range(row)])
    }

    /// The tokens of each row.
    pub fn lengths(&self) -> Vec<u32> {
        (0..self.len())
            .map(|r| self.range(r).len() as u32)
            .collect()
    }

    fn range(&self, row: usize) -> std::ops::Range<usize> {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        start..self.ends[row]
    }
}

/// Some rows as tensors, padded to the longest of them.
#[derive(Debug, Clone)]
pub struct TokenBatch {
    /// u32, `[rows, tokens]`.
    pub ids: Tensor,
    /// u32, `[rows, tokens]`; `None` where every token of the corpus is of type 0.
    pub types: Option<Tensor>,
    /// f32, `[rows, tokens]`: 1 where a token is real and 0 where it is padding.
    pub mask: Tensor,
}

impl TokenBatch {
    /// The given rows, in the given order.
    ///
    /// # Errors
    /// [`Error::Shape`] for no row or one that is not there; Candle's, from the device.
    pub fn new(texts: &EncodedTexts, rows: &[u32], device: &Device) -> Result<Self> {
        Self::reordered(texts, rows, &[], device)
    }

    /// The same, the last of the rows with their tokens in these orders; token types keep their places.
    pub(in crate::text) fn reordered(
        texts: &EncodedTexts,
        rows: &[u32],
        orders: &[Vec<u32>],
        device: &Device,
    ) -> Result<Self> {
        let width = rows
            .iter()
            .map(|&r| ((r as usize) < texts.len()).then(|| texts.range(r as usize).len()))
            .collect::<Option<Vec<_>>>()
            .and_then(|lengths| lengths.into_iter().max())
            .ok_or_else(|| Error::Shape {
                what: "rows of a batch".into(),
                expected: format!("one or more of the {} encoded texts", texts.len()),
                got: format!("{rows:?}"),
            })?;
        let shape = (rows.len(), width);
        let mut ids = vec![texts.pad; rows.len() * width];
        let mut mask = vec![0f32; ids.len()];
        let mut types = texts.types.as_ref().map(|_| vec![0u32; ids.len()]);
        for (i, &row) in rows.iter().enumerate() {
            let own = texts.ids(row as usize);
            let place = i * width..i * width + own.len();
            ids[place.clone()].copy_from_slice(own);
            let order = (i + orders.len()).checked_sub(rows.len());
            for (to, &from) in order.map_or(&[][..], |o| &orders[o]).iter().enumerate() {
                ids[place.start + to] = own[from as usize];
            }
            mask[place.clone()].fill(1.0);
            if let (Some(types), Some(own)) = (&mut types, texts.types(row as usize)) {
                for (to, &from) in types[place].iter_mut().zip(own) {
                    *to = u32::from(from);
                }
            }
        }
        Ok(Self {
            ids: Tensor::from_vec(ids, shape, device)?,
            types: types
                .map(|t| Tensor::from_vec(t, shape, device))
                .transpose()?,
            mask: Tensor::from_vec(mask, shape, device)?,
        })
    }
}
