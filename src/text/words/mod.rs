//! Lossless words: where in a text they stand, so that all that is not touched comes back byte for byte.

mod address;
mod blocks;
mod scan;
mod signs;

use signs::is_picture;
pub(crate) use signs::{is_blank, is_opening, is_spaceless};

use icu_segmenter::options::{SentenceBreakInvariantOptions, WordBreakInvariantOptions};
use icu_segmenter::{
    GraphemeClusterSegmenter, GraphemeClusterSegmenterBorrowed, SentenceSegmenter,
    SentenceSegmenterBorrowed, WordSegmenter, WordSegmenterBorrowed,
};
use serde::{Deserialize, Serialize};

/// A stretch of a text, in bytes: `start..end`, at the borders of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TextSpan {
    /// Its first byte.
    pub start: u32,
    /// The byte behind its last.
    pub end: u32,
}

impl TextSpan {
    /// The span `start..end`.
    ///
    /// # Panics
    /// Where a text has 4 GiB or more.
    pub fn new(start: usize, end: usize) -> Self {
        let short = |at: usize| u32::try_from(at).expect("texts are shorter than 4 GiB");
        Self {
            start: short(start),
            end: short(end),
        }
    }

    /// What stands there.
    ///
    /// # Panics
    /// Where the span leaves the text or cuts a character.
    pub fn of(self, text: &str) -> &str {
        &text[self.range()]
    }

    /// The bytes, for indexing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Bytes of the span.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it holds nothing.
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// Finds words, sentences and characters: UAX 29, with a dictionary for scripts that write no spaces (Chinese,
/// Japanese, Thai, Lao, Khmer, Burmese).
///
/// A word holds a letter or a digit, or is an emoji. What stands between words (white space, punctuation, symbols) is
/// nobody's word and stays where it is. Beyond UAX 29 an address (`https://...`, `www....`, `name@host`), a `#topic`
/// and an `@name` are one word each.
///
/// ```
/// use candle_mixup::text::{TextSpan, WordFinder};
///
/// let text = "Don't pay $3.50 at https://shop.example/a?b=1, 我喜欢它 👍🏽!";
/// let mut spans = Vec::new();
/// WordFinder::new().words(text, &mut spans);
/// let words: Vec<&str> = spans.iter().map(|s| s.of(text)).collect();
/// assert_eq!(words, ["Don't", "pay", "3.50", "at", "https://shop.example/a?b=1", "我", "喜欢", "它", "👍🏽"]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct WordFinder {
    words: WordSegmenterBorrowed<'static>,
    sentences: SentenceSegmenterBorrowed<'static>,
    characters: GraphemeClusterSegmenterBorrowed<'static>,
}

impl Default for WordFinder {
    fn default() -> Self {
        Self::new()
    }
}

impl WordFinder {
    /// The finder; its tables are part of the program.
    pub fn new() -> Self {
        Self {
            words: WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()),
            sentences: SentenceSegmenter::new(SentenceBreakInvariantOptions::default()),
            characters: GraphemeClusterSegmenter::new(),
        }
    }

    /// Replaces what is in `spans` by the words of `text`, in order, none of which overlap.
    pub fn words(&self, text: &str, spans: &mut Vec<TextSpan>) {
        spans.clear();
        scan::words(self.words, text, spans);
    }

    /// The same for sentences in columns, whose words stand between white space: all of them that hold a letter, a digit
    /// or an emoji.
    pub fn spaced_words(&self, text: &str, spans: &mut Vec<TextSpan>) {
        let is_word = |c: char| c.is_alphanumeric() || is_picture(c);
        spans.clear();
        let mut start = 0;
        for part in text.split_inclusive(char::is_whitespace) {
            let word = part.trim_end();
            if word.contains(is_word) {
                spans.push(TextSpan::new(start, start + word.len()));
            }
            start += part.len();
        }
    }

    /// Whether a text is one word, and nothing else; `spans` is memory to work in.
    pub(crate) fn is_word(&self, text: &str, spans: &mut Vec<TextSpan>) -> bool {
        self.words(text, spans);
        matches!(spans.as_slice(), [one] if one.range() == (0..text.len()))
    }

    /// Replaces what is in `spans` by the sentences of `text` with the white space behind them: they cover the text.
    pub fn sentences(&self, text: &str, spans: &mut Vec<TextSpan>) {
        cover(self.sentences.segment_str(text), spans);
    }

    /// Replaces what is in `spans` by the characters of `text` as readers see them (a letter with its combining marks,
    /// an emoji with its joiners): they cover the text.
    pub fn characters(&self, text: &str, spans: &mut Vec<TextSpan>) {
        cover(self.characters.segment_str(text), spans);
    }
}

/// The stretches between neighbouring borders, the first of which is 0.
fn cover(borders: impl Iterator<Item = usize>, spans: &mut Vec<TextSpan>) {
    spans.clear();
    let mut start = 0;
    for end in borders.filter(|&end| end > 0) {
        spans.push(TextSpan::new(start, end));
        start = end;
    }
}
