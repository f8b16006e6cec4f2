//! Words as tokens: which tokens are the pieces of which word.
//!
//! The first piece of a word carries its tag; its other pieces, special tokens and padding carry none.

use std::ops::Range;

use rayon::prelude::*;

use super::encoded::{EncodedTexts, Row};
use super::tokenizer::{Tokenizer, not_taken};
use crate::error::{Error, Result};

/// Encoded texts whose words are known.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedWords {
    /// The tokens.
    pub texts: EncodedTexts,
    /// For each text the tokens of each word, its pieces; none for a word that was lost.
    pub pieces: Vec<Vec<Range<u32>>>,
    /// Words that were lost because their text was cut before them.
    pub cut: usize,
    /// Words that no token stands for by itself: the tokenizer drops them (control characters), or joins them with
    /// the word before.
    pub silent: usize,
}

impl Tokenizer {
    /// Texts as ids, and their words, given where they stand in bytes, as tokens.
    ///
    /// # Errors
    /// [`Error::Shape`] where there are not as many lists of words as texts; [`Error::Data`] naming the row that the
    /// tokenizer cannot take.
    pub fn encode_words<S: AsRef<str> + Sync, W: AsRef<[Range<usize>]> + Sync>(
        &self,
        texts: &[S],
        words: &[W],
    ) -> Result<EncodedWords> {
        if texts.len() != words.len() {
            return Err(Error::Shape {
                what: "words".into(),
                expected: format!("those of each of {} texts", texts.len()),
                got: words.len().to_string(),
            });
        }
        let rows: Vec<(Row, Vec<Range<usize>>)> = texts
            .par_iter()
            .enumerate()
            .map(|(r, text)| {
                let encoded = self.encode_with_places(text.as_ref());
                encoded.map_err(|e| not_taken(r, &e))
            })
            .collect::<Result<_>>()?;
        let (mut cut, mut silent) = (0, 0);
        let mut pieces = Vec::with_capacity(rows.len());
        for ((row, places), words) in rows.iter().zip(words) {
            let words = words.as_ref();
            let own = pieces_of(words, places);
            // A cut row ends with its last token, and all words from there on were cut off.
            let end = places.iter().map(|p| p.end).max().unwrap_or(0);
            let lost = |past: bool| {
                let all = words.iter().zip(&own);
                let none = all.filter(|(_, own)| own.is_empty());
                none.filter(|(word, _)| (row.cut && word.start >= end) == past)
                    .count()
            };
            cut += lost(true);
            silent += lost(false);
            pieces.push(own);
        }
        Ok(EncodedWords {
            texts: EncodedTexts::new(rows.into_iter().map(|(row, _)| row).collect(), self.pad()),
            pieces,
            cut,
            silent,
        })
    }
}

/// The tokens of each word, each token one word's: `places` are the tokens' bytes, empty for special ones.
fn pieces_of(words: &[Range<usize>], places: &[Range<usize>]) -> Vec<Range<u32>> {
    let mut pieces = vec![0..0; words.len()];
    let mut word = 0;
    for (token, place) in (0..).zip(places).filter(|(_, p)| !p.is_empty()) {
        while words.get(word).is_some_and(|w| w.end <= place.start) {
            word += 1;
        }
        let Some(found) = words.get(word) else { break };
        if found.start < place.end {
            let first = match pieces[word].is_empty() {
                true => token,
                false => pieces[word].start,
            };
            pieces[word] = first..token + 1;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(ranges: &[(usize, usize)]) -> Vec<Range<usize>> {
        ranges.iter().map(|&(start, end)| start..end).collect()
    }

    #[test]
    fn the_pieces_of_a_word_are_its_own() {
        let words = ranges(&[(0, 5), (6, 8), (8, 9)]);
        let places = ranges(&[(0, 0), (0, 3), (3, 5), (6, 8), (8, 9), (0, 0)]);
        assert_eq!(pieces_of(&words, &places), [1..3, 3..4, 4..5]);
    }

    #[test]
    fn words_behind_the_cut_and_words_without_a_piece_are_lost() {
        let words = ranges(&[(0, 2), (3, 4), (5, 7), (8, 9)]);
        // The second word gave no piece, and the row was cut behind the third.
        let places = ranges(&[(0, 0), (0, 2), (5, 7), (0, 0)]);
        assert_eq!(pieces_of(&words, &places), [1..2, 0..0, 2..3, 0..0]);
    }

    #[test]
    fn a_piece_that_joins_words_is_the_first_ones() {
        let words = ranges(&[(0, 3), (4, 8), (9, 10)]);
        let joined = ranges(&[(0, 8), (9, 10)]);
        assert_eq!(pieces_of(&words, &joined), [0..1, 0..0, 1..2]);
        // A leading blank, as byte-level tokenizers have it, belongs to the word behind it.
        let blanks = ranges(&[(0, 3), (3, 6), (6, 8), (8, 10)]);
        assert_eq!(pieces_of(&words, &blanks), [0..1, 1..3, 3..4]);
    }
}
