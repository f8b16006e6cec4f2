//! Which cells of a mixed row come from the row itself, and which from its partner.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A mask for each outgoing row: `len()` rows of `count()` bits, true where the row keeps its own cells.
///
/// Bit b governs `segments[b]` neighbouring cells. A row may be several times as long as the segments together: the
/// mask then repeats, as a mask over the width of tokens does from token to token. Written with a string a row:
///
/// ```
/// use candle_mixup::ColumnMask;
///
/// let mask = ColumnMask::new(vec![1, 2], vec![true, false, false, true])?;
/// assert_eq!(serde_json::to_string(&mask).expect("JSON"), r#"{"segments":[1,2],"own":["10","01"]}"#);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ColumnMask {
    segments: Vec<usize>,
    own: Vec<bool>,
}

impl ColumnMask {
    /// A mask from the cells of each bit and the bits of all rows, row by row.
    ///
    /// # Errors
    /// [`Error::Shape`] without a segment, for a segment without cells, and for bits that are not whole rows.
    pub fn new(segments: Vec<usize>, own: Vec<bool>) -> Result<Self> {
        if segments.is_empty() || segments.contains(&0) {
            return Err(Error::Shape {
                what: "segments of a mask".into(),
                expected: "at least one, each of at least one cell".into(),
                got: format!("{segments:?}"),
            });
        }
        if !own.len().is_multiple_of(segments.len()) {
            return Err(Error::Shape {
                what: "bits of a mask".into(),
                expected: format!("whole rows of {}", segments.len()),
                got: own.len().to_string(),
            });
        }
        Ok(Self { segments, own })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.own.len() / self.segments.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    /// Bits of each row.
    pub fn count(&self) -> usize {
        self.segments.len()
    }

    /// The cells that each bit governs.
    pub fn segments(&self) -> &[usize] {
        &self.segments
    }

    /// The bits of row `r`, true where the row keeps its own cells.
    ///
    /// # Panics
    /// If there is no row `r`.
    pub fn row(&self, r: usize) -> &[bool] {
        &self.own[r * self.count()..][..self.count()]
    }

    /// Cells over which the mask stretches before it repeats.
    pub fn width(&self) -> usize {
        self.segments.iter().sum()
    }

    /// One truth a cell: `[len(), width()]`, row by row.
    pub(crate) fn cells(&self) -> Vec<bool> {
        let mut cells = Vec::with_capacity(self.len() * self.width());
        for bits in self.own.chunks_exact(self.count()) {
            for (&bit, &cells_of_bit) in bits.iter().zip(&self.segments) {
                cells.extend(std::iter::repeat_n(bit, cells_of_bit));
            }
        }
        cells
    }
}

/// The mask as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    segments: Vec<usize>,
    own: Vec<String>,
}

impl From<ColumnMask> for Written {
    fn from(mask: ColumnMask) -> Self {
        let row = |bits: &[bool]| bits.iter().map(|&b| if b { '1' } else { '0' }).collect();
        Self {
            own: mask.own.chunks_exact(mask.count()).map(row).collect(),
            segments: mask.segments,
        }
    }
}

impl TryFrom<Written> for ColumnMask {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self> {
        let count = written.segments.len();
        let mut own = Vec::with_capacity(count * written.own.len());
        for row in &written.own {
            if row.len() != count || row.bytes().any(|b| b != b'0' && b != b'1') {
                return Err(Error::Shape {
                    what: "row of a mask".into(),
                    expected: format!("{count} of 0 and 1"),
                    got: format!("'{row}'"),
                });
            }
            own.extend(row.bytes().map(|b| b == b'1'));
        }
        Self::new(written.segments, own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_govern_their_segments() {
        let mask = ColumnMask::new(vec![2, 1], vec![true, false, false, true]).expect("a mask");
        assert_eq!((mask.len(), mask.count(), mask.width()), (2, 2, 3));
        assert_eq!(mask.row(1), [false, true]);
        assert_eq!(mask.cells(), [true, true, false, false, false, true]);
    }

    #[test]
    fn what_is_no_mask_is_refused() {
        for (segments, own) in [
            (vec![], vec![]),
            (vec![1, 0], vec![]),
            (vec![1, 1], vec![true]),
        ] {
            let error = ColumnMask::new(segments, own).expect_err("no mask");
            assert!(matches!(error, Error::Shape { .. }), "{error}");
        }
        for json in [
            r#"{"segments":[1,1],"own":["1"]}"#,
            r#"{"segments":[1,1],"own":["12"]}"#,
            r#"{"segments":[0],"own":["1"]}"#,
            r#"{"segments":[1],"own":["1"],"partner":[]}"#,
        ] {
            assert!(serde_json::from_str::<ColumnMask>(json).is_err(), "{json}");
        }
    }
}
