//! Words of a text that comes without any: as BERT splits, and no more than that.

use std::ops::Range;

/// Where in `text` its words stand, in bytes: runs of letters, digits and combining accents; every other character
/// but white space is a word of its own, and so is every CJK ideograph.
///
/// ```
/// use candle_mixup::text::word_ranges;
///
/// let text = "Zoë's 2 cats, 東京";
/// let words: Vec<&str> = word_ranges(text).into_iter().map(|range| &text[range]).collect();
/// assert_eq!(words, ["Zoë", "'", "s", "2", "cats", ",", "東", "京"]);
/// ```
pub fn word_ranges(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for (start, c) in text.char_indices() {
        let range = start..start + c.len_utf8();
        let joins = joins(c);
        match words.last_mut() {
            Some(last) if open && joins => last.end = range.end,
            _ if c.is_whitespace() => {}
            _ => words.push(range),
        }
        open = joins;
    }
    words
}

/// Whether a character goes on with a word.
fn joins(c: char) -> bool {
    let combining = matches!(c, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}');
    (c.is_alphanumeric() || combining) && !is_ideograph(c)
}

/// The blocks that BERT's tokenizer takes apart character by character.
fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2a6df}'
        | '\u{2a700}'..='\u{2ceaf}'
        | '\u{2f800}'..='\u{2fa1f}')
}
