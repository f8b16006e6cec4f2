//! A text as operations see it: with what must stay together, and what must stay.

use crate::error::{Error, Result};
use crate::text::words::TextSpan;

/// A text and the stretches of it that have a meaning of their own.
#[derive(Debug, Clone, Copy)]
pub struct Marked<'a> {
    /// The text.
    pub text: &'a str,
    /// Stretches that stay together and are never changed within: entities. Those that overlap stay together.
    pub marks: &'a [TextSpan],
    /// Whether a marked stretch may go as a whole (`crop`, `drop`, `sentences`, `splice`); it stays otherwise.
    pub marks_may_go: bool,
    /// Stretches that come back byte for byte.
    pub kept: &'a [TextSpan],
    /// Whether words stand between white space, as those of sentences in columns do, and are not found by UAX 29.
    pub spaced: bool,
}

impl<'a> Marked<'a> {
    /// A text without marks.
    pub fn plain(text: &'a str) -> Self {
        Self {
            text,
            marks: &[],
            marks_may_go: false,
            kept: &[],
            spaced: false,
        }
    }

    /// # Errors
    /// [`Error::Data`] for a stretch that ends before it begins, leaves the text or cuts a character.
    pub fn check(&self) -> Result<()> {
        for span in self.marks.iter().chain(self.kept) {
            let (start, end) = (span.start as usize, span.end as usize);
            let fits = start <= end && end <= self.text.len();
            if !fits || !self.text.is_char_boundary(start) || !self.text.is_char_boundary(end) {
                return Err(Error::Data(format!(
                    "the span {start}..{end} must lie at borders of characters of a text of {} bytes",
                    self.text.len()
                )));
            }
        }
        Ok(())
    }
}
