//! From offsets as files write them to bytes, and back.

use super::columns::Offsets;

/// The offsets of one text. Reading them takes one pass; each place is then found in logarithmic time.
///
/// ```
/// use candle_mixup::text::{Offsets, Positions};
///
/// let places = Positions::of("Zoë in 東京", Offsets::Characters);
/// assert_eq!((places.byte(7), places.byte(9), places.byte(10)), (Some(8), Some(14), None));
/// assert_eq!((places.offset(8), places.offset(14)), (7, 9));
/// ```
#[derive(Debug, Clone)]
pub struct Positions {
    /// The byte at which each character starts, and the end; `None` where offsets are bytes anyway.
    starts: Option<Vec<usize>>,
    end: usize,
    counted: Offsets,
}

impl Positions {
    /// The offsets of `text`.
    pub fn of(text: &str, counted: Offsets) -> Self {
        let starts = || text.char_indices().map(|(i, _)| i).chain([text.len()]);
        let apart = counted == Offsets::Characters && !text.is_ascii();
        Self {
            starts: apart.then(|| starts().collect()),
            end: text.len(),
            counted,
        }
    }

    /// What is counted, in words.
    pub fn unit(&self) -> &'static str {
        match self.counted {
            Offsets::Characters => "characters",
            Offsets::Bytes => "bytes",
        }
    }

    /// The text's length, as counted.
    pub fn end(&self) -> usize {
        self.starts.as_ref().map_or(self.end, |s| s.len() - 1)
    }

    /// The byte at an offset; `None` behind the end of the text. Where bytes are counted it may lie inside a character.
    pub fn byte(&self, offset: usize) -> Option<usize> {
        match &self.starts {
            Some(starts) => starts.get(offset).copied(),
            None => (offset <= self.end).then_some(offset),
        }
    }

    /// The offset of a byte at which a character starts or the text ends.
    pub fn offset(&self, byte: usize) -> usize {
        match &self.starts {
            Some(starts) => starts.partition_point(|&start| start < byte),
            None => byte,
        }
    }
}
