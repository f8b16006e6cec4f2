//! Rows whose words have tags: which tokens are the pieces of which word.

use std::ops::Range;

use crate::error::{Error, Result};

/// One row: its tokens, and its words in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaggedRow {
    /// Tokens of the row, special ones included and padding not.
    pub tokens: usize,
    /// Its words.
    pub words: Vec<TaggedWord>,
}

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedWord {
    /// Its tag.
    pub tag: u32,
    /// The tokens of the word, its pieces, of which the first carries the tag; none for a word that was lost when its row
    /// was cut.
    pub tokens: Range<u32>,
}

impl TaggedWord {
    /// The token that carries the tag.
    pub fn carrier(&self) -> Option<u32> {
        (!self.tokens.is_empty()).then_some(self.tokens.start)
    }
}

/// Tagged rows, and where each begins among the tokens of all.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TaggedRows {
    rows: Vec<TaggedRow>,
    ends: Vec<usize>,
}

impl TaggedRows {
    /// Refuses tags of `outputs` or more, tokens that a row does not have, and tokens of two words.
    pub(super) fn new(rows: Vec<TaggedRow>, outputs: usize) -> Result<Self> {
        let mut ends = Vec::with_capacity(rows.len());
        let mut end = 0;
        for (number, row) in rows.iter().enumerate() {
            check(number, row, outputs)?;
            end += row.tokens;
            ends.push(end);
        }
        Ok(Self { rows, ends })
    }

    pub(super) fn rows(&self) -> &[TaggedRow] {
        &self.rows
    }

    pub(super) fn row(&self, row: u32) -> &TaggedRow {
        &self.rows[row as usize]
    }

    /// The tokens of a row among those of all rows.
    pub(super) fn range(&self, row: usize) -> Range<usize> {
        let end = self.ends[row];
        end - self.rows[row].tokens..end
    }

    /// One-hot targets `[tokens, outputs]`, zeros at tokens that carry no word.
    pub(super) fn targets(&self, outputs: usize) -> Vec<f32> {
        let mut targets = vec![0.0; self.ends.last().unwrap_or(&0) * outputs];
        for (number, row) in self.rows.iter().enumerate() {
            let first = self.range(number).start;
            for word in &row.words {
                if let Some(token) = word.carrier() {
                    targets[(first + token as usize) * outputs + word.tag as usize] = 1.0;
                }
            }
        }
        targets
    }
}

fn check(number: usize, row: &TaggedRow, outputs: usize) -> Result<()> {
    let mut free = vec![true; row.tokens];
    for word in &row.words {
        let refuse = |what: &str, expected: String, got: u32| {
            let what = format!("{what} of row {number}");
            let got = got.to_string();
            Err(Error::Shape {
                what,
                expected,
                got,
            })
        };
        if word.tag as usize >= outputs {
            return refuse("a tag", format!("below {outputs} tags"), word.tag);
        }
        for token in word.tokens.clone() {
            match free.get_mut(token as usize).map(std::mem::take) {
                Some(true) => {}
                None => return refuse("a token", format!("below {} tokens", row.tokens), token),
                Some(false) => return refuse("a token", "of one word alone".into(), token),
            }
        }
    }
    Ok(())
}
